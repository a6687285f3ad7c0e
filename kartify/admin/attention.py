"""Needs attention: the open exceptions, who looks after each, and what is safe to do next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import flash, make_response, request
from flask_admin import expose
from flask_babel import gettext

from kartify import clock
from kartify.admin import attention_list
from kartify.admin.attention_list import Query, stamp
from kartify.admin.attention_next import steps, told
from kartify.admin.frame.desk import Desk, choices, common_zone, needs
from kartify.admin.frame.look import words, zone_of
from kartify.admin.frame.permissions import Permission
from kartify.admin.sales.order_page import next_action
from kartify.domain.cases import CaseType
from kartify.domain.errors import Invalid, KartifyError, NotFound
from kartify.flows.ground import audit
from kartify.flows.people import caseload, resolve
from kartify.models import Case, Store


class Attention(Desk):
    @expose("/")
    def index(self) -> Any:
        return self._list()

    def _list(
        self, *, problem: str = "", case_id: UUID | None = None, code: int = 200, results: Sequence[caseload.Row] = ()
    ) -> Any:
        """``problem`` of ``case_id``: shown at that exception, with what was typed."""
        query = Query.read(request.args)
        with self.reading() as session:
            found = attention_list.listed(session, self.scope(session), query, me=self.person.email)
            stores, zone = choices(session, self.person.stores), common_zone(session)
        here = case_id in {one.id for one in found.page.rows}
        page = self.render(
            "cockpit/attention.html", query=query, found=found, page=found.page, stores=stores, zone=zone,
            kind_pairs=[(one, words(one)) for one in CaseType], states=attention_list.STATES, params=query.params(),
            next_action=next_action, steps=steps, told=told, stamp=stamp, held_apart=resolve.held_apart,
            now=clock.now(), wrong=query.problem(), problem=problem, problem_of=case_id if here else None,
            typed=request.form, results=results,
        )
        return make_response(page, code)

    @expose("/<uuid:case_id>/assign", methods=("POST",))
    @needs(Permission.ATTEND)
    def assign(self, case_id: UUID) -> Any:
        def work(seen: str) -> str:
            return caseload.assign(self.house, case_id, by=self.person.email, to=_to(self.person.email), seen=seen)

        return self._act(case_id, "assign exception", work)

    @expose("/<uuid:case_id>/snooze", methods=("POST",))
    @needs(Permission.ATTEND)
    def snooze(self, case_id: UUID) -> Any:
        def work(seen: str) -> str:
            until = self._until(case_id)
            return caseload.snooze(self.house, case_id, by=self.person.email, until=until, seen=seen)

        return self._act(case_id, "snooze exception", work)

    @expose("/<uuid:case_id>/wake", methods=("POST",))
    @needs(Permission.ATTEND)
    def wake(self, case_id: UUID) -> Any:
        return self._act(case_id, "wake exception", lambda seen: caseload.wake(
            self.house, case_id, by=self.person.email, seen=seen))

    @expose("/<uuid:case_id>/close", methods=("POST",))
    @needs(Permission.CASES)
    def close(self, case_id: UUID) -> Any:
        def work(seen: str) -> str:
            form = request.form
            return resolve.close(
                self.house, case_id, by=self.person.email, reason=form.get("reason", ""),
                keep=form.get("keep") == "yes", seen=seen,
            )

        return self._act(case_id, "close exception", work)

    def _act(self, case_id: UUID, action: str, work: Callable[[str], str]) -> Any:
        """Does it and shows the list again; a refusal stands at its exception, with what was typed."""
        self._refuse_unseen(case_id)
        act = audit.Act(by=self.person.email, action=action, subject=f"case:{case_id}", text="")
        try:
            said = work(_seen(request.form.get("seen", "")))
        except KartifyError as problem:
            self.audited(act, f"not done: {problem}")
            code = 422 if isinstance(problem, Invalid) else 409
            return self._list(problem=gettext("Not done: %(why)s.", why=problem), case_id=case_id, code=code)
        flash(f"{said[:1].upper()}{said[1:]}.", "good")
        return self.back("attention.index", **Query.read(request.args).params(), _anchor=f"case-{case_id}")

    def _refuse_unseen(self, case_id: UUID) -> None:
        with self.reading() as session:
            if not attention_list.visible_ids(session, self.scope(session), [case_id]):
                raise NotFound(gettext("there is no such exception"))

    def _until(self, case_id: UUID) -> datetime:
        """A moment that was typed is meant in the zone of the exception's store."""
        with self.reading() as session:
            case = session.get(Case, case_id)
            store = session.get(Store, case.store_id) if case and case.store_id else None
            zone = store.timezone if store else common_zone(session)
        return until(request.form.get("for", ""), request.form.get("until", ""), zone)

    @expose("/many", methods=("POST",))
    @needs(Permission.ATTEND)
    def many(self) -> Any:
        """Take, give, give back or snooze all that are ticked."""
        if request.form.get("do") == "snooze":
            with self.reading() as session:
                zone = common_zone(session)
            return self._many("snooze exceptions", lambda: self._snoozing(zone))
        return self._many("assign exceptions", self._assigning)

    def _snoozing(self, zone: str) -> Callable[[UUID, str], str]:
        moment = until(request.form.get("for", ""), request.form.get("until", ""), zone)
        return lambda one, seen: caseload.snooze(self.house, one, by=self.person.email, until=moment, seen=seen)

    def _assigning(self) -> Callable[[UUID, str], str]:
        to = _to(self.person.email)
        return lambda one, seen: caseload.assign(self.house, one, by=self.person.email, to=to, seen=seen)

    @expose("/close-many", methods=("POST",))
    @needs(Permission.CASES)
    def close_many(self) -> Any:
        def closing() -> Callable[[UUID, str], str]:
            reason = request.form.get("reason", "")
            return lambda one, seen: resolve.close(
                self.house, one, by=self.person.email, reason=reason, seen=seen)

        return self._many("close exceptions", closing)

    def _many(self, action: str, prepared: Callable[[], Callable[[UUID, str], str]]) -> Any:
        """A result for each; what was left out or refused is audited as what was done is."""
        act = audit.Act(by=self.person.email, action=action, subject="cases", text="")
        try:
            chosen = self._ticked()
            results = caseload.many(self.house, chosen, prepared())
        except KartifyError as problem:
            self.audited(act, f"not done: {problem}")
            return self._list(problem=gettext("Not done: %(why)s.", why=problem), code=422)
        for row in results:
            if not row.done:
                one = audit.Act(by=act.by, action=action, subject=f"case:{row.case_id}", text="")
                self.audited(one, f"{row.name}: {row.said}")
        return self._list(results=results)

    def _ticked(self) -> list[tuple[UUID, str]]:
        """Ids with their stamps; of those that the person may see."""
        try:
            given = [(UUID(one), seen) for one, _, seen in (text.partition(".") for text in _ticks())]
        except ValueError:
            raise Invalid("case", gettext("expected the ids that the page has")) from None
        with self.reading() as session:
            seen = attention_list.visible_ids(session, self.scope(session), [one for one, _ in given])
        return [(one, _seen(stamped)) for one, stamped in given if one in seen]


