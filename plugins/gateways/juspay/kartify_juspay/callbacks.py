"""The browser's return: the signature proves the order and its status word, never an amount; so there is no report."""

from __future__ import annotations

from typing import Literal
from urllib.parse import parse_qsl

from kartify.plugin import Callback, CallbackKey, ChargeState, Inbound, PaymentRef, Refused, Unreadable
from kartify_juspay.ids import is_order
from kartify_juspay.settings import JuspaySettings
from kartify_juspay.signing import ALGORITHM, SIGNATURE, Pairs, check_return
from kartify_juspay.statuses import state_of

_MOST_FIELDS = 100
_OUTCOMES: dict[ChargeState, Literal["success", "failure"]] = {
    ChargeState.CAPTURED: "success", ChargeState.AUTHORIZED: "success",
    ChargeState.FAILED: "failure", ChargeState.VOIDED: "failure",
}  # fmt: skip


def pairs_of(message: Inbound) -> Pairs:
    """Query and form together, doubled names too. Raises ``Unreadable``."""
    if message.method.upper() != "POST":
        return list(message.query)
    try:
        text = message.body.decode("utf-8")
        return [*message.query, *parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)]
    except (UnicodeDecodeError, ValueError):
        raise Unreadable("the form of the return cannot be read") from None


def callback_key(message: Inbound) -> CallbackKey:
    named = {value for name, value in pairs_of(message) if name == "order_id"}
    order_id = next(iter(named)) if len(named) == 1 else None
    if not is_order(order_id):
        raise Unreadable("the return names no order, or several")
    return CallbackKey(gateway_order_id=order_id, reference=order_id)


def read_callback(message: Inbound, payment: PaymentRef, settings: JuspaySettings) -> Callback:
    """Raises ``Refused`` when a signature is there and wrong, or when it is about another order."""
    pairs = pairs_of(message)
    given, key = dict(pairs), settings.secret("response_key")
    if key is None or not {SIGNATURE, ALGORITHM} & set(given):
        return Callback(proved=False, outcome="unknown")
    check_return(pairs, key)
    if given.get("order_id") != (payment.gateway_order_id or payment.reference):
        raise Refused("the return is about another order")
    number = given.get("status_id", "")
    state = state_of(given.get("status", ""), int(number) if number.isascii() and number.isdigit() else None)
    return Callback(proved=True, outcome=_OUTCOMES.get(state, "unknown"))
