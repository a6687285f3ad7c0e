"""Capture, void and refund at the gateway: stored first, called outside any transaction, looked up before repeated."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import DBAPIError

from kartify import clock, contain
from kartify.accounts import Broken, Loaded
from kartify.domain.errors import (
    Conflict,
    Denied,
    Invalid,
    KartifyError,
    NotFound,
    PartnerError,
    Permanent,
    Temporary,
    Throttled,
)
from kartify.domain.money import Money, check_minor, display
from kartify.domain.reports import Report
from kartify.flows.ground import audit
from kartify.flows.lookups import ask, health
from kartify.flows.operating import operation_rows
from kartify.flows.operating.operation_rows import OPEN, Result, Task
from kartify.flows.receiving import receive
from kartify.flows.settling import facts
from kartify.house import House
from kartify.models import Charge, Operation, new_id, table
from kartify.plugin.gateway import Gateway, PaymentAnswer, RefundAnswer

log = structlog.get_logger()
operations, charges = table(Operation), table(Charge)
_KEY = re.compile(r"[A-Za-z0-9_-]{10,40}\Z")


@dataclass(slots=True, kw_only=True)
class Worked:
    """How many operations were worked on, and which state each then had."""

    states: Counter[str] = field(default_factory=Counter)

    @property
    def done(self) -> int:
        return self.states.total()


def work_operations(house: House, *, limit: int = 100, worker: str) -> Worked:
    """What is due, oldest first; an account that rests keeps its rows. Raises only the database's errors."""
    worked = Worked()
    with house.database.read() as connection:
        rows = operation_rows.due_ids(connection, clock.now(), limit)
    for row in rows:
        try:
            state = _work(house, row.id, row.account_id)
        except DBAPIError:
            raise
        except Exception as problem:
            log.error("operation failed", operation=str(row.id), error=type(problem).__name__, worker=worker)
            continue
        if state is not None:
            worked.states[state] += 1
    return worked


def _work(house: House, operation_id: UUID, account_id: UUID) -> str | None:
    """Claim, commit, call, record; the state it then has. None where nothing was called."""
    loaded = house.accounts.get(account_id)
    try:
        gateway = loaded.gateway()
    except Broken:
        return None
    if not health.may_call(loaded, clock.now()):
        return None
    at, seconds = clock.now(), gateway.deadline
    task = house.database.run(
        lambda connection: operation_rows.claim(connection, operation_id, at=at, seconds=seconds)
    )
    if task is None:
        return None
    error, result = _called(house, loaded, gateway, task)
    outcome = house.database.run(
        lambda connection: operation_rows.record(connection, task, result, at=clock.now(), can_void=gateway.can.void)
    )
    if outcome is not None:
        receive.wake(house, receive.Received(word="settled", outcomes=(outcome,)))
    if error is not None:
        health.note(house, loaded, [error])
    log.info(f"operation.{result.state}", kind=task.kind, key=task.key, why=result.text)
    return result.state


def _called(house: House, loaded: Loaded, gateway: Gateway, task: Task) -> tuple[PartnerError | None, Result]:
    """The network part. A lost answer is asked about, never simply repeated."""
    try:
        if task.kind == "refund":
            return None, _refund(house, loaded, gateway, task)
        if task.state == "unknown":
            return None, _look(house, loaded, task)
        return None, _capture_or_void(house, gateway, task)
    except PartnerError as problem:
        return problem, _failed(task, problem)
    except KartifyError as problem:
        return None, Result(state="unknown", text=str(problem))


def _failed(task: Task, problem: PartnerError) -> Result:
    if isinstance(problem, Throttled | Denied):
        pause = timedelta(seconds=getattr(problem, "retry_after", None) or 30.0)
        return Result(state=task.state, text=str(problem), due_in=pause, tries=False)
    if isinstance(problem, Permanent):
        text = f"{problem.field}: {problem}" if problem.field else str(problem)
        if task.state == "due":
            return Result(state="failed", text=text)
        # Only the look-up was refused: what was sent may have been done.
        return Result(state=task.state, text=text, tell=True)
    sent = isinstance(problem, Temporary) and problem.sent
    return Result(state="unknown" if sent and task.state == "due" else task.state, text=str(problem))