def _ticks() -> list[str]:
    return list(dict.fromkeys(request.form.getlist("case")))


def _seen(stamped: str) -> str:
    if not stamped:
        raise Invalid("seen", gettext("expected the mark of what the page showed; reload the page"))
    return stamped


def _to(me: str) -> str | None:
    """Who shall have it: "me", "nobody", or an e-mail."""
    wanted = request.form.get("to", "").strip().lower()[:200]
    if not wanted:
        raise Invalid("to", gettext("expected whom to give it to"))
    return {"me": me, "nobody": None}.get(wanted, wanted)


_LENGTHS = {"1h": timedelta(hours=1), "4h": timedelta(hours=4), "week": timedelta(days=7)}


def until(choice: str, typed: str, zone: str) -> datetime:
    """The end of a rest: a moment that was typed (in the store's zone) goes before a length. Raises ``Invalid``."""
    if not typed.strip():
        return _after(choice, zone)
    try:
        found = datetime.fromisoformat(typed)
        return (found if found.tzinfo else found.replace(tzinfo=zone_of(zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid("until", gettext("expected a date and time, such as 2026-11-30T10:00")) from None


def _after(choice: str, zone: str) -> datetime:
    if choice in _LENGTHS:
        return clock.now() + _LENGTHS[choice]
    if choice != "tomorrow":
        raise Invalid("until", gettext("expected how long it may rest, or a date and time"))
    there = clock.now().astimezone(zone_of(zone)) + timedelta(days=1)
    return there.replace(hour=9, minute=0, second=0, microsecond=0).astimezone(UTC)
