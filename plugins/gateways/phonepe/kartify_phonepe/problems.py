"""What PhonePe's refusals mean: whether trying again helps, or who must act. Decided by its code before the status."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kartify.plugin import Denied, HttpAnswer, PartnerError, Permanent, Temporary, Throttled, Unreadable, read_json
from kartify_phonepe.settings import PhonePeSettings
from kartify_phonepe.wire import clean

UNKNOWN_ORDER = "INVALID_MERCHANT_ORDER_ID"
KNOWN_ORDER = "ORDER_ALREADY_EXISTS"
# No document names the code for an unknown refund: only one that cannot mean anything else counts.
_UNKNOWN_REFUND = re.compile(r"INVALID_(MERCHANT_)?REFUND_ID|(MERCHANT_)?REFUND(_ID)?_NOT_FOUND")
_KEYS = frozenset({"INVALID_CLIENT", "AUTHORIZATION_FAILED", "UNAUTHORIZED", "401", "403"})
# Seen where the environment is the wrong one, or the product is not enabled for the merchant.
_WRONG_PLACE = frozenset({"PR004", "ERROR_B2B_API_RETURNED_ERROR"})
_KEY_WORDS = re.compile(r"\bunauthori[sz]ed\b|invalid client|client authentication|invalid (access )?token", re.I)
_TRANSIENT = frozenset({"INTERNAL_SERVER_ERROR", "SERVICE_UNAVAILABLE", "TIMED_OUT"})


class UnknownOrder(Permanent):
    """PhonePe says that it has no order of this id."""


class UnknownRefund(Permanent):
    """PhonePe says that it has no refund of this id."""


class KnownOrder(Permanent):
    """PhonePe says that it has an order of this id already."""


def is_refusal(answer: HttpAnswer) -> bool:
    """A refusal, by its status or by a body that has a code where an answer would have a state."""
    if not 200 <= answer.status < 300:
        return True
    codes, _ = _envelope(answer)
    return bool(codes)


def problem_of(answer: HttpAnswer, settings: PhonePeSettings) -> PartnerError:
    status, wait = answer.status, answer.retry_after()
    codes, text = _envelope(answer)
    words = ": ".join(part for part in (" ".join(codes), text) if part)
    said = settings.masked(f"PhonePe answered {status}" + (f": {words}" if words else ""))[:300]
    if status == 429 or "TOO_MANY_REQUESTS" in codes:
        return Throttled(said, retry_after=wait)
    if status in (401, 403):
        return Denied(f"{said}. Are client id, version and secret right, and of this environment?")
    if status >= 500 or status in (408, 425) or _TRANSIENT & set(codes):
        return Temporary(said, retry_after=wait)
    if not codes:
        return Temporary(f"{said}, and not in its own words (a proxy or a wrong address?)", retry_after=wait)
    return _of_code(codes, text, said)


def _of_code(codes: tuple[str, ...], text: str, said: str) -> PartnerError:
    if _WRONG_PLACE & set(codes):
        return Denied(f"{said}. Is this the right environment, and is Standard Checkout enabled for the merchant?")
    if _KEYS & set(codes) or _KEY_WORDS.search(text):
        return Denied(f"{said}. Are client id, version and secret right, and of this environment?")
    if UNKNOWN_ORDER in codes:
        return UnknownOrder(said, field="merchantOrderId")
    if KNOWN_ORDER in codes:
        return KnownOrder(said, field="merchantOrderId")
    if any(_UNKNOWN_REFUND.fullmatch(code) for code in codes):
        return UnknownRefund(said, field="merchantRefundId")
    return Permanent(said)


def _envelope(answer: HttpAnswer) -> tuple[tuple[str, ...], str]:
    """(codes, message) of PhonePe's error; no codes where the body is not one."""
    try:
        data = read_json(answer.body)
    except Unreadable:
        return (), ""
    if not isinstance(data, Mapping) or "state" in data or "access_token" in data:
        return (), ""
    found = (clean(data.get(name), 80) for name in ("code", "errorCode"))
    return tuple(code for code in found if code), clean(data.get("message"), 2000) or ""
