"""The order page: why the order is where it is, everything that is known, and the buttons with their consequences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from flask import flash, make_response, request
from flask_admin import expose
from flask_babel import gettext
from sqlalchemy import select

from kartify import clock, contain
from kartify.admin import approvals
from kartify.admin.frame.desk import Desk, not_done
from kartify.admin.frame.look import words
from kartify.admin.frame.permissions import Permission, who_may
from kartify.admin.sales import order_data
from kartify.admin.sales.next_steps import steps_of
from kartify.admin.sales.order_data import OrderData
from kartify.admin.sales.proof import proof_of
from kartify.admin.sales.refundable import refundable
from kartify.admin.sales.sentence import sentences
from kartify.admin.sales.timeline import changes, entries
from kartify.domain.cases import NEXT_ACTION, CaseType
from kartify.domain.errors import Invalid, KartifyError, NotFound
from kartify.domain.status import Actor, Status, targets
from kartify.flows.customers import link
from kartify.flows.ground import audit
from kartify.flows.people import byhand, edit
from kartify.flows.people.approvals import NeedsSecond
from kartify.flows.proof import seal_watch
from kartify.house import House
from kartify.languages import translated
from kartify.models import Order

Trace = Literal["nowhere", "moves", "audit"]
UNPAID = (Status.MISSING, Status.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """One thing that can be done now, and what it does."""

    target: str
    consequence: str


class OrderPage(Desk):
    """The page and the ways back to it; the POSTs are in ``order_actions``."""

    @expose("/<uuid:order_id>")
    def page(self, order_id: UUID) -> Any:
        return self.show(order_id)

    def _run_view(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Every route of an order comes by here: one of a store that the person may not see is not there."""
        order_id = kwargs.get("order_id")
        if order_id is not None and not self._sees(order_id):
            return self.problem(404, gettext("Not here"), gettext("There is no such order."))
        return super()._run_view(fn, *args, **kwargs)

    def _sees(self, order_id: UUID) -> bool:
        with self.reading() as session:
            store_id = session.scalar(select(Order.store_id).where(Order.id == order_id))
            return store_id is not None and self.scope(session).sees(store_id)

    def read(self, order_id: UUID) -> OrderData:
        with self.reading() as session:
            data = order_data.load(session, order_id)
        data.links = links(self.house, data)
        return data

    def show(
        self, order_id: UUID, *, code: int = 200, problem: str = "", differences: Sequence[edit.Difference] = ()
    ) -> Any:
        """After a refusal: the same page with what was typed, the sentence, and what others did meanwhile."""
        data = self.read(order_id)
        with self.reading() as session:
            asked = approvals.of_order(session, data.order, me=self.person.email)
        with self.house.database.read() as connection:
            sealed = seal_watch.standing(self.house, connection, order_id)
        tools = confirming(self.house, data)
        refunds = {one.charge.id: one for one in refundable(self.house, data)}
        steps = steps_of(self.house, data, may=self.person.may, refunds=refunds, confirms=bool(tools))
        page = self.render(
            "cockpit/order.html", sealed=sealed, data=data, order=data.order, zone=data.store.timezone,
            sentences=sentences(data), timeline=entries(data, personal=self.person.personal), moves=moves_of(data),
            cancel=cancel_of(data), editable=data.order.status in edit.UNTIL, tools=tools, next_action=next_action,
            refunds=refunds, steps=steps, proof=proof_of(data), who_may_work=who_may(Permission.WORK), now=clock.now(),
            typed=request.form if code != 200 else {}, problem=problem, differences=told(differences),
            asked=asked, rule=approvals.rule_of(data.store), customer_link=link.url(self.house, order_id),
        )
        return make_response(page, code)

    def act(self, order_id: UUID, action: str, work: Callable[[], str], *, traced: Trace = "moves") -> Any:
        """Does it, then shows the page. What is refused is shown with what was typed; both are audited.

        ``traced``: where the flow leaves its own trace when it succeeds: in the rows that the timeline shows anyway,
        in the audit too, or nowhere.
        """
        act = audit.Act(by=self.person.email, action=action, subject=f"order:{order_id}", text="")
        try:
            said = work()
        except NotFound:
            raise
        except NeedsSecond as waits:
            # Not a failure: the page shows the request, and what a colleague does with it.
            self.audited(act, f"not done: {waits}")
            flash(gettext("Nothing was moved: %(why)s.", why=str(waits)), "warn")
            return self.back("orders.page", order_id=order_id)
        except edit.Stale as stale:
            self.audited(act, f"not done: {stale}")
            return self.show(order_id, code=409, problem=str(stale), differences=stale.differences)
        except KartifyError as problem:
            self.audited(act, f"not done: {problem}")
            code = 422 if isinstance(problem, Invalid) else 409
            return self.show(order_id, code=code, problem=not_done(problem))
        flash(said, "good")
        if traced != "audit":
            self.audited(act, said, order_id=order_id if traced == "nowhere" else None)
        return self.back("orders.page", order_id=order_id)


