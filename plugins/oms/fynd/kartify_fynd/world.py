"""The state behind the simulator: orders, their shipments and FYND's map of transitions."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from kartify.plugin import to_major
from kartify_fynd.states import CANCELLED, UNPAID
from kartify_fynd.wire import moment, rows, table, text

DEFAULT_WINDOW: Final = timedelta(days=7)
_AFTER_PLACED: Final = ("bag_confirmed", "bag_not_confirmed", "store_reassigned", "cancelled_customer",
                        "cancelled_fynd")
# FYND's own channel; what is not listed goes to the next step of the journey or is refused.
MAP: Final[dict[str, tuple[str, ...]]] = {
    "pending": ("pending", "placed", "payment_failed", "manual_refund"),
    "payment_failed": ("awaiting_payment_confirmation", "placed", "manual_refund"),
    "awaiting_payment_confirmation": ("placed", "payment_failed"),
    "placed": _AFTER_PLACED,
    "store_reassigned": _AFTER_PLACED,
    "bag_confirmed": ("bag_invoiced", "cancelled_customer", "cancelled_fynd"),
    "bag_invoiced": ("dp_assigned", "bag_packed", "cancelled_customer", "cancelled_fynd"),
    "dp_assigned": ("bag_packed", "bag_picked", "cancelled_customer", "cancelled_fynd"),
    "bag_packed": ("bag_picked",),
    "bag_picked": ("out_for_delivery",),
    "out_for_delivery": ("delivery_done", "handed_over_to_customer"),
    "delivery_done": ("return_initiated",),
    "handed_over_to_customer": ("return_initiated",),
}


class Refused(Exception):
    """FYND's answer to a call that it does not take: status and body."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


@dataclass(slots=True, kw_only=True)
class SimShipment:
    id: str
    history: list[tuple[str, datetime]]

    @property
    def state(self) -> str:
        return self.history[-1][0]


@dataclass(slots=True, kw_only=True)
class SimOrder:
    """``amount`` in minor units."""

    id: str
    number: str
    amount: int
    created: datetime
    shipments: list[SimShipment]
    payments: list[Mapping[str, Any]] = field(default_factory=list)


