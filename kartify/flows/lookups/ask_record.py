"""What an answer about a payment means for its row: settled, and when to ask next. One transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, bindparam, select, update

from kartify import clock
from kartify.accounts import Loaded
from kartify.domain.cases import CaseType, CaseWanted
from kartify.domain.conclude import Answer
from kartify.domain.errors import Denied, KartifyError, PartnerError, Permanent, Temporary, Throttled
from kartify.domain.plan import LookupPlan, backoff
from kartify.domain.reports import ChargeState, Report
from kartify.flows.ground.locate import PaymentRow
from kartify.flows.lookups.ask import Asked, Asker
from kartify.flows.settling import facts, settle
from kartify.flows.settling.cases import raise_case
from kartify.flows.settling.settle_rows import Source
from kartify.house import House
from kartify.models import Order, Payment, table
from kartify.plugin.gateway import PaymentAnswer

payments, orders = table(Payment), table(Order)


def record(
    house: House, account: Loaded, payment: PaymentRow, answer: PaymentAnswer | PartnerError, asker: Asker
) -> Asked:
    """Settles what the answer says and sets when to ask next, in one transaction. A slower asker's write is rejected:
    its fence is old."""
    gateway = account.gateway()
    if isinstance(answer, PartnerError):
        if asker.dry:
            release(house, payment)
            return _unanswered(payment, answer)
        return _record_failure(house, account, payment, answer)

    def work(connection: Connection) -> Asked:
        at = clock.now()
        facts.lock(connection, payment.order_id)
        current = _current(connection, payment)
        outcome = _settle(connection, account, current, answer, asker=asker, at=at)
        told = tell(answer, current, gateway.plan, at)
        _wake_clock(connection, payment.order_id, at)
        _schedule(connection, current, told, gateway.plan, answer, over=outcome is not None and outcome.over, at=at)
        asked = Asked(payment_id=payment.id, answer=told, word=_sentence(answer, told), outcome=outcome)
        if asker.dry:
            raise _Dry(asked)
        return asked

    try:
        return house.database.run(work)
    except _Dry as dry:
        release(house, payment)
        return dry.asked


class Overtaken(KartifyError):
    """Someone else asked about this payment meanwhile; this answer is dropped."""


class _Dry(Exception):
    """Rolls a dry run's transaction back and carries what it would have done."""

    def __init__(self, asked: Asked) -> None:
        super().__init__("dry run")
        self.asked = asked


_CURRENT = select(payments.c.fence, payments.c.state, payments.c.gateway_order_id).where(
    payments.c.id == bindparam("b_id")
)


def _current(connection: Connection, payment: PaymentRow) -> PaymentRow:
    """The payment as it stands now: the asking itself may have found its session since it was claimed."""
    row = connection.execute(_CURRENT, {"b_id": payment.id}).first()
    if row is None or row.fence != payment.fence:
        raise Overtaken("someone else asks about this payment by now")
    return replace(payment, state=row.state, ref=replace(payment.ref, gateway_order_id=row.gateway_order_id))


def _settle(
    connection: Connection, account: Loaded, payment: PaymentRow, answer: PaymentAnswer, *, asker: Asker, at: datetime
) -> settle.Outcome | None:
    if not answer.reports:
        return None
    reports = _ours(answer.reports, payment)
    snapshot = facts.load(
        connection, payment.order_id, account_id=account.id, gateway_payment_id=reports[0].gateway_payment_id
    )
    source = Source(
        account_id=account.id, payment_id=payment.id, channel=asker.channel, by=asker.by, at=at,
        can_void=account.gateway().can.void, run_id=asker.run_id,
    )
    return settle.apply(connection, snapshot, reports, source)


def _ours(reports: Sequence[Report], payment: PaymentRow) -> list[Report]:
    return [replace(report, gateway_order_id=report.gateway_order_id or payment.ref.gateway_order_id)
            for report in reports]


_PAID = {ChargeState.CAPTURED, ChargeState.PARTIALLY_REFUNDED, ChargeState.REFUNDED, ChargeState.DISPUTED,
         ChargeState.AUTHORIZED}
_WAITING = {ChargeState.PENDING, ChargeState.CREATED}


def tell(answer: PaymentAnswer, payment: PaymentRow, plan: LookupPlan, at: datetime) -> Answer:
    """One word for all attempts of a payment. "No such payment" is a negative answer only where the plugin declares
    that the gateway would know by now."""
    if not answer.found:
        known = plan.knows_after is not None and at - payment.created_at >= plan.knows_after
        return Answer.UNPAID if known else Answer.UNKNOWN
    states = {report.state for report in answer.reports}
    if states & _PAID:
        return Answer.PAID
    if ChargeState.UNKNOWN in states:
        return Answer.UNKNOWN
    return Answer.PENDING if states & _WAITING else Answer.UNPAID


def _sentence(answer: PaymentAnswer, told: Answer) -> str:
    if not answer.found:
        return "the gateway knows no such payment"
    words = ", ".join(dict.fromkeys(report.word for report in answer.reports)) or answer.word
    return f"{told}{f' ({words})' if words else ''}"[:500]


