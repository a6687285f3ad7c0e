"""System » Crons: what each does, when, with what result; run, dry run, stop, and the schedule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import flash, jsonify, make_response, request
from flask_admin import expose
from sqlalchemy import select
from sqlalchemy.orm import Session

from kartify import clock
from kartify.admin.frame.desk import Desk, common_zone, needs
from kartify.admin.frame.look import money
from kartify.admin.frame.paging import by_moment
from kartify.admin.frame.permissions import Permission
from kartify.domain.errors import Conflict, KartifyError, NotFound
from kartify.flows.ground import audit
from kartify.flows.lookups import runs, schedules
from kartify.models import Account, Cron, Order, Payment, Run

WORDS = {
    "lookup": "Asks the gateway for the payment status of orders that wait, and settles what is paid.",
}
LIVING = ("waiting", "running")
SHOWN = 500


def told(cron: Cron) -> str:
    return WORDS.get(cron.name, f"A cron of the core: {cron.name.replace('_', ' ')}.")


def rhythm(schedule: str) -> str:
    """ "every 300" in words; cron fields as they are."""
    try:
        seconds = schedules.interval(schedule)
    except KartifyError:
        return schedule
    if seconds is None:
        return schedule
    for size, name in ((3600, "h"), (60, "min")):
        if seconds % size == 0:
            return f"every {seconds // size} {name}"
    return f"every {seconds} s"


def recovered(run: Run) -> str:
    return ", ".join(money(sum_, currency) for currency, sum_ in (run.money or {}).items() if sum_) or "–"


class Crons(Desk):
    @expose("/")
    def index(self) -> Any:
        with self.reading() as session:
            crons = session.scalars(select(Cron).order_by(Cron.name, Cron.id)).all()
            last = {one.id: self._last(session, one.id) for one in crons}
            accounts, zone = _accounts(session), common_zone(session)
        return self.render(
            "cockpit/crons.html", crons=crons, last=last, accounts=accounts, zone=zone, told=told, rhythm=rhythm,
            recovered=recovered, living=LIVING,
        )

    def _last(self, session: Session, cron_id: UUID) -> Run | None:
        newest = select(Run).where(Run.cron_id == cron_id).order_by(Run.created_at.desc()).limit(1)
        return session.scalars(newest).first()

    @expose("/<uuid:cron_id>")
    def cron(self, cron_id: UUID) -> Any:
        return self._page(cron_id, request.args)

    def _page(self, cron_id: UUID, typed: Any, *, problem: str = "", code: int = 200) -> Any:
        """``typed``: the schedule as it stands in the form, for the next five times before saving."""
        with self.reading() as session:
            cron = _cron(session, cron_id)
            page = by_moment(
                session, select(Run).where(Run.cron_id == cron_id), Run.created_at, Run.id, request.args.get("after")
            )
            accounts, zone = _accounts(session), common_zone(session)
        schedule, name = typed.get("schedule", cron.schedule), typed.get("timezone", cron.timezone)
        times, refused = _times(schedule, name)
        body = self.render(
            "cockpit/cron.html", cron=cron, page=page, account=accounts.get(cron.account_id), zone=zone, told=told,
            rhythm=rhythm, recovered=recovered, living=LIVING, schedule=schedule, timezone=name, times=times,
            problem=problem or refused, current=next((one for one in page.rows if one.state in LIVING), None),
            enabled=typed.get("enabled") == "yes" if "schedule" in typed else cron.enabled,
        )
        return make_response(body, code)

    @expose("/<uuid:cron_id>/run", methods=("POST",))
    @needs(Permission.WORK)
    def run(self, cron_id: UUID) -> Any:
        dry = request.form.get("dry") == "yes"
        act = audit.Act(by=self.person.email, action="dry run" if dry else "run", subject=f"cron:{cron_id}", text="")
        started: list[UUID] = []

        def work() -> str:
            started.append(self._start(cron_id, dry))
            return "Started. A worker takes it within a second or two."

        self.do(work, act)
        return self.back("crons.watch", run_id=started[0]) if started else self.back("crons.cron", cron_id=cron_id)

    def _start(self, cron_id: UUID, dry: bool) -> UUID:
        with self.reading() as session:
            cron = _cron(session, cron_id)
        if cron.account_id is None:
            raise Conflict("this cron belongs to the core and runs by its schedule only")
        run_id = runs.start(self.house, cron.account_id, by=self.person.email, dry=dry)
        self.house.waker.wake("run", str(run_id))
        return run_id

    @expose("/runs/<uuid:run_id>")
    def watch(self, run_id: UUID) -> Any:
        with self.reading() as session:
            run = _run(session, run_id)
            cron, accounts, zone = session.get(Cron, run.cron_id), _accounts(session), common_zone(session)
            answers = _answers(session, run) if run.by != "clock" and run.orders else ()
        return self.render(
            "cockpit/run.html", run=run, cron=cron, account=accounts.get(run.account_id), zone=zone, told=told,
            recovered=recovered, living=run.state in LIVING, answers=answers,
        )

    @expose("/runs/<uuid:run_id>.json")
    def progress(self, run_id: UUID) -> Any:
        """What the page's script asks for every two seconds."""
        with self.reading() as session:
            run = _run(session, run_id)
        return jsonify(
            state=run.state, total=run.total, asked=run.asked, recovered=run.recovered, unknown=run.unknown,
            money=recovered(run), living=run.state in LIVING,
        )

    @expose("/runs/<uuid:run_id>/stop", methods=("POST",))
    @needs(Permission.WORK)
    def stop(self, run_id: UUID) -> Any:
        act = audit.Act(by=self.person.email, action="stop run", subject=f"run:{run_id}", text="")
        with self.reading() as session:
            _run(session, run_id)

        def work() -> str:
            runs.stop(self.house, run_id)
            return "Stop asked: the run ends after the payments it has in hand."

        self.do(work, act)
        return self.back("crons.watch", run_id=run_id)

    @expose("/<uuid:cron_id>/schedule", methods=("POST",))
    @needs(Permission.MANAGE)
    def schedule(self, cron_id: UUID) -> Any:
        form = request.form
        act = audit.Act(by=self.person.email, action="schedule", subject=f"cron:{cron_id}", text="")
        version = form.get("version", "")
        try:
            times = runs.set_cron(
                self.house, cron_id, schedule=form.get("schedule", "").strip(), zone=form.get("timezone", "").strip(),
                enabled=form.get("enabled") == "yes", version=int(version) if version.isdigit() else -1,
            )
        except KartifyError as problem:
            self.audited(act, f"not done: {problem}")
            return self._page(cron_id, form, problem=f"Not saved: {problem}.", code=409)
        state = "" if form.get("enabled") == "yes" else ", switched off"
        said = f"{form.get('schedule', '').strip()} ({form.get('timezone', '').strip()}){state}"
        self.audited(act, said)
        flash(f"Saved. Next run {times[0]:%Y-%m-%d %H:%M:%S} UTC{state}.", "good")
        return self.back("crons.cron", cron_id=cron_id)


def _answers(session: Session, run: Run) -> Sequence[Any]:
    """What became of each order of a run that a person started, as far as one page can show."""
    query = (
        select(Order.id, Order.number, Order.status, Payment.asked_at, Payment.last_answer)
        .join(Payment, Payment.order_id == Order.id)
        .where(Payment.account_id == run.account_id, Order.number.in_((run.orders or [])[:SHOWN]))
        .order_by(Order.number)
    )
    return session.execute(query).all()


def _times(schedule: str, zone: str) -> tuple[Sequence[datetime], str]:
    try:
        return schedules.next_times(schedule, zone, clock.now()), ""
    except KartifyError as problem:
        return (), f"This cannot work: {problem}."


def _cron(session: Session, cron_id: UUID) -> Cron:
    if (found := session.get(Cron, cron_id)) is None:
        raise NotFound("there is no such cron")
    return found


def _run(session: Session, run_id: UUID) -> Run:
    if (found := session.get(Run, run_id)) is None:
        raise NotFound("there is no such run")
    return found


def _accounts(session: Session) -> dict[UUID | None, Account]:
    return {one.id: one for one in session.scalars(select(Account))}
