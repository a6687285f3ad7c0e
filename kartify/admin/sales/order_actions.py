"""The buttons of the order page. Each is one flow: it decides, this carries the form to it and its word back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request
from flask_admin import expose
from flask_babel import gettext

from kartify.admin.frame.desk import needs
from kartify.admin.frame.look import words
from kartify.admin.frame.permissions import Permission
from kartify.admin.sales.order_page import OrderPage, form_of
from kartify.domain.errors import Invalid, NotFound
from kartify.domain.status import Actor, Status
from kartify.flows.delivering import deliver_by_hand
from kartify.flows.lookups import asking
from kartify.flows.lookups.ask import Asked
from kartify.flows.people import byhand, confirm, edit, hold
from kartify.flows.people.hold import Wish as HoldWish
from kartify.flows.storefront import cancel


class OrderActions(OrderPage):
    @expose("/<uuid:order_id>/check", methods=("POST",))
    @needs(Permission.WORK)
    def check(self, order_id: UUID) -> Any:
        return self.act(order_id, "check payment", lambda: self._check(order_id), traced="nowhere")

    def _check(self, order_id: UUID) -> str:
        """What each gateway said, one clause a payment."""
        before = self._status(order_id)
        asked = asking.check_order(self.house, order_id, by=self.person.email)
        names = self._payment_names(order_id)
        if not names:
            return gettext("There is no payment to ask about: none was opened at a gateway.")
        if not asked:
            return gettext("Someone else, or the order lookup cron, is asking right now. Look again in a few seconds.")
        said = "; ".join(_answer(names.get(one.payment_id) or gettext("the gateway"), one) for one in asked)
        after = self._status(order_id)
        moved = gettext("The order stays %(status)s.", status=words(after)) if before == after else gettext(
            "The order moved %(before)s → %(after)s.", before=words(before), after=words(after))
        return f"{gettext('Asked now. %(said)s.', said=said)} {moved}"

    def _status(self, order_id: UUID) -> str:
        return str(self.read(order_id).order.status)

    def _payment_names(self, order_id: UUID) -> dict[UUID, str]:
        data = self.read(order_id)
        return {one.id: data.account_name(one.account_id) for one in data.payments}

    @expose("/<uuid:order_id>/move", methods=("POST",))
    @needs(Permission.WORK)
    def move(self, order_id: UUID) -> Any:
        return self.act(order_id, "move", lambda: self._move(order_id))

    def _move(self, order_id: UUID) -> str:
        wanted = request.form.get("target", "")
        if wanted not in byhand.BY_HAND:
            raise Invalid("target", gettext("expected one of %(names)s", names=", ".join(byhand.BY_HAND)))
        done = byhand.move(
            self.house, order_id, target=Status(wanted), by=self.person.email, reason=request.form.get("reason", ""),
            evidence=request.form.get("evidence", "").strip() or None, version=form_of(request.form).version,
        )
        text = f"{done.text[:1].upper()}{done.text[1:]}."
        if not done.answers or wanted != Status.PROCESSING:
            return text
        return f"{text} {gettext('The gateway said: %(said)s.', said='; '.join(done.answers))}"

    @expose("/<uuid:order_id>/confirm", methods=("POST",))
    @needs(Permission.WORK)
    def confirm(self, order_id: UUID) -> Any:
        return self.act(order_id, "confirm payment", lambda: self._confirm(order_id))

    def _confirm(self, order_id: UUID) -> str:
        form_of(request.form)
        done = confirm.confirm_payment(
            self.house, order_id, by=self.person.email, reason=_reason("Confirm payment pressed on the order page")
        )
        return done.text

    @expose("/<uuid:order_id>/push/<uuid:delivery_id>", methods=("POST",))
    @needs(Permission.WORK)
    def push(self, order_id: UUID, delivery_id: UUID) -> Any:
        return self.act(order_id, "push again", lambda: self._push(order_id, delivery_id), traced="audit")

    def _push(self, order_id: UUID, delivery_id: UUID) -> str:
        self._own_delivery(order_id, delivery_id)
        edit.refuse_stale(self.house, order_id, form_of(request.form))
        deliver_by_hand.push_again(
            self.house, delivery_id, by=self.person.email, reason=request.form.get("reason", "")
        )
        return gettext("Due now: the next free worker sends it, looking first where the OMS may have it already.")

    @expose("/<uuid:order_id>/oms-id/<uuid:delivery_id>", methods=("POST",))
    @needs(Permission.WORK)
    def oms_id(self, order_id: UUID, delivery_id: UUID) -> Any:
        return self.act(order_id, "record OMS id", lambda: self._oms_id(order_id, delivery_id), traced="audit")

    def _oms_id(self, order_id: UUID, delivery_id: UUID) -> str:
        self._own_delivery(order_id, delivery_id)
        edit.refuse_stale(self.house, order_id, form_of(request.form))
        receipt = request.form.get("receipt", "")
        deliver_by_hand.record_receipt(
            self.house, delivery_id, receipt=receipt, by=self.person.email, reason=request.form.get("reason", "")
        )
        return gettext("Recorded %(receipt)s: the delivery is closed, and nothing more is sent.",
                       receipt=receipt.strip())

    @expose("/<uuid:order_id>/hold", methods=("POST",))
    @needs(Permission.WORK)
    def hold(self, order_id: UUID) -> Any:
        return self.act(order_id, "hold", lambda: self._hold(order_id), traced="audit")

    def _hold(self, order_id: UUID) -> str:
        hold.hold(self.house, order_id, self._hold_wish())
        return gettext("The OMS is asked to hold it by the next free worker. Nothing else changes.")

    @expose("/<uuid:order_id>/let-go", methods=("POST",))
    @needs(Permission.WORK)
    def let_go(self, order_id: UUID) -> Any:
        return self.act(order_id, "let go", lambda: self._let_go(order_id), traced="audit")

    def _let_go(self, order_id: UUID) -> str:
        hold.let_go(self.house, order_id, self._hold_wish())
        return gettext("The OMS is asked to go on with it by the next free worker.")

    def _hold_wish(self) -> HoldWish:
        return HoldWish(by=self.person.email, reason=request.form.get("reason", ""), form=form_of(request.form))

    def _own_delivery(self, order_id: UUID, delivery_id: UUID) -> None:
        if delivery_id not in {one.id for one in self.read(order_id).deliveries}:
            raise NotFound(gettext("this order has no such delivery"))

    @expose("/<uuid:order_id>/cancel", methods=("POST",))
    @needs(Permission.WORK)
    def cancel(self, order_id: UUID) -> Any:
        return self.act(order_id, "cancel", lambda: self._cancel(order_id))

    def _cancel(self, order_id: UUID) -> str:
        form = request.form
        wish = cancel.Wish(
            actor=Actor.STAFF, by=self.person.email, reason=form.get("reason", ""), version=form_of(form).version,
            confirmed=form.get("confirmed") == "yes", refund_decided=form.get("refund_decided") == "yes",
        )
        word = cancel.request_cancel(self.house, order_id, wish)
        return gettext("Cancelled.") if word == "cancelled" else gettext(
            "Cancel requested: the order waits for the OMS's word.")

    @expose("/<uuid:order_id>/note", methods=("POST",))
    @needs(Permission.WORK)
    def note(self, order_id: UUID) -> Any:
        return self.act(order_id, "note", lambda: self._note(order_id), traced="audit")

    def _note(self, order_id: UUID) -> str:
        form_of(request.form)
        edit.add_note(self.house, order_id, request.form.get("note", ""), by=self.person.email)
        return gettext("Note added.")


def _answer(name: str, one: Asked) -> str:
    if one.error:
        return gettext("%(name)s: no answer, %(said)s", name=name, said=one.word)
    return f"{name}: {one.word}"


def _reason(otherwise: str) -> str:
    return request.form.get("reason", "").strip() or otherwise
