"""Returns and webhooks of PayU. The hash covers status, amount and our id, but neither PayU's id nor whether the money
was captured nor what the customer really paid: so a genuine message is a reason to ask, and never settles.

Webhooks about refunds and disputes carry no hash at all and are refused; refunds are found by asking.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, Literal

from kartify.plugin import (
    Callback,
    CallbackKey,
    Inbound,
    Invalid,
    PaymentRef,
    Proof,
    Refused,
    Unreadable,
    Webhook,
    event_key,
    from_major,
    read_json,
)
from kartify_payu import ids
from kartify_payu.hashing import is_signed
from kartify_payu.settings import PayUSettings
from kartify_payu.wire import CURRENCY, word

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
_EVENTS: Final = frozenset({"success", "failure", "pending"})


def fields_of(message: Inbound) -> Mapping[str, str]:
    """Form or JSON, by content type; a field given twice is absent. Raises ``Unreadable``."""
    kind = message.header("content-type").partition(";")[0].strip().lower()
    if kind != JSON:
        return message.form()
    told = read_json(message.body)
    if not isinstance(told, Mapping):
        raise Unreadable("a webhook is an object")
    return {str(name): _plain(value) for name, value in told.items()}


def _plain(value: Any) -> str:
    """As it was hashed: text as it is, numbers as they were written."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else ""


def verify(message: Inbound, settings: PayUSettings) -> Proof:
    try:
        return Proof(secret=_proved(fields_of(message), settings))
    except Unreadable:
        raise Refused("the message cannot be read, so nothing in it is signed") from None


def _proved(fields: Mapping[str, str], settings: PayUSettings) -> Literal["current", "previous"]:
    """By which salt. Raises ``Refused``."""
    if fields.get("key") != settings.key:
        raise Refused("the message is not of this merchant key")
    if is_signed(fields, settings.secret("salt") or ""):
        return "current"
    previous = settings.secret("salt_previous")
    if previous and is_signed(fields, previous):
        return "previous"
    raise Refused("the hash is not of this account's salt")


def read_webhook(message: Inbound, settings: PayUSettings) -> Webhook:
    fields = fields_of(message)
    txnid, status = ids.txn_id(fields.get("txnid")), word(fields.get("status"))
    key = event_key(f"{txnid or ''}:{status}", message.body)
    event = f"payment.{status}" if status in _EVENTS else "payment.other"
    if txnid is None:
        return Webhook(key=key, event=event, ignored="it names no transaction of ours")
    return Webhook(key=key, event=event, ask=(txnid,))


def callback_key(message: Inbound) -> CallbackKey:
    txnid = ids.txn_id(_returned(message).get("txnid"))
    if txnid is None:
        raise Unreadable("the return names no transaction")
    return CallbackKey(gateway_order_id=txnid, reference=txnid)


def read_callback(message: Inbound, payment: PaymentRef, settings: PayUSettings) -> Callback:
    """What PayU says of *this* payment. Raises ``Refused``."""
    fields = _returned(message)
    if "hash" not in fields:
        return Callback(proved=False, outcome="unknown")
    _proved(fields, settings)
    if fields.get("txnid") != (payment.gateway_order_id or payment.reference):
        raise Refused("the return is signed for another payment")
    if _paise(fields.get("amount", "")) != payment.amount.minor or payment.amount.currency != CURRENCY:
        raise Refused("the return is signed for another sum")
    return Callback(proved=True, outcome=_outcome(fields))


def _returned(message: Inbound) -> Mapping[str, str]:
    return message.form() if message.method.upper() == "POST" else message.params()


def _paise(text: str) -> int | None:
    try:
        return from_major(text, CURRENCY)
    except Invalid:
        return None


def _outcome(fields: Mapping[str, str]) -> Literal["success", "failure", "cancelled", "unknown"]:
    match word(fields.get("status")):
        case "success":
            return "success"
        case "failure":
            return "cancelled" if word(fields.get("unmappedstatus")) == "usercancelled" else "failure"
        case _:
            return "unknown"
