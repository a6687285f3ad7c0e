"""The lights of queues, processes and laws."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from flask_babel import gettext as _
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from kartify.admin.frame.scope import Scope
from kartify.admin.overview.light import Light, ago
from kartify.domain.delivery import State
from kartify.flows.proof.laws import LAWS
from kartify.models import Case, Cron, Delivery, Heartbeat, InboxMessage, Operation, Run

# As law 9 has it.
MESSAGE_LATE: Final = timedelta(minutes=2)
CALL_LATE: Final = timedelta(minutes=10)
SILENT: Final = timedelta(seconds=90)
UNCHECKED: Final = timedelta(hours=1)
_OPEN: Final = (State.DUE, State.CLAIMED, State.SENT_UNKNOWN, State.FOUND)


def queue_lights(session: Session, scope: Scope, now: datetime) -> list[Light]:
    return [_inbox(session, scope, now), _outbox(session, scope, now), _operations(session, scope, now)]


def _counted(session: Session, found: Any, due: Any, limit: datetime) -> tuple[int, int, datetime | None]:
    """(all that wait, of these late, the oldest due time)."""
    late = func.sum(case((due < limit, 1), else_=0))
    row = session.execute(found.with_only_columns(func.count(), late, func.min(due))).one()
    return row[0], int(row[1] or 0), row[2]


def _inbox(session: Session, scope: Scope, now: datetime) -> Light:
    found = scope.accounts(select(InboxMessage).where(InboxMessage.state == "waiting"), InboxMessage.account_id)
    waiting, late, oldest = _counted(session, found, InboxMessage.due_at, now - MESSAGE_LATE)
    tone, word, reason = _queue(waiting, late, oldest, now)
    return Light(name=_("Inbox: what reached us"), tone=tone, word=word, reason=reason, endpoint="inbox.index",
                 act=_("Open the messages that wait"), ties={"state": "waiting"})


def _outbox(session: Session, scope: Scope, now: datetime) -> Light:
    """A delivery that nobody tries any more has an exception; what a person closed is decided."""
    found = scope.rows(select(Delivery).where(Delivery.state.in_(_OPEN)), Delivery.store_id)
    waiting, late, oldest = _counted(session, found, Delivery.due_at, now - CALL_LATE)
    parked = select(func.count()).where(Case.closed_at.is_(None), Case.subject.startswith("delivery:"))
    stuck = session.execute(scope.rows(parked, Case.store_id)).scalar_one()
    tone, word, reason = _queue(waiting, late, oldest, now)
    state = "due"
    if stuck:
        tone, state, word = "bad", "dead", _("%(count)s parked", count=stuck)
        parked_why = _("They did not reach the OMS and each has an exception that a person must decide.")
        reason = f"{parked_why} {reason}".strip()
    return Light(name=_("Outbox: what an OMS must get"), tone=tone, word=word, reason=reason,
                 endpoint="deliveries.index", act=_("Open the deliveries"), ties={"state": state})


def _operations(session: Session, scope: Scope, now: datetime) -> Light:
    found = scope.accounts(select(Operation).where(Operation.due_at.is_not(None)), Operation.account_id)
    waiting, late, oldest = _counted(session, found, Operation.due_at, now - CALL_LATE)
    tone, word, reason = _queue(waiting, late, oldest, now)
    return Light(name=_("Captures, voids and refunds"), tone=tone, word=word, reason=reason,
                 endpoint="accounts.index", act=_("Open the accounts"))


def _queue(waiting: int, late: int, oldest: datetime | None, now: datetime) -> tuple[str, str, str]:
    if late and oldest is not None:
        return "bad", _("%(count)s late", count=late), _(
            "The oldest was due %(time)s ago; %(count)s wait in all.", time=ago(oldest, now), count=waiting
        )
    if waiting:
        return "good", _("flows"), _("%(count)s wait for their turn.", count=waiting)
    return "good", _("empty"), ""


_ROLES: Final = ("clock", "worker")


def process_lights(session: Session, now: datetime) -> list[Light]:
    found = session.scalars(select(Heartbeat)).all()
    return [_process(role, [one for one in found if one.role == role], now) for role in _ROLES]


def _process(role: str, beats: Sequence[Heartbeat], now: datetime) -> Light:
    name, start = {
        "clock": (_("Clock"), _("Nothing starts by itself. Start it with: kartify clock")),
        "worker": (_("Workers"), _("Nothing is looked up or delivered. Start one with: kartify worker")),
    }[role]
    alive = [one for one in beats if one.at >= now - SILENT]
    if alive:
        tone, word, reason = "good", _("%(count)s beating", count=len(alive)), ""
    elif beats:
        last = max(one.at for one in beats)
        tone, word = "bad", _("silent")
        reason = f"{_('No sign of life for %(time)s.', time=ago(last, now))} {start}"
    else:
        tone, word, reason = "bad", _("never seen"), start
    return Light(name=name, tone=tone, word=word, reason=reason, endpoint="runs.index", act=_("Open the last runs"))


def law_light(session: Session, now: datetime) -> Light:
    """What the core's own cron found when it checked last."""
    cron_id = session.execute(
        select(Cron.id).where(Cron.name == "laws", Cron.account_id.is_(None))
    ).scalar_one_or_none()
    over = select(Run).where(Run.cron_id == cron_id, Run.state.in_(("done", "failed", "lost", "stopped")))
    run = session.scalars(over.order_by(Run.created_at.desc()).limit(1)).first() if cron_id else None
    tone, word, reason = _laws(run, now)
    where: dict[str, Any] = {"endpoint": "crons.cron", "ties": {"cron_id": cron_id}} if cron_id else {
        "endpoint": "crons.index"
    }
    if run is not None:
        where = {"endpoint": "crons.watch", "ties": {"run_id": run.id}}
    return Light(name=_("The laws"), tone=tone, word=word, reason=reason, act=_("Open the last check"), **where)


def _laws(run: Run | None, now: datetime) -> tuple[str, str, str]:
    if run is None:
        return "quiet", _("not checked yet"), _("They are checked every ten minutes once a worker runs.")
    since = _("Checked %(time)s ago.", time=ago(run.finished_at or run.created_at, now))
    if run.state != "done":
        return "warn", _("check failed"), f"{since} {run.result or ''}".strip()
    broken = (run.detail or {}).get("broken") or {}
    if broken:
        return "bad", _("broken"), f"{' '.join(_law(number, rows) for number, rows in sorted(broken.items()))} {since}"
    if (run.finished_at or run.created_at) < now - UNCHECKED:
        return "warn", _("held"), f"{since} {_('They should be checked every ten minutes.')}"
    return "good", _("hold"), since


def _law(number: str, rows: int) -> str:
    sentence = LAWS.get(int(number), "") if str(number).isdigit() else ""
    return _("Law %(number)s is broken by %(rows)s rows: %(sentence)s", number=number, rows=rows, sentence=sentence)
