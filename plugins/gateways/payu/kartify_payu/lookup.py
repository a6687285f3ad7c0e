"""Asking about one payment or many: verify_payment takes several of our ids in one call, and answers for each.

The answer carries no hash: TLS alone says that it is PayU's. Refunds are not in it, so for money that came the actions
on its charge are asked as well. No source tells of an answer with several charges of one id: the last attempt is what
is told of, and a charge that was known before stays known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from kartify.plugin import PartnerError, PaymentAnswer, PaymentRef, Temporary, Unreadable
from kartify_payu import ids
from kartify_payu.api import Api
from kartify_payu.reports import needs_actions, report_of
from kartify_payu.wire import Action, Transaction, actions, mapping, transaction, word

VERIFY: Final = "verify_payment"
BY_CHARGE: Final = "check_payment"
ACTIONS: Final = "check_action_status"
_BY_CHARGE: Final = "payuid"


def ask(api: Api, payment: PaymentRef) -> PaymentAnswer:
    txnid = ids.require_txn(payment.gateway_order_id or payment.reference)
    return _answer(api, _verified(api, [txnid])[txnid])


def ask_many(api: Api, payments: Sequence[PaymentRef], size: int) -> Iterator[tuple[str, PaymentAnswer]]:
    """One call for so many. What cannot be read is asked for again, one by one."""
    able = [(txnid, one) for one in payments if (txnid := ids.txn_id(one.gateway_order_id or one.reference))]
    for start in range(0, len(able), size):
        batch = able[start : start + size]
        rows = _verified(api, [txnid for txnid, _ in batch])
        for txnid, payment in batch:
            answer = _tried(api, rows[txnid])
            if answer is not None:
                yield payment.reference, answer


def _tried(api: Api, row: Transaction | None) -> PaymentAnswer | None:
    try:
        return _answer(api, row)
    except Temporary:
        return None


def _answer(api: Api, row: Transaction | None) -> PaymentAnswer:
    if row is None:
        raise Temporary("PayU's answer about this transaction cannot be read")
    if row.unknown:
        # The page was never reached, or its form was refused.
        return PaymentAnswer(found=False, word="Not Found")
    if ids.charge_id(row.mihpayid) is None:
        raise Temporary("PayU names no charge for a transaction that it knows")
    done = actions_of(api, row.mihpayid) if needs_actions(row) else ()
    return PaymentAnswer(reports=(report_of(row, done),), word=f"{row.status}, {row.unmapped}")


def _verified(api: Api, txnids: Sequence[str]) -> Mapping[str, Transaction | None]:
    """By our id; None where the entry cannot be read. The entries count, not the status on top: it is 0 as soon as one
    id is unknown. Raises ``PartnerError``."""
    told = api.call(VERIFY, "|".join(txnids))
    details = told.get("transaction_details")
    if not isinstance(details, Mapping):
        raise Temporary(f"{api.said(told)}, and of no transaction")
    return {txnid: _read(details.get(txnid), txnid) for txnid in txnids}


def _read(value: Any, txnid: str) -> Transaction | None:
    try:
        return transaction(value, txnid)
    except Unreadable:
        return None


def charge(api: Api, mihpayid: str) -> Transaction:
    """One charge by PayU's own id. Raises ``PartnerError``."""
    told = api.call(BY_CHARGE, mihpayid)
    try:
        row = transaction(told.get("transaction_details"), "")
    except Unreadable as problem:
        raise Temporary(f"PayU's answer about this charge cannot be read: {problem}") from None
    if row.mihpayid != mihpayid:
        raise Temporary("PayU answered about another charge")
    return row


def actions_of(api: Api, mihpayid: str) -> tuple[Action, ...]:
    """Captures, refunds and cancels of a charge. Raises ``PartnerError``."""
    told = api.call(ACTIONS, mihpayid, var2=_BY_CHARGE)
    details = told.get("transaction_details")
    if word(told.get("status")) == "0" and details in (None, "", [], {}):
        return _none(api, told)
    try:
        named = mapping(details, "the actions")
        if any(str(name) != mihpayid for name in named):
            raise Temporary("PayU answered about the actions of another charge")
        return actions(named)
    except Unreadable as problem:
        raise Temporary(f"PayU's answer about refunds cannot be read: {problem}") from None


def _none(api: Api, told: Mapping[str, Any]) -> tuple[Action, ...]:
    """Only its own words mean that there is none."""
    if not word(told.get("msg")).startswith("0 out of") and "not found" not in word(told.get("msg")):
        problem: PartnerError = Temporary(f"{api.said(told)}, and of no refunds")
        raise problem
    return ()
