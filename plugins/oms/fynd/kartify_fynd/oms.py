"""The plugin: Confirm payment and its look-up, orders pushed unpaid, cancellations, news."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from kartify.plugin import (
    Client,
    Found,
    HttpAnswer,
    Inbound,
    Kind,
    Oms,
    OmsCapabilities,
    OmsNews,
    OmsOrder,
    PartnerRoute,
    PartnerSettings,
    Permanent,
    Presence,
    Receipt,
    Temporary,
    Tool,
)
from kartify_fynd import news, onboarding
from kartify_fynd.api import Api
from kartify_fynd.lookups import found, untold
from kartify_fynd.orders import check_create, create_body, create_headers
from kartify_fynd.payments import check_confirm, confirm_body, order_id_of
from kartify_fynd.settings import FyndSettings
from kartify_fynd.states import UNPAID, cancellation
from kartify_fynd.wire import Details, Shipment, listed_orders, read_details, read_transition, table, text


def utc_now() -> datetime:
    return datetime.now(UTC)


class Fynd(Oms):
    """A FYND order exists at FYND, unpaid; its delivery is the confirmation of its payment."""

    slug = "fynd"
    name = "FYND"
    Settings = FyndSettings
    setup = onboarding.STEPS
    can = OmsCapabilities(lookup=True, look_first=True, push_unpaid=True, cancel=True)
    routes = (PartnerRoute(method="POST", path="webhooks", name="webhooks"),)
    tools = (
        Tool(
            name="confirm-payment",
            title="Confirm payment",
            verb="confirm_payment",
            explanation="Confirms the payment of one order at FYND. FYND is asked for the order's state first, so an "
            "order that is confirmed already is not confirmed again.",
        ),
    )
    rate = 5.0
    deadline = 15.0
    settings: FyndSettings

    def __init__(self, settings: PartnerSettings, *, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(settings)
        self._now = now
        self._api = Api(self.settings, now, timeout=self.deadline)
        company = self.settings.company_id
        self._orders = f"/service/platform/order/v1.0/company/{company}"
        self._manage = f"/service/platform/order-manage/v1.0/company/{company}"
        self._payment = f"/service/platform/payment/v1.0/company/{company}/application/{self.settings.application_id}"

    def delivery_kind(self) -> Kind:
        return Kind.CONFIRM

    def pushes_unpaid(self) -> bool:
        return self.settings.way == "b"

    def check(self, kind: Kind, order: OmsOrder) -> None:
        match kind:
            case Kind.CONFIRM:
                check_confirm(self.settings, order)
            case Kind.PUSH_UNPAID:
                check_create(self.settings, order)
            case Kind.CANCEL if order.oms_order_id or not self.pushes_unpaid():
                order_id_of(order)
            case _:
                return

    def deliver(self, client: Client, kind: Kind, order: OmsOrder) -> Receipt:
        match kind:
            case Kind.CONFIRM:
                return self._confirm(client, order)
            case Kind.PUSH_UNPAID:
                return self._create(client, order)
            case Kind.CANCEL:
                return self._cancel(client, order)
            case _:
                raise Permanent(f"FYND does not know the delivery {kind}")

    def find(self, client: Client, kind: Kind, order: OmsOrder) -> Found:
        if order.oms_order_id:
            order_id = order_id_of(order)
        else:
            listed = self._listed(client, kind, order=order)
            if isinstance(listed, Found):
                return listed
            order_id = listed
        details = self._details(client, order_id)
        if details is None:
            return untold(f"FYND told nothing about the order {order_id}")
        return found(self.settings, kind, details=details)

    def authenticate(self, message: Inbound) -> None:
        news.prove(self.settings, message, now=self._now())

    def read_news(self, route: PartnerRoute, message: Inbound) -> tuple[OmsNews, ...]:
        return news.read(self.settings, message)

    def test(self, client: Client) -> str:
        params = {"page_no": "1", "page_size": "1"}
        answer = self._api.get(client, f"{self._orders}/orders-listing", params=params)
        body = table(self._api.checked(answer, "the test call").json())
        if not isinstance(body.get("items"), list):
            raise Temporary("FYND answered the test call with something that is no list of orders")
        total = text(table(body.get("page")).get("item_total"))
        count = f" and lists {total} recent orders" if total else ""
        return f"FYND answers for company {self.settings.company_id}{count}."

    def order_url(self, oms_order_id: str) -> str | None:
        template = self.settings.order_url
        return template.replace("{order_id}", quote(oms_order_id, safe="")) if template else None

    def _confirm(self, client: Client, order: OmsOrder) -> Receipt:
        body = confirm_body(self.settings, order)
        answer = self._api.send(client, "POST", path=f"{self._payment}/payment/confirm", json=body)
        told = self._told(answer, "Confirm payment")
        if told.get("success") is False:
            raise Permanent(f"FYND refused Confirm payment: {self._api.words(answer)}")
        if answer.status != 200 or told.get("success") is not True or told.get("order_id") != order.oms_order_id:
            raise Temporary("FYND's answer to Confirm payment does not say that this order is confirmed")
        return Receipt(id=body["order_id"], detail=self._api.clean(text(told.get("message")))[:200])

    def _create(self, client: Client, order: OmsOrder) -> Receipt:
        body, headers = create_body(self.settings, order), create_headers(self.settings)
        answer = self._api.send(client, "POST", path=f"{self._manage}/orders", json=body, headers=headers)
        told = self._told(answer, "the order")
        if told.get("success") is False:
            raise Permanent(f"FYND refused the order: {self._api.words(answer)}")
        order_id = text(told.get("fynd_order_id"))
        if not order_id:
            raise Temporary("FYND's answer to the order names no order id")
        return Receipt(id=order_id)

    def _cancel(self, client: Client, order: OmsOrder) -> Receipt:
        order_id = self._known_id(client, order)
        details = self._details(client, order_id)
        if details is None:
            raise Temporary(f"FYND told nothing about the order {order_id}", sent=False)
        left = [it for it in details.shipments if self._cancellation(it) is not Presence.DONE]
        if not details.shipments or not all(it.id for it in left):
            raise Temporary(f"FYND named no shipments of the order {order_id}", sent=False)
        late = [it.state for it in left if self._cancellation(it) is Presence.DEAD]
        if late:
            raise Permanent(f"FYND has the order too far along to cancel: {', '.join(late)}")
        if left:
            self._transit(client, left)
        return Receipt(id=order_id, detail="cancelled at FYND")

    def _cancellation(self, shipment: Shipment) -> Presence:
        return cancellation(shipment.state, self.settings.unpaid_cancel_status)

    def _transit(self, client: Client, shipments: list[Shipment]) -> None:
        """FYND answers 200 and puts each shipment's own result inside."""
        asked = [shipment.id for shipment in shipments]
        body = {
            "statuses": [self._wish(shipment) for shipment in shipments],
            "force_transition": False, "task": False, "lock_after_transition": False,
            "unlock_before_transition": False,
        }
        answer = self._api.send(client, "PUT", path=f"{self._manage}/shipment/status-internal", json=body)
        refusals = read_transition(self._told(answer, "the cancellation"), asked)
        if refusals is None:
            raise Temporary("FYND's answer to the cancellation does not tell of every shipment")
        if any(refusal.status >= 500 or refusal.status == 0 for refusal in refusals):
            raise Temporary("FYND could not say whether it cancelled every shipment")
        if refusals:
            said = "; ".join(f"{it.shipment}: {it.words or it.status}" for it in refusals)
            raise Permanent(f"FYND refused the cancellation: {self._api.clean(said)[:300]}")

    def _wish(self, shipment: Shipment) -> dict[str, Any]:
        unpaid = shipment.state in UNPAID
        status = self.settings.unpaid_cancel_status if unpaid else self.settings.cancel_status
        wanted: dict[str, Any] = {"identifier": shipment.id}
        if self.settings.cancel_reason_id is not None:
            data = {"reason_id": self.settings.cancel_reason_id, "reason_text": "cancelled by the store"}
            wanted["reasons"] = {"entities": [{"data": data, "filters": []}]}
        return {"status": status, "split_shipment": False, "shipments": [wanted]}

    def _known_id(self, client: Client, order: OmsOrder) -> str:
        if order.oms_order_id:
            return order_id_of(order)
        listed = self._listed(client, Kind.CANCEL, order=order)
        if not isinstance(listed, Found):
            return listed
        if listed.presence is Presence.UNTOLD:
            raise Temporary(listed.detail, sent=False)
        raise Permanent(listed.detail, field="oms_order_id")

    def _listed(self, client: Client, kind: Kind, *, order: OmsOrder) -> str | Found:
        """FYND's id of the order with our number, or why there is none."""
        if not self.pushes_unpaid():
            return Found(presence=Presence.DEAD, detail="the storefront gave no FYND order id with this order")
        params = {
            "search_type": "external_order_id", "search_value": order.number, "group_entity": "shipments",
            "page_no": "1", "page_size": "50", **self._window(order.created_at),
        }
        answer = self._api.get(client, f"{self._orders}/shipments-listing", params=params)
        orders = listed_orders(self._api.checked(answer, "the look-up").json(), order.number)
        if orders is None or "" in orders:
            return untold("FYND's listing cannot be read")
        if len(orders) > 1:
            return Found(presence=Presence.DEAD, detail=f"FYND has several orders of number {order.number}")
        if orders:
            return orders.pop()
        absent = Presence.ABSENT if kind is Kind.PUSH_UNPAID else Presence.DEAD
        return Found(presence=absent, detail=f"FYND lists no order of number {order.number}")

    def _window(self, created: datetime) -> Mapping[str, str]:
        """Without dates FYND lists only recent orders, and an old one would look missing."""
        around = timedelta(days=self.settings.lookup_days)
        first, last = created - around, max(created, self._now()) + timedelta(days=1)
        return {"start_date": _stamp(first), "end_date": _stamp(last)}

    def _details(self, client: Client, order_id: str) -> Details | None:
        """None where FYND tells of no order, or of another one."""
        params = {"order_id": order_id, "allow_inactive": "true"}
        answer = self._api.get(client, f"{self._orders}/order-details", params=params)
        if answer.status in (400, 404):
            return None
        body = self._api.checked(answer, "the look-up").json()
        details = read_details(body, self.settings.currency)
        if details is None or details.order_id != order_id or not details.shipments:
            return None
        return details

    def _told(self, answer: HttpAnswer, what: str) -> Mapping[str, Any]:
        return table(self._api.checked(answer, what).json())


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
