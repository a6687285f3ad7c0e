"""What the simulator knows: orders, payments and refunds as Razorpay would keep them. Its lock is held by the caller of
every public method through ``locked``, so threads see whole moves only."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

Json = dict[str, Any]
P = ParamSpec("P")
R = TypeVar("R")
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class ApiError(Exception):
    """What the API would answer."""

    def __init__(self, status: int, description: str, *, field: str | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.body: Json = {
            "error": {
                "code": "BAD_REQUEST_ERROR", "description": description, "source": "business",
                "step": "payment_initiation", "reason": "input_validation_failed", "metadata": {}, "field": field,
            }
        }  # fmt: skip


def locked(
    method: Callable[Concatenate[Ledger, P], R],
) -> Callable[Concatenate[Ledger, P], R]:
    @wraps(method)
    def inside(self: Ledger, *args: P.args, **given: P.kwargs) -> R:
        with self.lock:
            return method(self, *args, **given)

    return inside


class Ledger:
    """``offset`` shifts its clock, in seconds, so that tests can make old orders."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.offset = 0
        self.orders: dict[str, Json] = {}
        self.payments: dict[str, Json] = {}
        self.refunds: dict[str, Json] = {}
        self._attempts: dict[str, list[Json]] = {}
        self._keys: dict[str, tuple[Json, Json]] = {}
        self._numbers = itertools.count(1)
        self.opened: Callable[[Json], None] = lambda order: None

    def now(self) -> int:
        return int(time.time()) + self.offset

    def new_id(self, prefix: str) -> str:
        """The prefix and 14 characters, growing."""
        number, text = next(self._numbers), ""
        while number:
            number, digit = divmod(number, 62)
            text = _ALPHABET[digit] + text
        return f"{prefix}_SIM{text:0>11}"

    @locked
    def create_order(self, body: Mapping[str, Any]) -> Json:
        amount, currency = body.get("amount"), body.get("currency")
        if isinstance(amount, bool) or not isinstance(amount, int) or amount < (100 if currency == "INR" else 1):
            raise ApiError(400, "Order amount less than minimum amount allowed", field="amount")
        if not isinstance(currency, str) or len(currency) != 3 or not currency.isupper():
            raise ApiError(400, "Currency is not supported", field="currency")
        receipt = body.get("receipt")
        if receipt is not None and len(str(receipt)) > 40:
            raise ApiError(400, "The receipt may not be greater than 40 characters.", field="receipt")
        known = [one for one in self.orders.values() if receipt and one["receipt"] == receipt]
        if body.get("unique_receipt") and known:
            return known[0]
        order: Json = {
            "id": self.new_id("order"), "entity": "order", "amount": amount, "amount_paid": 0, "amount_due": amount,
            "currency": currency, "receipt": receipt, "offer_id": None, "status": "created", "attempts": 0,
            "notes": dict(body.get("notes") or {}) or [], "created_at": self.now(),
        }  # fmt: skip
        self.orders[order["id"]] = order
        self.opened(order)
        return order

    @locked
    def order(self, order_id: str) -> Json:
        return _known(self.orders, order_id)

    @locked
    def payment(self, payment_id: str) -> Json:
        return _known(self.payments, payment_id)

    @locked
    def payments_of(self, order_id: str) -> list[Json]:
        _known(self.orders, order_id)
        return self._attempts.get(order_id, [])[::-1]

    @locked
    def refunds_of(self, payment_id: str) -> list[Json]:
        _known(self.payments, payment_id)
        return [one for one in list(self.refunds.values())[::-1] if one["payment_id"] == payment_id]

    @locked
    def newest_first(self, rows: Mapping[str, Json]) -> list[Json]:
        last_first = list(rows.values())[::-1]
        last_first.sort(key=lambda row: -row["created_at"])
        return last_first

    @locked
    def attempt(self, order_id: str, payment: Json) -> Json:
        """A customer's attempt at an order. A paid order refuses it, as Razorpay does."""
        order = _known(self.orders, order_id)
        if order["status"] == "paid":
            raise ApiError(400, "Order has already been paid")
        order["attempts"] += 1
        order["status"] = "attempted"
        self.payments[payment["id"]] = payment
        self._attempts.setdefault(order_id, []).append(payment)
        if payment["status"] == "captured":
            self._paid(payment)
        return payment

    @locked
    def capture(self, payment_id: str, amount: Any, currency: Any) -> Json:
        payment = _known(self.payments, payment_id)
        if payment["status"] in ("captured", "refunded"):
            raise ApiError(400, "This payment has already been captured")
        if payment["status"] != "authorized":
            raise ApiError(400, "Only payments which have been authorized and not yet captured can be captured")
        if (amount, currency) != (payment["amount"], payment["currency"]):
            raise ApiError(400, "Capture amount must be equal to the amount authorized", field="amount")
        payment["status"] = "captured"
        self._paid(payment)
        return payment

    def _paid(self, payment: Json) -> None:
        payment.update(captured=True, fee=payment["amount"] * 236 // 10_000, tax=payment["amount"] * 36 // 10_000)
        order = self.orders.get(payment["order_id"] or "")
        if order is None:
            return
        # With an offer, or a fee that the customer bears, Razorpay counts the order's own sum as paid.
        adjusted = order["offer_id"] or payment.get("fee_bearer") == "customer"
        paid = order["amount"] if adjusted else payment["amount"]
        due = max(0, order["amount"] - paid)
        order.update(amount_paid=paid, amount_due=due, status=order["status"] if due else "paid")

    @locked
    def refund(self, payment_id: str, body: Mapping[str, Any], *, key: str, status: str = "processed") -> Json:
        """Refunds once per idempotency key; the same key with another body is refused."""
        payment = _known(self.payments, payment_id)
        asked = {"payment_id": payment_id, **body}
        if key and key in self._keys:
            before, made = self._keys[key]
            if before != asked:
                raise ApiError(400, "Different request body sent for the same Idempotency Key")
            return made
        left = payment["amount"] - payment["amount_refunded"]
        amount = body.get("amount", left)
        if payment["status"] not in ("captured", "refunded"):
            raise ApiError(400, "The payment status should be captured for action to be taken")
        if isinstance(amount, bool) or not isinstance(amount, int) or not 0 < amount <= left:
            raise ApiError(400, "The total refund amount is greater than the refund payment amount", field="amount")
        made = self._refunded(payment, amount, body, status)
        if key:
            self._keys[key] = (asked, made)
        return made

    def _refunded(self, payment: Json, amount: int, body: Mapping[str, Any], status: str) -> Json:
        refund = {
            "id": self.new_id("rfnd"), "entity": "refund", "amount": amount, "currency": payment["currency"],
            "payment_id": payment["id"], "notes": dict(body.get("notes") or {}) or [], "receipt": body.get("receipt"),
            "acquirer_data": {"arn": None}, "created_at": self.now(), "batch_id": None, "status": status,
            "speed_requested": body.get("speed", "normal"), "speed_processed": "normal",
        }  # fmt: skip
        self.refunds[refund["id"]] = refund
        payment["amount_refunded"] += amount
        whole = payment["amount_refunded"] == payment["amount"]
        payment["refund_status"] = "full" if whole else "partial"
        payment["status"] = "refunded" if whole else payment["status"]
        return refund


def _known(rows: Mapping[str, Json], key: str) -> Json:
    if key not in rows:
        raise ApiError(400, "The id provided does not exist")
    return rows[key]


def page(rows: Iterable[Json], query: Mapping[str, str]) -> list[Json]:
    """``from``, ``to``, ``count`` (10 by default, 100 at most) and ``skip`` of a list call."""
    count = _number(query, "count", 10)
    if not 1 <= count <= 100:
        raise ApiError(400, "The count must be between 1 and 100.", field="count")
    begin, end, skip = _number(query, "from", 0), _number(query, "to", 2**40), _number(query, "skip", 0)
    return [row for row in rows if begin <= row["created_at"] <= end][skip : skip + count]


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isascii() or not text.isdigit():
        raise ApiError(400, f"The {name} must be an integer.", field=name)
    return int(text)
