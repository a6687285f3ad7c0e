"""What comes in encrypted: the browser's return and notifications, opened by the keys that still count."""

from __future__ import annotations

from typing import Final, Literal

from kartify.plugin import Inbound, Refused, Unreadable
from kartify_ccavenue import crypto, fields
from kartify_ccavenue.settings import CCAvenueSettings

FIELD: Final = "encResp"
_REFUSED: Final = "the message is not one of CCAvenue's for this account"


def opened(message: Inbound, settings: CCAvenueSettings) -> tuple[dict[str, str], Literal["current", "previous"]]:
    """The fields inside, and by which key. Raises ``Refused``, always with the same words: why a text does not decrypt
    is nobody's business."""
    hidden = _form(message).get(FIELD, "")
    current = [settings.key, settings.api_key]
    retired = settings.secret("working_key_previous")
    for key in dict.fromkeys([*current, *([retired] if retired else [])]):
        try:
            found = fields.parse(crypto.decrypt(hidden, key))
        except (crypto.Undecipherable, fields.Unclear):
            continue
        return found, "current" if key in current else "previous"
    raise Refused(_REFUSED)


def clear(message: Inbound, *names: str) -> str:
    """The first of these fields outside of the encryption."""
    form = _form(message)
    return next((form[name] for name in names if form.get(name)), "")


def _form(message: Inbound) -> dict[str, str]:
    try:
        return message.form()
    except Unreadable:
        return {}
