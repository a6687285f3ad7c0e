"""The browser's return: a form with a checksum over its values, but not over their names.

So it is never a report, however it is signed; the order status is asked. It tells only what the customer may be shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

from kartify.plugin import Callback, CallbackKey, Inbound, Invalid, PaymentRef, Refused, Unreadable, from_major
from kartify_paytm import checksum, ids
from kartify_paytm.opening import REFERENCE
from kartify_paytm.settings import PaytmSettings
from kartify_paytm.webhooks import check_either, form_fields
from kartify_paytm.wire import CURRENCY

Outcome = Literal["success", "failure", "cancelled", "unknown"]
_OURS: Final = re.compile(r"[A-Za-z0-9]{1,20}\Z")
_NEEDED: Final = ("MID", "ORDERID", "TXNAMOUNT", "CURRENCY", "STATUS", "RESPCODE")
_CANCELLED: Final = "141"


def callback_key(message: Inbound) -> CallbackKey:
    """The order id is our reference, so either finds the payment. Raises ``Unreadable``."""
    order = ids.order_id(_fields(message).get("ORDERID"))
    if order is not None:
        return CallbackKey(gateway_order_id=order, reference=order if _OURS.match(order) else None)
    reference = message.params().get(REFERENCE, "")
    if not _OURS.match(reference):
        raise Unreadable("the return names no order")
    return CallbackKey(gateway_order_id=reference, reference=reference)


def read_callback(message: Inbound, payment: PaymentRef, settings: PaytmSettings) -> Callback:
    """Raises ``Refused`` where the checksum is missing or wrong, or where it is about another order or merchant."""
    fields = _fields(message)
    if not fields:
        # Whether Paytm sends the customer back so is not certain: nothing is known, and the core asks.
        return Callback(proved=False, outcome="unknown")
    check_either(settings, lambda key: checksum.check_fields(fields, key))
    if fields.get("MID") != settings.mid:
        raise Refused("the return is of another merchant")
    order = payment.gateway_order_id or payment.reference
    if fields.get("ORDERID") != order:
        raise Refused("the return is about another order")
    charge = ids.charge_id(fields.get("TXNID"), order)
    if not _fits(fields, payment):
        return Callback(proved=False, outcome="unknown", gateway_payment_id=charge)
    return Callback(proved=True, outcome=_outcome(fields), gateway_payment_id=charge)


def _fields(message: Inbound) -> dict[str, str]:
    """What Paytm posted, or wrote into the address; our own mark in the address is not Paytm's."""
    if message.method.upper() == "POST":
        return form_fields(message)
    given = [(name, value) for name, value in message.query if name != REFERENCE]
    if len(dict(given)) != len(given):
        raise Unreadable("a field of the return is given twice")
    # An address may carry anything (a campaign's marks); only with Paytm's fields in it is it Paytm's word.
    return dict(given) if checksum.FIELD in dict(given) or "STATUS" in dict(given) else {}


def _fits(fields: Mapping[str, str], payment: PaymentRef) -> bool:
    """Whether all is there, and the sum is that of our payment."""
    if not all(fields.get(name) for name in _NEEDED):
        return False
    try:
        told = from_major(fields["TXNAMOUNT"], CURRENCY)
    except Invalid:
        return False
    return (told, fields["CURRENCY"]) == (payment.amount.minor, payment.amount.currency)


def _outcome(fields: Mapping[str, str]) -> Outcome:
    match fields["STATUS"]:
        case "TXN_SUCCESS":
            return "success"
        case "TXN_FAILURE":
            return "cancelled" if fields["RESPCODE"] == _CANCELLED else "failure"
        case _:
            return "unknown"
