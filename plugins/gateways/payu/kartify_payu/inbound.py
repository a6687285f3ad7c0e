"""What comes in: a form, or JSON where the account was set up so; with PayU's hash in it, except for refunds."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, Literal

from kartify.plugin import Inbound, Refused, Unreadable, read_json
from kartify_payu import hashing
from kartify_payu.settings import PayUSettings

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"


def fields_of(message: Inbound) -> dict[str, str]:
    """Names and values exactly as they came: a blank at an end is hashed too. A name given twice counts for none.
    Raises ``Unreadable``."""
    if _is_json(message):
        data = read_json(message.body)
        if not isinstance(data, Mapping):
            raise Unreadable("not an object")
        return {str(name): text for name, value in data.items() if (text := _text(value)) is not None}
    return message.form() if message.method.upper() == "POST" else message.params()


def _is_json(message: Inbound) -> bool:
    """By what it says it is; by its first character where it says nothing."""
    kind = message.header("content-type").partition(";")[0].strip().lower()
    if kind in (FORM, JSON):
        return kind == JSON
    return message.body.lstrip()[:1] in (b"{", b"[")


def _text(value: Any) -> str | None:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    return str(value)


def check(told: Mapping[str, str], settings: PayUSettings) -> Literal["current", "previous"]:
    """By which salt it is PayU's. Raises ``Refused``."""
    if told.get("key") != settings.key:
        raise Refused("the message is of another merchant")
    if hashing.is_genuine(told, settings.signing_salt):
        return "current"
    retired = settings.secret("salt_previous")
    if retired is not None and hashing.is_genuine(told, retired):
        return "previous"
    raise Refused("the hash is not PayU's for these values")


def txnid_in(told: Mapping[str, str]) -> str:
    """Refund news and some JSON accounts have the longer name."""
    return told.get("txnid") or told.get("merchantTxnId") or ""
