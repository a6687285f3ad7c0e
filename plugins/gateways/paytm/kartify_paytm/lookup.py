"""Asking about one payment: Paytm's order status, which tells the last state of the order's one transaction."""

from __future__ import annotations

from typing import Final

from kartify.plugin import ChargeState, PaymentAnswer, PaymentRef, Permanent, Report, Temporary
from kartify_paytm import ids
from kartify_paytm.api import Api
from kartify_paytm.wire import CURRENCY, Transaction

PATH: Final = "/v3/order/status"
NO_RECORD: Final = "331"
# Codes that no paid transaction carries: with TXN_SUCCESS they are a contradiction, and never money.
_NOT_PAID: Final = frozenset(
    {"141", "227", "235", "267", "295", "330", "331", "334", "335", "400", "401", "402", "501", "810", "820", "843"}
)
_PAYMENTS: Final = frozenset({"", "SALE", "CAPTURE"})
# Failures known to come without a transaction: the customer left before there was one.
_LEFT_EARLY: Final = frozenset({"141", "810"})


def ask(api: Api, payment: PaymentRef) -> PaymentAnswer:
    """Raises ``Permanent`` where Paytm does not know an order that had charges: then the mid or mode is another."""
    order = ids.require_order(payment.gateway_order_id or payment.reference)
    told = status(api, order)
    if is_unknown(told):
        if payment.gateway_payment_ids:
            raise Permanent("this mid does not know an order that has payments", field="orderId")
        return PaymentAnswer(found=False, word=told.result.word)
    return PaymentAnswer(reports=(report_of(api, told, order, payment.reference),), word=told.result.word)


def status(api: Api, order: str) -> Transaction:
    told = api.call(Transaction, PATH, {"orderId": order})
    if told.order_id not in ("", order):
        raise Temporary("Paytm answered about another order")
    return told


def is_unknown(told: Transaction) -> bool:
    """"No record": no transaction was ever made for the order, whether or not its page was opened."""
    return not told.txn_id and (told.result.status == "NO_RECORD_FOUND" or told.result.code == NO_RECORD)


def report_of(api: Api, told: Transaction, order: str, reference: str) -> Report:
    """Raises ``PartnerError`` where the answer is about our call instead of the payment."""
    if not told.txn_id and told.result.status != "TXN_SUCCESS":
        problem = api.mistake(told.result)
        if problem is not None:
            raise problem
    state = state_of(told)
    money = state in (ChargeState.CAPTURED, ChargeState.PARTIALLY_REFUNDED, ChargeState.REFUNDED)
    amount = told.amount or 0
    return Report(
        state=state,
        word=told.result.word or "no word",
        gateway_order_id=order,
        gateway_payment_id=ids.charge_id(told.txn_id, order),
        reference=reference,
        currency=CURRENCY,
        authorized=amount if state is ChargeState.AUTHORIZED else 0,
        captured=amount if money else 0,
        refunded=min(told.refunded, amount) if money else 0,
        # The transaction's moment; of a release Paytm tells none.
        at=None if state in (ChargeState.VOIDED, ChargeState.UNKNOWN) else told.at,
        method=told.method.lower() or None,
        detail=_detail(api, told, state),
    )


def state_of(told: Transaction) -> ChargeState:
    """``resultStatus`` first. What is not clear is unknown, never paid."""
    match told.result.status:
        case "TXN_SUCCESS":
            return _succeeded(told)
        case "PENDING":
            return ChargeState.UNKNOWN if told.result.code == "501" else ChargeState.PENDING
        case "TXN_FAILURE":
            # A failure without a transaction may be about our call: sources disagree about its codes.
            known = told.txn_id or told.result.code in _LEFT_EARLY
            return ChargeState.FAILED if known else ChargeState.UNKNOWN
        case _:
            return ChargeState.UNKNOWN


def _succeeded(told: Transaction) -> ChargeState:
    if not told.amount or ids.charge_id(told.txn_id, "") is None or told.result.code in _NOT_PAID:
        return ChargeState.UNKNOWN
    if told.txn_type in _PAYMENTS:
        if not told.refunded:
            return ChargeState.CAPTURED
        return ChargeState.REFUNDED if told.refunded >= told.amount else ChargeState.PARTIALLY_REFUNDED
    kinds = {"PREAUTH": ChargeState.AUTHORIZED, "RELEASE": ChargeState.VOIDED}
    return kinds.get(told.txn_type, ChargeState.UNKNOWN)


def _detail(api: Api, told: Transaction, state: ChargeState) -> str | None:
    if state is ChargeState.UNKNOWN:
        kind = f" of type {told.txn_type}" if told.txn_type else ""
        return f"Paytm's answer is not clear: {told.result.word}{kind}"
    return api.masked(told.result.text)[:200] or None if state is ChargeState.FAILED else None