_DONE = (
    update(payments)
    .where(payments.c.id == bindparam("b_id"))
    .values(
        asks=payments.c.asks + 1,
        **{name: bindparam(f"b_{name}", type_=payments.c[name].type) for name in (
            "asked_at", "answered_at", "answer", "last_answer", "next_ask_at", "silent_asks", "state", "state_reason",
        )},
        lease_until=None,
    )
)


def _schedule(
    connection: Connection, payment: PaymentRow, told: Answer, plan: LookupPlan, answer: PaymentAnswer, *, over: bool,
    at: datetime,
) -> None:
    unknown = told is Answer.UNKNOWN
    silent = payment.silent_asks + 1 if unknown else 0
    next_at = plan.next_ask(payment.created_at, at)
    if unknown and next_at is not None:
        next_at = min(next_at, at + backoff(silent))
    if next_at is None and not over:
        _exhausted(connection, payment, told, at)
    ended = over or answer.over or payment.state == "over"
    reason = "paid" if over else ("the gateway says it is over" if answer.over else None)
    connection.execute(
        _DONE,
        {
            "b_id": payment.id, "b_asked_at": at, "b_answered_at": None if unknown else at, "b_answer": told,
            "b_last_answer": _sentence(answer, told), "b_next_ask_at": None if over else next_at,
            "b_silent_asks": silent, "b_state": "over" if ended else _known_state(payment, answer),
            "b_state_reason": reason,
        },
    )


_CLOCK = (
    update(orders)
    .where(orders.c.id == bindparam("b_id"), orders.c.status.in_(["missing", "failed"]))
    .values(clock_at=bindparam("b_at", type_=orders.c.clock_at.type))
)


def _wake_clock(connection: Connection, order_id: UUID, at: datetime) -> None:
    """An answer to an unpaid order: the clock draws its conclusion."""
    connection.execute(_CLOCK, {"b_id": order_id, "b_at": at})


_UNPAID = select(orders.c.store_id, orders.c.number).where(
    orders.c.id == bindparam("order_id"), orders.c.status.in_(["missing", "failed"])
)


def _exhausted(connection: Connection, payment: PaymentRow, told: Answer, at: datetime) -> None:
    """The plan's window is over. "Not paid" is an answer the clock can go by; anything else needs a person."""
    order = connection.execute(_UNPAID, {"order_id": payment.order_id}).first()
    if order is None or told is Answer.UNPAID:
        return
    pending = told is Answer.PENDING
    raise_case(
        connection,
        CaseWanted(
            type=CaseType.STILL_PENDING if pending else CaseType.LOOKUPS_EXHAUSTED,
            reason="Still pending at the gateway after all look-ups." if pending
            else f"Asked {payment.asks + 1} times; the last answer: {told}.",
            currency=payment.ref.amount.currency,
            difference=-payment.ref.amount.minor,
        ),
        subject=f"order:{payment.order_id}", at=at, store_id=order.store_id, order_id=payment.order_id,
        account_id=payment.account_id,
    )


def _known_state(payment: PaymentRow, answer: PaymentAnswer) -> str:
    """A payment whose opening was unknown is open once the gateway knows it."""
    return "open" if answer.found and payment.ref.gateway_order_id else payment.state


_FAILED = (
    update(payments)
    .where(payments.c.id == bindparam("b_id"), payments.c.fence == bindparam("b_fence"))
    .values(
        asks=payments.c.asks + bindparam("b_counted"),
        silent_asks=payments.c.silent_asks + bindparam("b_counted"),
        **{name: bindparam(f"b_{name}", type_=payments.c[name].type)
           for name in ("asked_at", "answer", "last_answer", "next_ask_at")},
        lease_until=None,
    )
)


def _record_failure(house: House, account: Loaded, payment: PaymentRow, problem: PartnerError) -> Asked:
    """Unknown is never pending or failed: asked again later. A slowed or denied account counts no try."""
    at = clock.now()
    counted = not isinstance(problem, Throttled | Denied)
    pause = backoff(payment.silent_asks + 1) if counted else timedelta(seconds=_pause(problem))
    if isinstance(problem, Permanent) and counted:
        pause = max(pause, timedelta(minutes=10))
    values = {
        "b_id": payment.id, "b_fence": payment.fence, "b_counted": int(counted), "b_asked_at": at,
        "b_answer": Answer.UNKNOWN, "b_last_answer": f"no answer: {problem}"[:500], "b_next_ask_at": at + pause,
    }
    house.database.run(lambda connection: connection.execute(_FAILED, values))
    return _unanswered(payment, problem)


def _unanswered(payment: PaymentRow, problem: PartnerError) -> Asked:
    return Asked(payment_id=payment.id, answer=Answer.UNKNOWN, word=str(problem), error=problem)


def _pause(problem: PartnerError) -> float:
    return (problem.retry_after if isinstance(problem, Temporary) else None) or 30.0


def release(house: House, payment: PaymentRow) -> None:
    """Gives a claimed payment back untouched."""
    give_back = (
        update(payments)
        .where(payments.c.id == payment.id, payments.c.fence == payment.fence)
        .values(lease_until=None)
    )
    house.database.run(lambda connection: connection.execute(give_back))
