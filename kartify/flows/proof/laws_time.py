"""Laws 7 and 9 as queries: no message is nowhere, and nothing due is older than its objective without an alarm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, bindparam, exists, not_, or_, select

from kartify.domain.cases import CaseType
from kartify.domain.delivery import Kind, State
from kartify.flows.proof.laws_sql import UNPAID, Truth, bare, orders, subject_of
from kartify.models import Account, Case, Cron, Delivery, InboxMessage, Operation, Payment, Run, table

inbox, outbox, cases, operations = table(InboxMessage), table(Delivery), table(Case), table(Operation)
payments, crons, runs, accounts = table(Payment), table(Cron), table(Run), table(Account)

_raised = exists().where(
    or_(
        bare(cases.c.subject) == subject_of("message", inbox.c.id),
        and_(cases.c.type == CaseType.ORPHAN_MONEY, cases.c.account_id == inbox.c.account_id),
    )
)
_message = (inbox.c.id, inbox.c.event, inbox.c.state, inbox.c.reason)
_NOWHERE = select(*_message).where(
    or_(
        inbox.c.state.not_in(["done", "ignored", "waiting", "exception"]),
        and_(inbox.c.state == "waiting", inbox.c.due_at.is_(None)),
        and_(inbox.c.state.in_(["done", "ignored"]), inbox.c.done_at.is_(None)),
    )
)
_UNRAISED = select(*_message).where(inbox.c.state == "exception", not_(_raised))

TRUTHS = (
    Truth(law=7, sentence="Every message is done, ignored, waiting with a due time, or an exception.",
          subject="message", query=_NOWHERE),
    Truth(law=7, sentence="A message that is an exception has one that a person sees.", subject="message",
          query=_UNRAISED),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """How late something may be. ``due``: its moment; ``still``: what makes it undone; ``alarms``: ways in which a
    person has been told already."""

    name: str
    late: timedelta
    table: Table
    due: ColumnElement[datetime]
    still: ColumnElement[bool]
    alarms: tuple[ColumnElement[bool], ...] = ()
    joins: tuple[tuple[Table, ColumnElement[bool]], ...] = ()

    @property
    def sentence(self) -> str:
        return f"{self.name}: no later than {self.late.total_seconds() / 60:g} min without an alarm."

    def query(self, at: datetime) -> Select[Any]:
        source: Any = self.table
        for other, on in self.joins:
            source = source.join(other, on)
        before = bindparam(None, at - self.late, type_=self.due.type)
        numbers = (orders.c.number,) if any(other is orders for other, _ in self.joins) else ()
        return (
            select(self.table.c.id, *numbers, self.due.label("due_at"))
            .select_from(source)
            .where(self.still, self.due < before, *(not_(alarm) for alarm in self.alarms))
        )


def _resting(account_id: Any) -> ColumnElement[bool]:
    """The account shows a red light, or rests because its partner asked for it."""
    return exists().where(
        accounts.c.id == account_id, or_(accounts.c.state != "active", accounts.c.paused_until.is_not(None))
    )


def _case_of(what: str, column: Any) -> ColumnElement[bool]:
    return exists().where(bare(cases.c.subject) == subject_of(what, column), cases.c.closed_at.is_(None))


def _unleased(rows: Table) -> ColumnElement[bool]:
    """Nobody has it in hand: a lease says when it is free again."""
    return rows.c.lease_until.is_(None)


_OPEN = (State.DUE, State.CLAIMED, State.SENT_UNKNOWN, State.FOUND)
_first = outbox.alias("first")
# To hold or to cancel waits for what comes before it, whose own lateness is looked at.
_waits = and_(
    outbox.c.kind.in_([Kind.CANCEL, Kind.HOLD, Kind.UNHOLD]),
    exists().where(
        _first.c.order_id == outbox.c.order_id, _first.c.id != outbox.c.id, _first.c.account_id == outbox.c.account_id,
        _first.c.state.in_([*_OPEN, State.DEAD]),
    ),
)
_order_of = ((orders, orders.c.id == outbox.c.order_id),)

OBJECTIVES = (
    Objective(name="A waiting message is worked off", late=timedelta(minutes=2), table=inbox, due=inbox.c.due_at,
              still=and_(inbox.c.state == "waiting", _unleased(inbox)),
              alarms=(_case_of("message", inbox.c.id), _resting(inbox.c.account_id))),
    Objective(name="A message in a worker's hands is finished", late=timedelta(minutes=2), table=inbox,
              due=inbox.c.lease_until, still=inbox.c.state == "waiting",
              alarms=(_case_of("message", inbox.c.id), _resting(inbox.c.account_id))),
    # Each retry sets a new due time, so what is long over due had none.
    Objective(name="A delivery is made or tried again", late=timedelta(minutes=10), table=outbox, joins=_order_of,
              due=outbox.c.due_at, still=and_(outbox.c.state.in_(_OPEN), outbox.c.account_id.is_not(None)),
              alarms=(_case_of("delivery", outbox.c.id), _resting(outbox.c.account_id), _waits)),
    Objective(name="A dead delivery is shown to a person", late=timedelta(0), table=outbox, joins=_order_of,
              due=outbox.c.created_at, still=outbox.c.state == State.DEAD,
              alarms=(exists().where(bare(cases.c.subject) == subject_of("delivery", outbox.c.id)),)),
    Objective(name="A capture, void or refund is made or tried again", late=timedelta(minutes=10), table=operations,
              due=operations.c.due_at, still=operations.c.due_at.is_not(None),
              alarms=(_case_of("operation", operations.c.id), _resting(operations.c.account_id))),
    Objective(name="A missing order is asked about", late=timedelta(minutes=30), table=payments,
              joins=((orders, orders.c.id == payments.c.order_id),), due=payments.c.next_ask_at,
              still=and_(orders.c.status.in_(UNPAID), payments.c.asks == 0),
              alarms=(_case_of("order", orders.c.id), _resting(payments.c.account_id))),
    Objective(name="A payment is asked about again", late=timedelta(hours=2), table=payments,
              joins=((orders, orders.c.id == payments.c.order_id),), due=payments.c.next_ask_at,
              still=and_(orders.c.status.in_(UNPAID), payments.c.asks > 0),
              alarms=(_case_of("order", orders.c.id), _resting(payments.c.account_id))),
    Objective(name="The clock looks at an order", late=timedelta(minutes=30), table=orders, due=orders.c.clock_at,
              still=orders.c.clock_at.is_not(None)),
    Objective(name="A cron starts", late=timedelta(minutes=5), table=crons, due=crons.c.next_at,
              still=and_(crons.c.enabled, crons.c.next_at.is_not(None))),
    Objective(name="A run that began beats or is closed", late=timedelta(minutes=5), table=runs, due=runs.c.beat_at,
              still=runs.c.state == "running"),
    Objective(name="A run that waits is taken", late=timedelta(minutes=5), table=runs, due=runs.c.created_at,
              still=runs.c.state == "waiting"),
)


def late(at: datetime) -> tuple[Truth, ...]:
    """Law 9 as it stands at a moment."""
    return tuple(
        Truth(law=9, sentence=one.sentence, subject=one.table.name, query=one.query(at)) for one in OBJECTIVES
    )
