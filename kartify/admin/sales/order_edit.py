"""The edit form of an order: fields by name, what was typed is never lost."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import flash, make_response, request
from flask_admin import expose
from flask_babel import gettext

from kartify import clock
from kartify.admin.frame.desk import needs
from kartify.admin.frame.look import words
from kartify.admin.frame.permissions import Permission
from kartify.admin.sales.messages import Messages
from kartify.admin.sales.order_page import form_of, told
from kartify.domain.errors import Conflict, Invalid, KartifyError, NotFound
from kartify.flows.delivering import deliver_by_hand
from kartify.flows.ground import audit
from kartify.flows.people import edit
from kartify.models import Delivery, Order

GROUPS: dict[str, tuple[str, ...]] = {
    "customer": ("name", "email", "phone"),
    "shipping_address": ("name", "line1", "line2", "city", "state", "postcode", "country", "phone"),
    "billing_address": ("name", "line1", "line2", "city", "state", "postcode", "country", "phone"),
}
MOST_FIELD = 1_000
_MENDED = ("push", "push_unpaid")


class OrderEdit(Messages):
    @expose("/<uuid:order_id>/edit", methods=("GET", "POST"))
    @needs(Permission.WORK)
    def edit_page(self, order_id: UUID) -> Any:
        order = self.read(order_id).order
        if request.method == "GET":
            return self._form(order, shown(order))
        act = audit.Act(by=self.person.email, action="edit", subject=f"order:{order_id}", text="")
        try:
            form = form_of(request.form)
            done = edit.edit_order(self.house, order_id, read(order, request.form), form=form, by=self.person.email)
        except NotFound:
            raise
        except KartifyError as problem:
            self.audited(act, f"not done: {problem}")
            return self._again(order_id, problem)
        flash(gettext("Saved: %(names)s.", names=", ".join(words(name) for name in done)) if done else
              gettext("Nothing was different."), "good")
        if request.form.get("then") == "push":
            self._push_after(order_id, done)
        return self.back("orders.page", order_id=order_id)

    def _push_after(self, order_id: UUID, done: Sequence[str]) -> None:
        """What was saved stays saved; if it cannot be pushed the page says so, and the row waits as before."""
        parked = self._parked(order_id)
        what = ", ".join(name.replace("_", " ") for name in done) or "nothing"
        act = audit.Act(by=self.person.email, action="push again", subject=f"order:{order_id}", text="")
        try:
            if parked is None:
                raise Conflict(gettext("the OMS is not waiting for a correction of this order any more"))
            deliver_by_hand.push_again(self.house, parked.id, by=self.person.email, reason=f"edited: {what}")
        except KartifyError as problem:
            self.audited(act, f"not done: {problem}")
            flash(gettext("Not pushed again: %(why)s.", why=str(problem)), "bad")
            return
        flash(gettext("Due now: the next free worker sends it as it is now."), "good")

    def _parked(self, order_id: UUID) -> Delivery | None:
        """The push that waits for a correction."""
        found = (one for one in self.read(order_id).deliveries if one.state == "dead" and one.kind in _MENDED)
        return next(found, None)

    def _again(self, order_id: UUID, problem: KartifyError) -> Any:
        """The form as it was typed, on the version that is there now, beside what others did."""
        order = self.read(order_id).order
        differences = problem.differences if isinstance(problem, edit.Stale) else ()
        typed = {**shown(order), **request.form.to_dict()}
        page = self._form(order, typed, problem=str(problem), differences=differences)
        return make_response(page, 422 if isinstance(problem, Invalid) else 409)

    def _form(
        self, order: Order, values: Mapping[str, str], *, problem: str = "",
        differences: Sequence[edit.Difference] = (),
    ) -> str:
        data = self.read(order.id)
        return self.render(
            "cockpit/order_edit.html", order=order, zone=data.store.timezone, values=values, problem=problem,
            groups={group: names(order, group) for group in GROUPS}, current=shown(order), now=clock.now(),
            differences=told(differences), editable=order.status in edit.UNTIL, parked=self._parked(order.id),
        )


def names(order: Order, group: str) -> list[str]:
    """The usual fields, and what else this order has."""
    given = getattr(order, group) or {}
    return list(dict.fromkeys([*GROUPS[group], *(name for name, value in given.items() if _plain(value))]))


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, str)


def shown(order: Order) -> dict[str, str]:
    """The form's fields as the order has them."""
    found = {
        f"{group}.{name}": (getattr(order, group) or {}).get(name) or ""
        for group in GROUPS
        for name in names(order, group)
    }
    pretty = json.dumps(order.extra, indent=2, ensure_ascii=False) if order.extra else ""
    return {**found, "notes": order.notes or "", "metadata": pretty}


def read(order: Order, form: Mapping[str, str]) -> dict[str, Any]:
    """The fields of the form as whole values. Raises ``Invalid``. What the form does not show stays as it is."""
    changes: dict[str, Any] = {group: _group(order, group, form) for group in GROUPS if _sent(group, form)}
    if "notes" in form:
        changes["notes"] = form["notes"].replace("\r\n", "\n").strip() or None
    if "metadata" in form:
        changes["metadata"] = _metadata(form["metadata"])
    return changes


def _sent(group: str, form: Iterable[str]) -> bool:
    return any(name.startswith(f"{group}.") for name in form)


def _group(order: Order, group: str, form: Mapping[str, str]) -> dict[str, Any] | None:
    found = dict(getattr(order, group) or {})
    for name in names(order, group):
        typed = form.get(f"{group}.{name}")
        if typed is None:
            continue
        if len(typed) > MOST_FIELD:
            raise Invalid(f"{group}.{name}", gettext("expected at most %(most)s characters", most=MOST_FIELD))
        if typed.strip():
            found[name] = typed.strip()
        elif found.get(name) is not None:
            found.pop(name)
    return found or ({} if group == "customer" else None)


def _metadata(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError):
        raise Invalid("metadata", gettext("expected JSON, such as {\"gift\": true}")) from None
    if not isinstance(found, dict):
        raise Invalid("metadata", gettext("expected a JSON object, such as {\"gift\": true}"))
    return found