def _capture_or_void(house: House, gateway: Gateway, task: Task) -> Result:
    able = gateway.can.capture if task.kind == "capture" else gateway.can.void
    if not able:
        return Result(state="failed", text=f"{gateway.name} has no {task.kind} by API: do it in its dashboard")
    verb = gateway.capture if task.kind == "capture" else gateway.void
    amount = Money(task.amount, task.currency)
    report = contain.asking(
        task.kind, Report, lambda: verb(house.client, task.gateway_payment_id, amount), seconds=gateway.deadline
    )
    contain.true_reports(task.kind, [report])
    return Result(state="done", reports=(replace(report, gateway_payment_id=task.gateway_payment_id),))


def _look(house: House, loaded: Loaded, task: Task) -> Result:
    """A capture or void whose answer was lost: the gateway tells how the charge stands, then it is due as it then is
    (a charge that got there is done without another call)."""
    reports = _reports(house, loaded, task)
    return Result(state="due", text="asked after a lost answer", reports=reports, due_in=timedelta(), tries=False)


def _reports(house: House, loaded: Loaded, task: Task) -> tuple[Report, ...]:
    """What the gateway says of the payment. Raises ``PartnerError``."""
    if task.payment is None:
        return ()
    answer = ask.try_call(house, loaded, task.payment)
    if isinstance(answer, PaymentAnswer):
        return answer.reports
    raise answer


def _refund(house: House, loaded: Loaded, gateway: Gateway, task: Task) -> Result:
    if not gateway.can.refund:
        return Result(state="failed", text=f"{gateway.name} has no refund by API: do it in its dashboard")
    answer = _known_refund(house, gateway, task) if task.state in ("unknown", "pending") else None
    if answer is None:
        answer = contain.asking(
            "refund",
            RefundAnswer,
            lambda: gateway.refund(
                house.client, task.gateway_payment_id, Money(task.amount, task.currency), key=task.key
            ),
            seconds=gateway.deadline,
        )
    return _refunded(house, loaded, task, answer)


def _known_refund(house: House, gateway: Gateway, task: Task) -> RefundAnswer | None:
    found: RefundAnswer | None = contain.asking(
        "refund_status",
        (RefundAnswer, type(None)),
        lambda: gateway.refund_status(
            house.client, task.gateway_payment_id, key=task.key, gateway_refund_id=task.gateway_refund_id
        ),
        seconds=gateway.deadline,
    )
    return found


def _refunded(house: House, loaded: Loaded, task: Task, answer: RefundAnswer) -> Result:
    """Only *processed* is money back."""
    name = answer.gateway_refund_id[:80]
    if answer.state == "failed":
        return Result(state="failed", text=f"the gateway says {answer.word or 'failed'}", gateway_refund_id=name)
    if answer.state == "pending":
        says = f"the gateway took it and says {answer.word or 'pending'}"
        return Result(state="pending", text=says, gateway_refund_id=name)
    wrong = answer.amount != task.amount
    text = f"the gateway refunded {display(answer.amount, task.currency)} instead" if wrong else None
    return Result(
        state="done", text=text, refunded=task.amount, gateway_refund_id=name, tell=wrong,
        reports=_reports_if_told(house, loaded, task),
    )


