"""Everything that may cross a border of the house, and nothing else.

An error of a partner says whether trying again helps: ``Temporary`` or ``Permanent``. A check of an inbound message
raises ``Refused``. What a caller sent wrong is ``Invalid`` and names the field.
"""

from __future__ import annotations


class KartifyError(Exception):
    """The root: its text is a sentence that a person may read; it never holds a secret."""


class Invalid(KartifyError):
    """What a caller sent cannot be taken: names the field and what was expected."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: {expected}")
        self.field = field
        self.expected = expected


class Conflict(KartifyError):
    """The thing is not, or no longer, in a state that allows this."""


class NotFound(KartifyError):
    """There is no such thing, or it is not yours to see."""


class Refused(KartifyError):
    """An inbound message did not prove where it comes from. Nothing of it is stored."""


class NoSecret(KartifyError):
    """No secret is configured to check an inbound message with: answered 503, never "verification skipped"."""


class Unreadable(KartifyError):
    """An authentic message whose bytes cannot be read: kept, and ignored with this reason."""


class PartnerError(KartifyError):
    """A call to a gateway or an OMS did not do what was asked."""


class Temporary(PartnerError):
    """Trying again later can help.

    ``sent`` tells whether the partner may have acted on the call: ``True`` when the request left us and the answer was
    lost or unclear, ``False`` when it surely did nothing (connection refused, 429). ``retry_after`` is in seconds;
    what was sent is not looked up before then.
    """

    def __init__(self, message: str, *, sent: bool = True, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.sent = sent
        self.retry_after = retry_after


class Throttled(Temporary):
    """429 or its like: the account slows down, no try is counted against the order."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message, sent=False, retry_after=retry_after)


class Permanent(PartnerError):
    """Trying the same again cannot help. ``field`` names what to mend, as the partner or the plugin calls it."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Denied(Permanent):
    """Keys revoked, permission lost, live and test mixed: the whole account pauses with one alarm."""
