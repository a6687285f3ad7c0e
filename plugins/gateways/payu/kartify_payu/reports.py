"""From a transaction of PayU's to a kartify report. Both words must say the same: ``status`` alone does not tell
captured from authorised, and an unknown pair is never paid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kartify.plugin import ChargeState, Report
from kartify_payu.moments import read_moment
from kartify_payu.wire import CURRENCY, Action, Transaction

_PENDING: Final = frozenset({"initiated", "in progress", "pending"})
_FAILED: Final = frozenset({"failed", "bounced", "dropped", "usercancelled", "autorefund"})
REFUND, CANCEL = "refund", "cancel"
DONE: Final = "success"


def state_of(row: Transaction) -> ChargeState:
    match row.status, row.unmapped:
        case "success", "captured":
            return ChargeState.CAPTURED
        case "success", "auth":
            return ChargeState.AUTHORIZED
        case "pending", unmapped if unmapped in _PENDING:
            return ChargeState.PENDING
        case "failure", unmapped if unmapped in _FAILED:
            return ChargeState.FAILED
        case _:
            return ChargeState.UNKNOWN


def needs_actions(row: Transaction) -> bool:
    """Whether money came or is held: then refunds and cancels say what became of it."""
    return state_of(row) in (ChargeState.CAPTURED, ChargeState.AUTHORIZED)


def report_of(row: Transaction, done: Sequence[Action] = ()) -> Report:
    state, (paid, fee, discount) = state_of(row), _sums(row)
    back = min(paid, sum(one.amount for one in done if one.kind == REFUND and one.status == DONE))
    if state is ChargeState.AUTHORIZED and any(one.kind == CANCEL and one.status == DONE for one in done):
        state = ChargeState.VOIDED
    if state in (ChargeState.CAPTURED, ChargeState.AUTHORIZED) and not paid:
        state = ChargeState.UNKNOWN
    captured = state is ChargeState.CAPTURED
    if captured and back:
        state = ChargeState.REFUNDED if back >= paid else ChargeState.PARTIALLY_REFUNDED
    held = captured or state is ChargeState.AUTHORIZED
    return Report(
        state=state,
        word=f"{row.status}, {row.unmapped}",
        gateway_order_id=row.txnid,
        gateway_payment_id=row.mihpayid,
        reference=row.txnid,
        currency=CURRENCY,
        authorized=paid if state is ChargeState.AUTHORIZED else 0,
        captured=paid if captured else 0,
        refunded=back if captured else 0,
        fee=fee if held else 0,
        discount=discount if held else 0,
        # The moment that PayU gives is that of the attempt: it must not make a failure look newer than a capture.
        at=read_moment(row.added) if state in (ChargeState.FAILED, ChargeState.PENDING) else None,
        method=row.mode,
        detail=_detail(row, state),
    )


def _sums(row: Transaction) -> tuple[int, int, int]:
    """(what the customer paid, fee on top, discount). Declared only where they add up; else what was paid stands
    alone, and the difference goes to a person."""
    amount, net = row.amount or 0, row.net
    if not net:
        return amount, 0, 0
    return (net, row.fee, row.discount) if net == amount + row.fee - row.discount else (net, 0, 0)


def _detail(row: Transaction, state: ChargeState) -> str | None:
    if row.unmapped == "autorefund":
        return "PayU gave back a success that it found late"
    if state is ChargeState.UNKNOWN:
        return f"unknown status '{row.status}, {row.unmapped}'"
    return row.detail if state is ChargeState.FAILED else None