def _reports_if_told(house: House, loaded: Loaded, task: Task) -> tuple[Report, ...]:
    """The sums as the gateway now has them; where it does not answer, the next look-up brings them."""
    try:
        return _reports(house, loaded, task)
    except PartnerError:
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundWish:
    """Who wants how much back, and why. The same ``key`` again is the same refund; without one it is a new one."""

    amount: int
    by: str
    reason: str
    key: str | None = None

    def check(self) -> None:
        """Raises ``Invalid``."""
        if check_minor(self.amount) <= 0:
            raise Invalid("amount", "expected more than zero")
        if not self.reason.strip():
            raise Invalid("reason", "expected why, in a few words: it stays on the order's timeline")
        if self.key is not None and not _KEY.match(self.key):
            raise Invalid("key", "expected 10 to 40 letters, digits, - and _")


def request_refund(house: House, charge_id: UUID, wish: RefundWish) -> UUID:
    """Queues one refund and returns the operation's id.

    Raises ``Invalid`` (amount, reason, key), ``NotFound``, ``Conflict`` (more than is left of the charge, another
    refund under this key, no refund by API), ``Broken``.
    """
    wish.check()
    with house.database.read() as connection:
        account_id = connection.execute(select(charges.c.account_id).where(charges.c.id == charge_id)).scalar()
    if account_id is None:
        raise NotFound("there is no such charge")
    gateway = house.accounts.get(account_id).gateway()
    if not gateway.can.refund:
        raise Conflict(f"{gateway.name} has no refund by API: do it in its dashboard, the news comes by itself")
    operation_id = house.database.run(lambda connection: _queue(connection, charge_id, wish))
    house.waker.wake("operations")
    return operation_id


def _queue(connection: Connection, charge_id: UUID, wish: RefundWish) -> UUID:
    """Law 8, under the order's lock (an orphan's charge is locked itself)."""
    query = select(charges).where(charges.c.id == charge_id)
    order_id = connection.execute(query).mappings().one()["order_id"]
    if order_id is not None:
        facts.lock(connection, order_id)
    charge: Any = connection.execute(query.with_for_update()).mappings().one()
    key = wish.key or f"refund-{new_id().hex}"
    known = connection.execute(select(operations).where(operations.c.key == key)).mappings().first()
    if known is not None:
        return _same(known, charge_id, wish.amount)
    left = charge["captured"] - charge["refunded"] - charge["lost"] - _under_way(connection, charge_id)
    if wish.amount > left:
        raise Conflict(f"at most {display(max(left, 0), charge['currency'] or '')} of this charge is left to refund")
    operation_id = _inserted(connection, charge, key, wish)
    raised = update(charges).where(charges.c.id == charge_id).values(ours=charges.c.ours + wish.amount)
    connection.execute(raised)
    text = f"refund of {display(wish.amount, charge['currency'])} asked for: {wish.reason.strip()}"
    act = audit.Act(by=wish.by, action="refund", subject=f"operation:{operation_id}", text=text)
    audit.write(connection, act, order_id=order_id)
    return operation_id


def _inserted(connection: Connection, charge: Any, key: str, wish: RefundWish) -> UUID:
    at, operation_id = clock.now(), new_id()
    connection.execute(
        insert(operations).values(
            id=operation_id, key=key, charge_id=charge["id"], order_id=charge["order_id"],
            account_id=charge["account_id"], kind="refund", amount=wish.amount, currency=charge["currency"],
            state="due", by=wish.by, reason=wish.reason.strip(), due_at=at, created_at=at,
        )
    )
    return operation_id


def _same(known: Any, charge_id: UUID, amount: int) -> UUID:
    if (known["charge_id"], known["amount"]) != (charge_id, amount):
        raise Conflict("another refund was asked for under this key")
    operation_id: UUID = known["id"]
    return operation_id


def _under_way(connection: Connection, charge_id: UUID) -> int:
    """What is asked for and not yet back."""
    mine = (operations.c.charge_id == charge_id) & operations.c.state.in_(OPEN)
    total = select(func.coalesce(func.sum(operations.c.amount), 0)).where(mine, operations.c.kind == "refund")
    return int(connection.execute(total).scalar_one())
