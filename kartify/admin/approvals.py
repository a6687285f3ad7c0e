"""What waits for a second person: agree, refuse, withdraw."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import flash, request
from flask_admin import expose
from flask_babel import gettext
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from kartify.admin.frame.desk import Desk, common_zone, needs, not_done
from kartify.admin.frame.look import words
from kartify.admin.frame.permissions import Permission
from kartify.domain.errors import KartifyError, NotFound
from kartify.domain.money import display
from kartify.flows.ground import audit
from kartify.flows.people import approvals, edit, second
from kartify.flows.reading.paging import Page, by_id
from kartify.flows.reading.scope import Scope
from kartify.flows.settling.policy import StorePolicy, parse_policy
from kartify.models import Approval, Order, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An open request as pages show it. ``differences``: what changed since, so that it is no longer good."""

    row: Approval
    order: Order
    own: bool
    differences: Sequence[edit.Difference] = ()

    @property
    def stale(self) -> bool:
        return self.row.version != self.order.version


def waiting(session: Session, row: Approval, order: Order, *, me: str) -> Waiting:
    form = edit.Form(version=row.version, seen_at=row.asked_at)
    changed = edit.since(session.connection(), order.id, form) if row.version != order.version else ()
    return Waiting(row=row, order=order, own=approvals.same_person(row.asked_by, me), differences=changed)


def of_order(session: Session, order: Order, *, me: str) -> Waiting | None:
    """The order's open request."""
    query = select(Approval).where(Approval.order_id == order.id, Approval.state == approvals.OPEN)
    row = session.scalars(query).first()
    return waiting(session, row, order, me=me) if row is not None else None


def rule_of(store: Store) -> str:
    return rule(parse_policy(store.policy), store.currency)


def rule(policy: StorePolicy, currency: str) -> str:
    """When a store wants a second person, in a sentence; empty where it never does."""
    over = policy.second_person_over
    if over is None:
        return gettext("In this store a second person must agree when the gateway does not confirm the payment.") if (
            policy.second_person) else ""
    sum_ = display(over, currency)
    if policy.second_person:
        return gettext("In this store a second person must agree when the gateway does not confirm the payment or "
                       "more than %(sum)s is due.", sum=sum_)
    return gettext("In this store a second person must agree when more than %(sum)s is due.", sum=sum_)


class Approvals(Desk):
    @expose("/")
    def index(self) -> Any:
        with self.reading() as session:
            scope = self.scope(session)
            open_rows = _rows(scope, Approval.state == approvals.OPEN)
            page = by_id(session, open_rows, Approval.id, request.args.get("after"))
            decided = _rows(scope, Approval.state != approvals.OPEN)
            past = by_id(session, decided, Approval.id, request.args.get("past"))
            orders, stores = _orders(session, page, past), {one.id: one for one in session.scalars(select(Store))}
            open_ = [waiting(session, row, orders[row.order_id], me=self.person.email) for row in page.rows]
            zone = common_zone(session)
        return self.render(
            "cockpit/approvals.html", waiting=open_, page=page, past=past, orders=orders, stores=stores, zone=zone,
            ruled=any(rule_of(one) for one in stores.values() if scope.sees(one.id)), more_past=_more(past),
        )

    @expose("/<uuid:approval_id>/agree", methods=("POST",))
    @needs(Permission.WORK)
    def agree(self, approval_id: UUID) -> Any:
        def work() -> str:
            done = second.approve(self.house, approval_id, by=self.person.email)
            if done.by_gateway:
                return gettext("The gateway, asked again, confirmed the money: the order moved by that.")
            return gettext("Moved to %(status)s, in both your names.", status=words(done.status))

        return self._press(approval_id, "agree", work)

    @expose("/<uuid:approval_id>/refuse", methods=("POST",))
    @needs(Permission.WORK)
    def refuse(self, approval_id: UUID) -> Any:
        reason = request.form.get("reason", "")[:500]
        return self._press(
            approval_id, "refuse", lambda: second.refuse(self.house, approval_id, by=self.person.email, reason=reason)
        )

    @expose("/<uuid:approval_id>/withdraw", methods=("POST",))
    @needs(Permission.WORK)
    def withdraw(self, approval_id: UUID) -> Any:
        return self._press(
            approval_id, "withdraw", lambda: second.withdraw(self.house, approval_id, by=self.person.email)
        )

    def _press(self, approval_id: UUID, action: str, work: Callable[[], str]) -> Any:
        """The flow writes what was done into the audit; what is refused is written here. Then back to the order, where
        the rest of its story is, or to the list."""
        with self.reading() as session:
            row = session.get(Approval, approval_id)
            if row is None or not self.scope(session).sees(row.store_id):
                raise NotFound(gettext("there is no such request"))
        try:
            flash(work(), "good")
        except KartifyError as problem:
            flash(not_done(problem), "bad")
            act = audit.Act(by=self.person.email, action=action, subject=f"order:{row.order_id}", text="")
            self.audited(act, f"not done: {problem}")
        if request.form.get("there") == "list":
            return self.back("approvals.index")
        return self.back("orders.page", order_id=row.order_id)


def _rows(scope: Scope, these: Any) -> Select[Any]:
    return scope.rows(select(Approval).where(these), Approval.store_id)


def _orders(session: Session, *pages: Page) -> Mapping[UUID, Order]:
    ids = [row.order_id for page in pages for row in page.rows]
    return {one.id: one for one in session.scalars(select(Order).where(Order.id.in_(ids)))}


def _more(past: Page) -> dict[str, str]:
    return {"past": past.following} if past.following else {}
