"""Needs attention: the open exceptions, each with its money, its reason and the next safe action."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request
from flask_admin import expose
from sqlalchemy import select

from kartify.admin.frame.desk import Desk, choices, common_zone, needs
from kartify.admin.frame.look import words
from kartify.admin.frame.paging import by_moment
from kartify.admin.frame.permissions import Permission
from kartify.admin.sales.order_page import next_action
from kartify.domain.cases import CaseType
from kartify.domain.errors import KartifyError
from kartify.flows.ground import audit
from kartify.flows.people import resolve
from kartify.models import Case, Order, Store


class Attention(Desk):
    @expose("/")
    def index(self) -> Any:
        return self._list()

    def _list(self, problem: str = "", case_id: UUID | None = None) -> str:
        kind, store = request.args.get("type", ""), request.args.get("store", "")
        found = select(Case).where(Case.closed_at.is_(None))
        if kind in list(CaseType):
            found = found.where(Case.type == kind)
        if store:
            found = found.where(Case.store_id.in_(select(Store.id).where(Store.code == store)))
        with self.reading() as session:
            page = by_moment(session, found, Case.opened_at, Case.id, request.args.get("after"))
            ids = [one.order_id for one in page.rows if one.order_id]
            orders = {one.id: one for one in session.scalars(select(Order).where(Order.id.in_(ids)))}
            stores, zone = choices(session), common_zone(session)
        return self.render(
            "cockpit/attention.html", page=page, orders=orders, stores=stores, zone=zone, kind=kind,
            kind_pairs=[(one, words(one)) for one in CaseType],
            store=store, next_action=next_action, held_apart=resolve.held_apart, problem=problem, problem_of=case_id,
            typed=request.form, params={name: value for name, value in (("type", kind), ("store", store)) if value},
        )

    @expose("/<uuid:case_id>/close", methods=("POST",))
    @needs(Permission.CASES)
    def close(self, case_id: UUID) -> Any:
        form = request.form
        act = audit.Act(by=self.person.email, action="close exception", subject=f"case:{case_id}", text="")
        try:
            said = resolve.close(
                self.house, case_id, by=self.person.email, reason=form.get("reason", ""), keep=form.get("keep") == "yes"
            )
        except KartifyError as problem:
            self.audited(act, f"not done: {problem}")
            return self._list(f"Not closed: {problem}.", case_id), 409
        return self.done(f"{said[:1].upper()}{said[1:]}.", "attention.index")
