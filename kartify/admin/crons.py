"""System » Crons: what each does, when, with what result; run, dry run, stop, run the rest, and the schedule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import flash, jsonify, make_response, request
from flask_admin import expose
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from kartify import clock
from kartify.admin import cron_look
from kartify.admin.cron_look import LIVING, told
from kartify.admin.frame.desk import Desk, common_zone, needs
from kartify.admin.frame.permissions import Permission
from kartify.domain.errors import Conflict, KartifyError, NotFound
from kartify.flows.ground import audit
from kartify.flows.lookups import fitting, resume, runs, schedules
from kartify.flows.reading.paging import by_moment
from kartify.models import Account, Cron, Order, Payment, Run, StoreAccount

SHOWN = 500
# In this order on the page; what is not of an account is the core's.
_KINDS = (runs.LOOKUP, runs.NEWS)


class Crons(Desk):
    @expose("/")
    def index(self) -> Any:
        with self.reading() as session:
            found = session.scalars(self.scope(session).accounts(select(Cron), Cron.account_id)).all()
            last = {one.id: _last(session, one.id) for one in found}
            accounts, zone = _accounts(session), common_zone(session)
        troubles = {one.id: cron_look.troubles(one, last[one.id], accounts.get(one.account_id)) for one in found}
        return self._render(
            "crons", groups=_groups(found, accounts), last=last, accounts=accounts, zone=zone, troubles=troubles
        )

    def _render(self, name: str, **values: Any) -> str:
        return self.render(f"cockpit/{name}.html", words=told, shows=cron_look, living=LIVING, **values)

    @expose("/<uuid:cron_id>")
    def cron(self, cron_id: UUID) -> Any:
        return self._page(cron_id, request.args)

    def _page(self, cron_id: UUID, typed: Any, *, problem: str = "", code: int = 200) -> Any:
        """``typed``: the schedule as it stands in the form, for the next five times before saving."""
        with self.reading() as session:
            cron = self._cron(session, cron_id)
            page = by_moment(
                session, select(Run).where(Run.cron_id == cron_id), Run.created_at, Run.id, request.args.get("after")
            )
            last, accounts, zone = _last(session, cron_id), _accounts(session), common_zone(session)
        schedule, name = typed.get("schedule", cron.schedule).strip(), typed.get("timezone", cron.timezone).strip()
        times, refused = self._times(cron, schedule, name)
        account = accounts.get(cron.account_id)
        body = self._render(
            "cron", cron=cron, page=page, account=account, zone=zone, schedule=schedule, timezone=name, times=times,
            problem=problem or refused, current=next((one for one in last if one.state in LIVING), None),
            enabled=typed.get("enabled") == "yes" if "schedule" in typed else cron.enabled,
            bars=cron_look.bars(last) if account else [], troubles=cron_look.troubles(cron, last, account),
        )
        return make_response(body, code)

    def _times(self, cron: Cron, schedule: str, zone: str) -> tuple[Sequence[datetime], str]:
        """The next five times, and why they cannot work; what is saved already is not judged anew."""
        times: Sequence[datetime] = ()
        try:
            times = schedules.next_times(schedule, zone, clock.now())
            if (schedule, zone) != (cron.schedule, cron.timezone):
                fitting.check(self.house, cron.id, schedule, zone, clock.now())
        except KartifyError as problem:
            return times, gettext("This cannot work: %(problem)s.", problem=problem)
        return times, ""

    def _cron(self, session: Session, cron_id: UUID) -> Cron:
        query = self.scope(session).accounts(select(Cron).where(Cron.id == cron_id), Cron.account_id)
        if (found := session.scalars(query).first()) is None:
            raise NotFound(gettext("there is no such cron"))
        return found

    def _run(self, session: Session, run_id: UUID) -> Run:
        query = self.scope(session).accounts(select(Run).where(Run.id == run_id), Run.account_id)
        if (found := session.scalars(query).first()) is None:
            raise NotFound(gettext("there is no such run"))
        return found

    @expose("/<uuid:cron_id>/run", methods=("POST",))
    @needs(Permission.WORK)
    def run(self, cron_id: UUID) -> Any:
        dry = request.form.get("dry") == "yes"
        with self.reading() as session:
            cron = self._cron(session, cron_id)
        act = audit.Act(by=self.person.email, action="dry run" if dry else "run", subject=f"cron:{cron_id}", text="")
        return self._started(lambda: self._start(cron, dry), act) or self.back("crons.cron", cron_id=cron_id)

    def _started(self, start: Callable[[], tuple[UUID, str]], act: audit.Act) -> Any:
        """To the run's page; None where there is none."""
        made: list[UUID] = []

        def work() -> str:
            run_id, said = start()
            made.append(run_id)
            self.house.waker.wake("run", str(run_id))
            return said

        self.do(work, act)
        return self.back("crons.watch", run_id=made[0]) if made else None

    def _start(self, cron: Cron, dry: bool) -> tuple[UUID, str]:
        said = gettext("Started. A worker takes it within a second or two.")
        if dry and not told(cron.name).dry:
            raise Conflict(gettext(
                "there is no dry run of this cron: only an order lookup can ask and change nothing"))
        if cron.account_id is None:
            return runs.start_core(self.house, cron.id, by=self.person.email), said
        return runs.start(self.house, cron.account_id, by=self.person.email, dry=dry), said

    @expose("/runs/<uuid:run_id>")
    def watch(self, run_id: UUID) -> Any:
        with self.reading() as session:
            run = self._run(session, run_id)
            cron, accounts, zone = session.get(Cron, run.cron_id), _accounts(session), common_zone(session)
            answers = self._answers(session, run) if run.by != "clock" and run.orders else ()
            named = self._named(session, run) if run.orders and not answers else ()
            left = len(resume.rest(session.connection(), run))
        return self._render(
            "run", run=run, cron=cron, account=accounts.get(run.account_id), zone=zone, alive=run.state in LIVING,
            answers=answers, named=named, left=left,
        )

    def _answers(self, session: Session, run: Run) -> Sequence[Any]:
        """What became of each order of a run that a person started, as far as one page can show."""
        query: Any = (
            select(Order.id, Order.number, Order.status, Payment.asked_at, Payment.last_answer)
            .join(Payment, Payment.order_id == Order.id)
            .where(Payment.account_id == run.account_id, Order.number.in_((run.orders or [])[:SHOWN]))
            .order_by(Order.number)
        )
        return session.execute(self.scope(session).rows(query, Order.store_id)).all()

    def _named(self, session: Session, run: Run) -> Sequence[Any]:
        """The orders that a run of the clock tells of, as far as they are this person's."""
        query: Any = (
            select(Order.id, Order.number).join(StoreAccount, StoreAccount.store_id == Order.store_id)
            .where(StoreAccount.account_id == run.account_id, Order.number.in_((run.orders or [])[:SHOWN]))
            .order_by(Order.number)
        )
        return session.execute(self.scope(session).rows(query, Order.store_id)).all()

    @expose("/runs/<uuid:run_id>.json")
    def progress(self, run_id: UUID) -> Any:
        """What the page's script asks for every two seconds."""
        with self.reading() as session:
            run = self._run(session, run_id)
        return jsonify(
            state=run.state, total=run.total, asked=run.asked, recovered=run.recovered, unknown=run.unknown,
            money=cron_look.recovered(run), living=run.state in LIVING,
        )

    @expose("/runs/<uuid:run_id>/rest", methods=("POST",))
    @needs(Permission.WORK)
    def rest(self, run_id: UUID) -> Any:
        with self.reading() as session:
            self._run(session, run_id)
        act = audit.Act(by=self.person.email, action="run the rest", subject=f"run:{run_id}", text="")

        def start() -> tuple[UUID, str]:
            made, count = resume.resume(self.house, run_id, by=self.person.email)
            return made, gettext("Started with the %(count)s that were not asked yet.", count=count)

        return self._started(start, act) or self.back("crons.watch", run_id=run_id)

    @expose("/runs/<uuid:run_id>/stop", methods=("POST",))
    @needs(Permission.WORK)
    def stop(self, run_id: UUID) -> Any:
        act = audit.Act(by=self.person.email, action="stop run", subject=f"run:{run_id}", text="")
        with self.reading() as session:
            self._run(session, run_id)

        def work() -> str:
            runs.stop(self.house, run_id)
            return gettext("Stop asked: the run ends after the payments it has in hand.")

        self.do(work, act)
        return self.back("crons.watch", run_id=run_id)

    @expose("/<uuid:cron_id>/schedule", methods=("POST",))
    @needs(Permission.MANAGE)
    def schedule(self, cron_id: UUID) -> Any:
        form = request.form
        act = audit.Act(by=self.person.email, action="schedule", subject=f"cron:{cron_id}", text="")
        version, enabled = form.get("version", ""), form.get("enabled") == "yes"
        with self.reading() as session:
            self._cron(session, cron_id)
        try:
            times = runs.set_cron(
                self.house, cron_id, schedule=form.get("schedule", "").strip(), zone=form.get("timezone", "").strip(),
                enabled=enabled, version=int(version) if version.isdigit() else -1,
            )
        except KartifyError as problem:
            self.audited(act, f"not done: {problem}")
            return self._page(cron_id, form, problem=gettext("Not saved: %(problem)s.", problem=problem), code=409)
        state = "" if enabled else ", switched off"
        self.audited(act, f"{form.get('schedule', '').strip()} ({form.get('timezone', '').strip()}){state}")
        following = f"{times[0]:%Y-%m-%d %H:%M:%S} UTC"
        said = gettext("Saved. Next run %(at)s.", at=following) if enabled else gettext("Saved, and switched off.")
        flash(said, "good")
        return self.back("crons.cron", cron_id=cron_id)


def _groups(found: Sequence[Cron], accounts: dict[UUID | None, Account]) -> list[tuple[str, list[Cron]]]:
    """With a heading for each kind; the core's last."""
    def named(one: Cron) -> tuple[str, str]:
        account = accounts.get(one.account_id)
        return (account.label if account else told(one.name).title), str(one.id)

    headings = (gettext("Order lookups"), gettext("News from OMSes"))
    groups = [
        (heading, sorted((one for one in found if one.name == kind and one.account_id), key=named))
        for kind, heading in zip(_KINDS, headings, strict=True)
    ]
    core = sorted((one for one in found if one.account_id is None), key=named)
    return [(heading, rows) for heading, rows in [*groups, (gettext("kartify's own"), core)] if rows]


def _last(session: Session, cron_id: UUID) -> Sequence[Run]:
    """Newest first, as many as the picture shows."""
    newest = select(Run).where(Run.cron_id == cron_id).order_by(Run.created_at.desc(), Run.id.desc())
    return session.scalars(newest.limit(cron_look.SHOWN)).all()


def _accounts(session: Session) -> dict[UUID | None, Account]:
    return {one.id: one for one in session.scalars(select(Account))}
