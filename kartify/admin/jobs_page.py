"""System » Jobs: what is due and what is in hand now, by kind, and who works. The rows decide; the queue is a hint."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, runtime_checkable

from flask import url_for
from flask_admin import expose
from flask_babel import gettext
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from kartify import clock
from kartify.admin.frame.desk import Desk, common_zone, needs
from kartify.admin.frame.permissions import Permission
from kartify.flows.delivering.deliver_queue import OPEN
from kartify.flows.ground import audit
from kartify.flows.reading.scope import Scope
from kartify.languages import N_
from kartify.models import Base, Cron, Delivery, Heartbeat, InboxMessage, Operation, Order, Payment, Run

LATE: Final = timedelta(seconds=90)
BEATS_SHOWN: Final = timedelta(days=1)


@runtime_checkable
class Counting(Protocol):
    """A waker that knows how many jobs wait behind it."""

    def waiting(self) -> int | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """``due``: since when; ``still``: undone; ``lease``: until when someone has it; ``by``: "store" or "account", by
    which a person's stores are told apart. ``late``: how long something due may wait before it is worth a look."""

    name: str
    text: str
    model: type[Base]
    due: Any
    still: ColumnElement[bool]
    lease: Any = None
    running: ColumnElement[bool] | None = None
    by: Any
    store: bool = False
    page: str = ""
    late: timedelta = timedelta(minutes=2)


KINDS: Final = (
    Kind(name="inbox", text=N_("Messages to read again"), model=InboxMessage, due=InboxMessage.due_at,
         still=InboxMessage.state == "waiting", lease=InboxMessage.lease_until, by=InboxMessage.account_id,
         page="inbox.index"),
    Kind(name="lookup", text=N_("Payments to ask about"), model=Payment, due=Payment.next_ask_at,
         still=Payment.next_ask_at.is_not(None), lease=Payment.lease_until, by=Payment.account_id,
         page="crons.index", late=timedelta(minutes=30)),
    Kind(name="cron", text=N_("Crons to start"), model=Cron, due=Cron.next_at, still=Cron.enabled.is_(True),
         by=Cron.account_id, page="crons.index"),
    Kind(name="run", text=N_("Runs"), model=Run, due=Run.created_at, still=Run.state == "waiting",
         running=Run.state == "running", by=Run.account_id, page="runs.index"),
    Kind(name="conclude", text=N_("Orders the clock looks at"), model=Order, due=Order.clock_at,
         still=Order.clock_at.is_not(None), by=Order.store_id, store=True, page="orders.index"),
    Kind(name="operations", text=N_("Captures, voids and refunds"), model=Operation, due=Operation.due_at,
         still=Operation.due_at.is_not(None), lease=Operation.lease_until, by=Operation.account_id,
         page="orders.index"),
    Kind(name="deliver", text=N_("Deliveries to an OMS"), model=Delivery, due=Delivery.due_at,
         still=Delivery.state.in_(OPEN) & Delivery.account_id.is_not(None), lease=Delivery.lease_until,
         by=Delivery.store_id, store=True, page="deliveries.index", late=timedelta(minutes=10)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """One kind at this moment. ``since``: when the oldest became due. ``until``: when the first lease ends."""

    kind: Kind
    due: int
    since: datetime | None
    in_hand: int
    until: datetime | None
    url: str

    @property
    def late(self) -> bool:
        return self.since is not None and clock.now() - self.since > self.kind.late


class Jobs(Desk):
    @expose("/")
    def index(self) -> Any:
        with self.reading() as session:
            scope, zone = self.scope(session), common_zone(session)
            found = [_now(session, scope, kind) for kind in KINDS]
            alive = select(Heartbeat).where(Heartbeat.at > clock.now() - BEATS_SHOWN)
            beats = session.scalars(alive.order_by(Heartbeat.role, Heartbeat.name)).all()
        waker = self.house.waker
        queued = waker.waiting() if isinstance(waker, Counting) else None
        return self.render(
            "cockpit/jobs.html", found=found, beats=beats, zone=zone, queued=queued, late=clock.now() - LATE,
        )

    @expose("/wake", methods=("POST",))
    @needs(Permission.WORK)
    def wake(self) -> Any:
        act = audit.Act(by=self.person.email, action="wake workers", subject="jobs", text="")
        self.do(self._wake, act)
        return self.back("jobs.index")

    def _wake(self) -> str:
        if self.house.waker.wake("tick"):
            return gettext("Woken: a worker looks now at everything that is due. Reload the page to see what is left.")
        return gettext("No queue was reached. Nothing is lost: the clock looks every second, as soon as it runs.")


def _now(session: Session, scope: Scope, kind: Kind) -> Now:
    at = clock.now()
    free = or_(kind.lease.is_(None), kind.lease < at) if kind.lease is not None else None
    due = select(func.count(), func.min(kind.due)).select_from(kind.model).where(kind.still, kind.due <= at)
    many, since = session.execute(_of(scope, due if free is None else due.where(free), kind)).one()
    taken, until = 0, None
    if kind.lease is not None:
        held = select(func.count(), func.min(kind.lease)).select_from(kind.model).where(kind.still, kind.lease >= at)
        taken, until = session.execute(_of(scope, held, kind)).one()
    elif kind.running is not None:
        going = select(func.count()).select_from(kind.model).where(kind.running)
        taken = session.execute(_of(scope, going, kind)).scalar_one()
    return Now(kind=kind, due=many, since=since, in_hand=taken, until=until, url=url_for(kind.page))


def _of(scope: Scope, found: Any, kind: Kind) -> Any:
    return scope.rows(found, kind.by) if kind.store else scope.accounts(found, kind.by)
