"""Sales » Orders."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, request
from flask_admin import expose
from sqlalchemy import select

from kartify import clock
from kartify.admin.frame.desk import choices, needs
from kartify.admin.frame.look import title, words
from kartify.admin.frame.permissions import Permission
from kartify.admin.sales import order_bulk, order_export, order_list
from kartify.admin.sales.order_edit import OrderEdit
from kartify.domain.errors import Invalid
from kartify.domain.status import Status
from kartify.flows.ground import audit
from kartify.models import Account, Order


class Orders(OrderEdit):
    @expose("/")
    def index(self) -> Any:
        query = order_list.Query.read(request.args)
        with self.reading() as session:
            found = order_list.listed(session, query, personal=self.person.personal)
            stores = choices(session)
            slugs = session.scalars(select(Account.slug).where(Account.kind == "gateway").distinct()).all()
        if query.search and len(found.page.rows) == 1 and found.page.first:
            return self.back("orders.page", order_id=found.page.rows[0].id)
        return self.render(
            "cockpit/orders.html", query=query, found=found, stores=stores, views=order_list.VIEWS,
            why=lambda order: why(found, order), status_pairs=[(one, one) for one in Status],
            gateway_pairs=[(one, one) for one in sorted(slugs)],
            age_pairs=[(name, text) for name, (text, _) in order_list.AGES.items()],
        )


    @expose("/check-many", methods=("POST",))
    @needs(Permission.WORK)
    def check_many(self) -> Any:
        """Those that are ticked, or all that the filters show."""
        query = order_list.Query.read(request.form)
        act = audit.Act(by=self.person.email, action="check payments", subject="orders", text="")
        started: list[order_bulk.Started] = []

        def work() -> str:
            with self.reading() as session:
                chosen = order_bulk.shown(session, query, personal=self.person.personal) if (
                    request.form.get("which") == "all") else _ticked(request.form.getlist("order"))
            # Outside of the reading: starting a run writes.
            with self.reading() as session:
                plan = order_bulk.planned(session, chosen)
            started.append(order_bulk.check(self.house, plan, by=self.person.email))
            return started[0].text

        self.do(work, act)
        runs = list(started[0].run_ids.values()) if started else []
        return self.back("crons.watch", run_id=runs[0]) if len(runs) == 1 else (
            self.back("runs.index") if runs else self.back("orders.index", **query.params()))

    @expose("/export.csv")
    def export(self) -> Any:
        query = order_list.Query.read(request.args)
        told = ", ".join(f"{name} {value}" for name, value in query.params().items())
        act = audit.Act(by=self.person.email, action="export orders", subject="orders", text=told)
        self.audited(act, "as CSV")
        lines = order_export.written(self.reading, query, why, personal=self.person.personal)
        name = f"orders-{clock.now():%Y%m%d-%H%M}.csv"
        return Response(
            lines, mimetype="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'}
        )


def _ticked(given: list[str]) -> list[UUID]:
    try:
        return [UUID(one) for one in given]
    except ValueError:
        raise Invalid("order", "expected the ids that the page has") from None


def why(found: order_list.Listed, order: Order) -> str:
    """The short reason in the list: the last answer of the gateway, or what the OMS has."""
    case = found.cases.get(order.id)
    if case is not None:
        return f"{title(case.type)}: {case.reason}"
    if order.status in (Status.MISSING, Status.FAILED):
        payment = found.payments.get(order.id)
        if payment is None:
            return "cash on delivery, not placed" if order.method == "cod" else "no payment opened"
        name = _name(found, payment.account_id)
        return f"{name}: {payment.last_answer}" if payment.last_answer else f"{name}: not asked yet"
    row = found.deliveries.get(order.id)
    if row is None:
        return ""
    if row.kind == "none":
        return row.reason or "nothing to deliver"
    name = _name(found, row.account_id)
    said = row.receipt if row.state == "done" else row.last_error or words(row.state)
    return f"{name}: {said}"


def _name(found: order_list.Listed, account_id: UUID | None) -> str:
    account = found.accounts.get(account_id) if account_id else None
    return account.label if account else "OMS"
