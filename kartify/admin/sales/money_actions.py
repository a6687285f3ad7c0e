"""Refund on the order page: a button of its own, with its own permission, sum and confirmation. It moves money and no
status; what the gateway then says does."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request
from flask_admin import expose

from kartify.admin.frame.desk import needs
from kartify.admin.frame.permissions import Permission
from kartify.admin.sales.order_actions import OrderActions
from kartify.admin.sales.order_page import form_of
from kartify.domain.errors import Invalid, NotFound
from kartify.domain.money import display, from_major
from kartify.flows.operating import operations
from kartify.flows.people import edit


class MoneyActions(OrderActions):
    @expose("/<uuid:order_id>/refund/<uuid:charge_id>", methods=("POST",))
    @needs(Permission.CASES)
    def refund(self, order_id: UUID, charge_id: UUID) -> Any:
        return self.act(order_id, "refund", lambda: self._refund(order_id, charge_id), traced="audit")

    def _refund(self, order_id: UUID, charge_id: UUID) -> str:
        form = request.form
        charge = next((one for one in self.read(order_id).charges if one.id == charge_id), None)
        if charge is None:
            raise NotFound("this order has no such charge")
        edit.refuse_stale(self.house, order_id, form_of(form))
        if form.get("confirmed") != "yes":
            raise Invalid("confirmed", "expected the mark that the money is to go back")
        amount = from_major(form.get("amount", "").strip().replace(",", ""), charge.currency or "", "amount")
        wish = operations.RefundWish(
            amount=amount, by=self.person.email, reason=form.get("reason", ""), key=form.get("key") or None
        )
        operations.request_refund(self.house, charge_id, wish)
        return (f"{display(amount, charge.currency or '')} is on its way back: the gateway is told by the next free "
                "worker, and its word stands on the timeline.")