class World:
    """Thread-safe. ``second_confirm`` and ``duplicates`` say how it takes what FYND does not document: by default
    both are accepted, so that a repetition shows."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.lock = threading.RLock()
        self.orders: dict[str, SimOrder] = {}
        self.confirmed: Counter[str] = Counter()
        self.second_confirm = "accept"
        self.duplicates = "accept"
        self.unit = "rupees"

    def add(self, number: str, order_id: str, *, amount: int, shipments: int = 1) -> SimOrder:
        with self.lock:
            made = [
                SimShipment(id=f"{len(self.orders) + 1:08d}{place:04d}", history=[("pending", self.now())])
                for place in range(shipments)
            ]
            order = SimOrder(id=order_id, number=number, amount=amount, created=self.now(), shipments=made)
            self.orders[order_id] = order
            return order

    def move(self, order: SimOrder, status: str) -> None:
        with self.lock:
            for shipment in order.shipments:
                shipment.history.append((status, self._later(shipment)))

    def _later(self, shipment: SimShipment) -> datetime:
        return max(self.now(), shipment.history[-1][1] + timedelta(milliseconds=1))

    def confirm(self, body: Mapping[str, Any]) -> dict[str, Any]:
        with self.lock:
            order = self.orders.get(text(body.get("order_id")))
            if order is None:
                raise Refused(400, {"success": False, "code": "ORDER_NOT_FOUND", "description": "Unknown order"})
            self._must_fit(order, rows(body.get("payment_methods")))
            states = {shipment.state for shipment in order.shipments}
            if states <= UNPAID:
                self.move(order, "placed")
            elif states & CANCELLED or self.second_confirm != "accept":
                raise _bad("INVALID_STATE", f"Order is {', '.join(sorted(states))}")
            self.confirmed[order.id] += 1
            order.payments.extend(rows(body.get("payment_methods")))
            return {"success": True, "message": "Payment confirmed", "order_id": order.id}

    def _must_fit(self, order: SimOrder, payments: list[Mapping[str, Any]]) -> None:
        if not payments or not all(text(it.get("mode")) for it in payments):
            raise _bad("VALIDATION_ERROR", "payment_methods: mode is required")
        sums = [it.get("amount") for it in payments]
        if not all(isinstance(it, int | Decimal) and not isinstance(it, bool) for it in sums):
            raise _bad("VALIDATION_ERROR", "payment_methods: amount is required")
        due = Decimal(order.amount if self.unit == "paise" else to_major(order.amount, "INR"))
        if sum(Decimal(it) for it in sums if isinstance(it, int | Decimal)) != due:
            raise _bad("AMOUNT_MISMATCH", f"The amounts must add up to {due}")

    def create(self, body: Mapping[str, Any]) -> dict[str, Any]:
        with self.lock:
            number = text(body.get("external_order_id"))
            known = [order for order in self.orders.values() if order.number == number]
            if known and self.duplicates != "accept":
                raise _not_created("external_order_id: exists already")
            amount = _order_amount(body)
            order_id = f"FY{int(self.now().timestamp()):08X}{len(self.orders) + 1:010X}"
            order = self.add(number, order_id, amount=amount, shipments=len(rows(body.get("shipments"))))
            return {"fynd_order_id": order.id}

    def details(self, order_id: str) -> dict[str, Any]:
        with self.lock:
            order = self.orders.get(order_id)
            if order is None:
                raise Refused(404, {"success": False, "message": "Order not found", "status": 404})
            return {"success": True, "order": _told(order), "shipments": [_shipment(it) for it in order.shipments]}

    def listing(self, query: Mapping[str, str]) -> dict[str, Any]:
        with self.lock:
            last = moment(query.get("end_date", "")) or self.now()
            first = moment(query.get("start_date", "")) or last - DEFAULT_WINDOW
            fits = [
                order for order in self.orders.values() if first <= order.created <= last and _matches(order, query)
            ]
            size = int(query.get("page_size", "10"))
            items = [{"order_id": it.id, "shipments": [_shipment(s) for s in it.shipments]} for it in fits[:size]]
            page = {"type": "number", "current": 1, "size": size, "item_total": len(fits), "has_next": False}
            return {"success": True, "items": items, "page": page}

    def transit(self, body: Mapping[str, Any]) -> dict[str, Any]:
        with self.lock:
            return {"statuses": [
                {"shipments": [self._one(text(wish.get("status")), it) for it in rows(wish.get("shipments"))]}
                for wish in rows(body.get("statuses"))
            ]}

    def _one(self, status: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
        ident = text(wanted.get("identifier"))
        for order in self.orders.values():
            for shipment in order.shipments:
                if shipment.id == ident and status in MAP.get(shipment.state, ()):
                    shipment.history.append((status, self._later(shipment)))
                    return {"identifier": ident, "status": 200, "final_state": {"shipment_id": ident}}
                if shipment.id == ident:
                    said = f"Invalid State Transition from {shipment.state} to {status}"
                    return {"identifier": ident, "status": 400, "message": said, "exception": "InvalidTransition"}
        return {"identifier": ident, "status": 400, "message": "Shipment not found", "exception": "NotFound"}

    def transactions(self, order_id: str) -> dict[str, Any]:
        with self.lock:
            paid = self.orders[order_id].payments if order_id in self.orders else []
            return {"items": [
                {"transaction_id": text(table(it.get("meta")).get("payment_id")), "payment_mode": it["mode"],
                 "amount": it["amount"], "status": "complete"}
                for it in paid
            ]}


def _bad(code: str, description: str) -> Refused:
    return Refused(400, {"success": False, "error": {"code": code, "description": description}})


def _not_created(errors: str) -> Refused:
    return Refused(400, {"success": False, "errors": errors, "status_code": 400, "fynd_order_id": None})


def _order_amount(body: Mapping[str, Any]) -> int:
    """Of both schemas, in minor units; refuses what FYND's schema refuses."""
    lines = [line for shipment in rows(body.get("shipments")) for line in rows(shipment.get("line_items"))]
    new = [table(line.get("monetary_values")).get("amount_paid") for line in lines]
    old = [
        table(table(charge.get("amount")).get("base_amount")).get("value")
        for line in lines for charge in rows(line.get("charges")) if charge.get("name") == "amount_paid"
    ]
    paid = [value for value in [*new, *old] if isinstance(value, int | Decimal)]
    required = ("shipping_details", "billing_details") if any(new) else ("shipping_info", "billing_info")
    missing = [name for name in required if not table(body.get(name))]
    if missing or not lines or len(paid) != len(lines):
        raise _not_created(f"missing: {', '.join(missing) or 'line items or their amount_paid'}")
    return int(sum(Decimal(value) for value in paid) * 100)


def _told(order: SimOrder) -> dict[str, Any]:
    return {
        "fynd_order_id": order.id, "affiliate_order_id": order.number, "order_date": _iso(order.created),
        "prices": {"amount_paid": Decimal(to_major(order.amount, "INR"))}, "meta": {},
    }


def _shipment(shipment: SimShipment) -> dict[str, Any]:
    """Newest first, as nothing promises an order."""
    history = [{"status": word, "updated_at": _iso(at)} for word, at in reversed(shipment.history)]
    return {"shipment_id": shipment.id, "bag_status_history": history}


def _matches(order: SimOrder, query: Mapping[str, str]) -> bool:
    value = query.get("search_value", "")
    names = {
        "external_order_id": [order.number], "order_id": [order.id],
        "shipment_id": [shipment.id for shipment in order.shipments],
    }
    known = [name for given in names.values() for name in given]
    return not value or value in names.get(query.get("search_type", ""), known)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
