"""Refund, capture, void and accept difference on the order page: each with its own permission, sum and reason. Refund,
capture and void move money and no status; what the gateway then says does."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from flask import request
from flask_admin import expose
from flask_babel import gettext

from kartify.admin.frame.desk import needs
from kartify.admin.frame.permissions import Permission
from kartify.admin.sales.order_actions import OrderActions
from kartify.admin.sales.order_page import form_of
from kartify.domain.errors import Invalid, NotFound
from kartify.domain.money import display, from_major
from kartify.flows.operating import by_hand, operations
from kartify.flows.people import accept, edit


class MoneyActions(OrderActions):
    @expose("/<uuid:order_id>/refund/<uuid:charge_id>", methods=("POST",))
    @needs(Permission.CASES)
    def refund(self, order_id: UUID, charge_id: UUID) -> Any:
        return self.act(order_id, "refund", lambda: self._refund(order_id, charge_id), traced="audit")

    def _refund(self, order_id: UUID, charge_id: UUID) -> str:
        form = request.form
        charge = next((one for one in self.read(order_id).charges if one.id == charge_id), None)
        if charge is None:
            raise NotFound(gettext("this order has no such charge"))
        edit.refuse_stale(self.house, order_id, form_of(form))
        if form.get("confirmed") != "yes":
            raise Invalid("confirmed", gettext("expected the mark that the money is to go back"))
        amount = from_major(form.get("amount", "").strip().replace(",", ""), charge.currency or "", "amount")
        wish = operations.RefundWish(
            amount=amount, by=self.person.email, reason=form.get("reason", ""), key=form.get("key") or None
        )
        operations.request_refund(self.house, charge_id, wish)
        return gettext("%(sum)s is on its way back: the gateway is told by the next free worker, and its word stands "
                       "on the timeline.", sum=display(amount, charge.currency or ""))

    @expose("/<uuid:order_id>/capture/<uuid:charge_id>", methods=("POST",))
    @needs(Permission.CASES)
    def capture(self, order_id: UUID, charge_id: UUID) -> Any:
        def ask() -> str:
            by_hand.request_capture(self.house, charge_id, self._wish(order_id, charge_id))
            return gettext("The gateway is told by the next free worker. When it confirms, the order moves by that.")

        return self.act(order_id, "capture", ask, traced="audit")

    @expose("/<uuid:order_id>/void/<uuid:charge_id>", methods=("POST",))
    @needs(Permission.CASES)
    def void(self, order_id: UUID, charge_id: UUID) -> Any:
        def ask() -> str:
            by_hand.request_void(self.house, charge_id, self._wish(order_id, charge_id))
            return gettext("The gateway is told by the next free worker. The order stays where it is.")

        return self.act(order_id, "void", ask, traced="audit")

    def _wish(self, order_id: UUID, charge_id: UUID) -> by_hand.Wish:
        """From the form. Raises ``NotFound``, ``Invalid`` and what a stale form raises."""
        form = request.form
        charge = next((one for one in self.read(order_id).charges if one.id == charge_id), None)
        if charge is None:
            raise NotFound(gettext("this order has no such charge"))
        edit.refuse_stale(self.house, order_id, form_of(form))
        return by_hand.Wish(
            amount=_minor(form.get("amount", ""), "amount"), by=self.person.email, reason=form.get("reason", "")
        )

    @expose("/<uuid:order_id>/accept/<uuid:case_id>", methods=("POST",))
    @needs(Permission.CASES)
    def accept(self, order_id: UUID, case_id: UUID) -> Any:
        return self.act(order_id, "accept difference", lambda: self._accept(order_id, case_id), traced="audit")

    def _accept(self, order_id: UUID, case_id: UUID) -> str:
        form = request.form
        if case_id not in {one.id for one in self.read(order_id).cases}:
            raise NotFound(gettext("this order has no such exception"))
        if form.get("confirmed") != "yes":
            raise Invalid("confirmed", gettext("expected the mark that the difference is accepted"))
        wish = accept.Wish(
            difference=_minor(form.get("difference", ""), "difference"), by=self.person.email,
            reason=form.get("reason", ""), form=form_of(form),
        )
        return accept.accept(self.house, case_id, wish)


def _minor(text: str, name: str) -> int:
    """A sum in minor units, as the page put it into its form. Raises ``Invalid``."""
    if not re.fullmatch(r"-?[0-9]{1,15}", text):
        raise Invalid(name, gettext("expected the sum that the page showed; reload the page"))
    return int(text)
