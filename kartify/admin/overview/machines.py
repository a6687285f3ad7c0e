"""The lights of queues, processes and laws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from flask_babel import gettext as _
from sqlalchemy import String, case, func, literal, select, union_all
from sqlalchemy.orm import Session

from kartify.admin.overview.light import Light, ago
from kartify.domain.delivery import State
from kartify.flows.proof.laws import LAWS
from kartify.flows.reading.scope import Scope
from kartify.languages import translated
from kartify.models import Case, Cron, Delivery, Heartbeat, InboxMessage, Operation, Run

# As law 9 has it.
MESSAGE_LATE: Final = timedelta(minutes=2)
CALL_LATE: Final = timedelta(minutes=10)
SILENT: Final = timedelta(seconds=90)
UNCHECKED: Final = timedelta(hours=1)
_OPEN: Final = (State.DUE, State.CLAIMED, State.SENT_UNKNOWN, State.FOUND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """``late``: due for longer than the objective. ``oldest``: the earliest due time."""

    waiting: int
    late: int
    oldest: datetime | None


def queue_lights(session: Session, scope: Scope, now: datetime) -> list[Light]:
    found = _queues(session, scope, now)
    plain = {
        "inbox": (_("Inbox (what reached us)"), "inbox.index", _("Open the messages that wait"), {"state": "waiting"}),
        "operations": (_("Captures, voids and refunds"), "accounts.index", _("Open the accounts"), {}),
    }
    lights = []
    for key, (name, endpoint, act, ties) in plain.items():
        tone, word, reason = _queue(found[key], now)
        lights.append(Light(name=name, tone=tone, word=word, reason=reason, endpoint=endpoint, act=act, ties=ties))
    return [lights[0], _outbox(found["outbox"], found["parked"].waiting, now), lights[1]]


def _queues(session: Session, scope: Scope, now: datetime) -> dict[str, Queue]:
    """One query; each part goes by the partial index of what is not done."""
    message, operation, row = InboxMessage, Operation, Delivery
    waits = scope.accounts(_counted("inbox", message.due_at, now - MESSAGE_LATE), message.account_id)
    calls = scope.accounts(_counted("operations", operation.due_at, now - CALL_LATE), operation.account_id)
    told = scope.rows(_counted("outbox", row.due_at, now - CALL_LATE), row.store_id)
    # A delivery that nobody tries any more has an exception; what a person closed is decided.
    parked = scope.rows(_counted("parked", Case.deadline, now), Case.store_id)
    found = session.execute(union_all(
        waits.where(message.state == "waiting"), told.where(row.state.in_(_OPEN)),
        calls.where(operation.due_at.is_not(None)),
        parked.where(Case.closed_at.is_(None), Case.subject.startswith("delivery:")),
    ))
    return {name: Queue(waiting=many, late=int(late or 0), oldest=oldest) for name, many, late, oldest in found}


def _counted(name: str, due: Any, limit: datetime) -> Any:
    late = func.sum(case((due < limit, 1), else_=0))
    return select(literal(name, String).label("name"), func.count().label("many"), late.label("late"),
                  func.min(due).label("oldest"))


def _outbox(queue: Queue, parked: int, now: datetime) -> Light:
    tone, word, reason = _queue(queue, now)
    state = "due"
    if parked:
        tone, state, word = "bad", "dead", _("%(count)s parked", count=parked)
        why = _("They did not reach the OMS, and each has an exception that a person must decide.")
        reason = f"{why} {reason}".strip()
    return Light(name=_("Outbox (to the OMS)"), tone=tone, word=word, reason=reason,
                 endpoint="deliveries.index", act=_("Open the deliveries"), ties={"state": state})


def _queue(queue: Queue, now: datetime) -> tuple[str, str, str]:
    if queue.late and queue.oldest is not None:
        return "bad", _("%(count)s late", count=queue.late), _(
            "The oldest was due %(time)s ago; %(count)s wait in all.", time=ago(queue.oldest, now), count=queue.waiting
        )
    if queue.waiting:
        return "good", _("flows"), _("%(count)s wait for their turn.", count=queue.waiting)
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


def law_light(crons: Sequence[tuple[Cron, Run | None]], now: datetime) -> Light:
    """What the core's own cron found when it checked last. ``crons``: each with its last run."""
    mine = next(((cron, run) for cron, run in crons if cron.name == "laws" and cron.account_id is None), None)
    cron, run = mine or (None, None)
    tone, word, reason = _laws(run, now)
    where: dict[str, Any] = {"endpoint": "crons.index"}
    if run is not None:
        where = {"endpoint": "crons.watch", "ties": {"run_id": run.id}}
    elif cron is not None:
        where = {"endpoint": "crons.cron", "ties": {"cron_id": cron.id}}
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
    sentence = translated(LAWS.get(int(number), "")) if str(number).isdigit() else ""
    return _("Law %(number)s is broken by %(rows)s rows: %(sentence)s", number=number, rows=rows, sentence=sentence)