def form_of(values: Mapping[str, str]) -> edit.Form:
    """Every form of the page carries the version it was made from. Raises ``Invalid``."""
    version = values.get("version", "")
    if not version.isascii() or not version.isdigit() or len(version) > 9:
        raise Invalid("version", gettext("expected the version of the order that the page showed; reload the page"))
    return edit.Form(version=int(version), seen_at=edit.moment_seen(values.get("seen_at", "")))


def told(differences: Sequence[edit.Difference]) -> list[tuple[edit.Difference, list[str]]]:
    return [(one, list(changes(one.field, one.before, one.after))) for one in differences]


def next_action(kind: str) -> str:
    return translated(NEXT_ACTION[CaseType(kind)]) if kind in list(CaseType) else gettext("Look at it")


def moves_of(data: OrderData) -> list[Button]:
    """Where staff may move it from here, cancelling apart."""
    status = Status(data.order.status)
    oms = data.oms_account.label if data.oms_account else None
    return [
        Button(target=target, consequence=_consequence(target, oms))
        for target in targets(status, Actor.STAFF)
        if target in byhand.BY_HAND and not (target is Status.REFUNDED and any(one.captured for one in data.charges))
    ]


def _consequence(target: Status, oms: str | None) -> str:
    if target is Status.PROCESSING:
        first = gettext("The gateway is asked first and its answer kept as evidence. If it confirms the money, the "
                        "order moves by that.")
        return f"{first} {_unproved(oms)}"
    if target is Status.REFUNDED:
        return gettext("Moves no money. Only for money that was paid back outside the gateway, with proof in the "
                       "reason.")
    return gettext("Records that it is %(status)s. An open delivery row is closed by this; nobody else is told.",
                   status=words(target))


def _unproved(oms: str | None) -> str:
    if oms is None:
        return gettext("If not, it moves on your word alone: it counts as complete (the store has no OMS), although "
                       "no payment is proved.")
    return gettext("If not, it moves on your word alone: it goes out to %(name)s, although no payment is proved.",
                   name=oms)


def cancel_of(data: OrderData) -> Button | None:
    status = Status(data.order.status)
    if Status.CANCELLED not in targets(status, Actor.STAFF):
        return None
    if status in UNPAID:
        text = gettext("Refused while the gateway holds money for it. Money that comes later becomes an exception.")
    else:
        text = gettext("If the OMS does not have it yet, it is cancelled at once; else the OMS is asked, and the order "
                       "waits for its word. No money moves: what was paid becomes the exception refund due.")
    return Button(target="cancelled", consequence=text)


def confirming(house: House, data: OrderData) -> list[Any]:
    """The tools with which the store's OMS confirms a payment, as its plugin declares them."""
    kind = house.registry.partner(data.oms_account.slug) if data.oms_account else None
    rests = data.delivery is not None and data.delivery.state in ("done", "dead")
    if kind is None or not data.confirms or rests or data.order.status not in (*UNPAID, Status.PROCESSING):
        return []
    return [tool for tool in kind.tools if tool.verb == "confirm_payment"]


def links(house: House, data: OrderData) -> dict[str, str]:
    """Pages of gateway and OMS, by charge id and "oms"; a plugin that fails has none."""
    found: dict[str, str | None] = {}
    for charge in data.charges:
        found[str(charge.id)] = _link(
            house, charge.account_id, lambda partner, at=charge.gateway_payment_id: partner.dashboard_url(at)  # type: ignore[misc]
        )
    at = data.order.oms_order_id
    if data.oms_account and at:
        found["oms"] = _link(house, data.oms_account.id, lambda partner: partner.order_url(at))
    return {name: url for name, url in found.items() if url and url.startswith(("https://", "http://"))}


def _link(house: House, account_id: UUID, call: Callable[[Any], Any]) -> str | None:
    try:
        partner = house.accounts.get(account_id).partner
        if partner is None:
            return None
        return contain.pure("link", (str, type(None)), lambda: call(partner))
    except KartifyError:
        return None

