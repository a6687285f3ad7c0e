"""System » Tools: pages that plugins declare as data. The core knows verbs, and no partner by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from flask import flash, make_response, request
from flask_admin import expose
from flask_babel import gettext
from sqlalchemy import select

from kartify.admin.frame.desk import Desk, needs, not_done
from kartify.admin.frame.permissions import Permission
from kartify.domain.errors import Conflict, KartifyError, NotFound
from kartify.flows.ground import audit
from kartify.flows.people import confirm
from kartify.flows.people.approvals import NeedsSecond
from kartify.models import Account as AccountRow
from kartify.models import Order, StoreAccount
from kartify.plugin.partner import Partner, Tool


class Tools(Desk):
    def _declared(self) -> Iterator[tuple[type[Partner], Tool]]:
        for slug in sorted(self.house.registry.partners):
            partner = self.house.registry.partners[slug].partner
            for tool in partner.tools:
                yield partner, tool

    @expose("/")
    def index(self) -> Any:
        return self.render("cockpit/tools.html", tools=list(self._declared()))

    @expose("/<slug>/<verb>", methods=("GET", "POST"))
    @needs(Permission.WORK)
    def tool(self, slug: str, verb: str) -> Any:
        partner, tool = self._find(slug, verb)
        if request.method == "GET":
            return self._page(partner, tool)
        named = request.form.get("order", "").strip()
        act = audit.Act(by=self.person.email, action=tool.title.lower(), subject=f"tool:{slug}", text=named)
        try:
            order_id = self._order(partner, named)
            said = self._run(tool, order_id)
        except NeedsSecond as waits:
            self.audited(act, f"not done: {waits}")
            flash(gettext("Nothing was moved: %(why)s.", why=str(waits)), "warn")
            return self.back("orders.page", order_id=order_id)
        except KartifyError as problem:
            self.audited(act, f"not done: {problem}")
            return make_response(self._page(partner, tool, problem=not_done(problem)), 409)
        self.audited(act, said, order_id=order_id)
        flash(said, "good")
        return self.back("orders.page", order_id=order_id)

    def _page(self, partner: type[Partner], tool: Tool, problem: str = "") -> str:
        return self.render("cockpit/tool.html", partner=partner, tool=tool, problem=problem, typed=request.form)

    def _find(self, slug: str, name: str) -> tuple[type[Partner], Tool]:
        for partner, tool in self._declared():
            if (partner.slug, tool.name) == (slug, name):
                return partner, tool
        raise NotFound(gettext("no installed plugin has this tool"))

    def _order(self, partner: type[Partner], named: str) -> UUID:
        """The order by the OMS's id or our number, in a store that uses this partner."""
        if not named:
            raise Conflict(gettext("give an order id"))
        with self.reading() as session:
            visible = self.scope(session).stores
        order_id = confirm.find_order(self.house, named, stores=visible)
        mine = (
            select(Order.id)
            .join(StoreAccount, StoreAccount.store_id == Order.store_id)
            .join(AccountRow, AccountRow.id == StoreAccount.account_id)
            .where(Order.id == order_id, AccountRow.slug == partner.slug, StoreAccount.active)
        )
        with self.reading() as session:
            if session.scalars(mine).first() is None:
                raise Conflict(gettext("the store of order %(number)s has no active %(partner)s account",
                                       number=named, partner=partner.name))
        return order_id

    def _run(self, tool: Tool, order_id: UUID) -> str:
        reason = request.form.get("reason", "").strip() or f"{tool.title} pressed in System » Tools"
        match tool.verb:
            case "confirm_payment":
                return confirm.confirm_payment(self.house, order_id, by=self.person.email, reason=reason).text
