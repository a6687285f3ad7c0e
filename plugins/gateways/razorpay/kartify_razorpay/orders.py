"""Opening an order, finding one whose answer was lost, and what the browser does next."""

from __future__ import annotations

from typing import Any

from kartify.plugin import Money, NextStep, Opened, PaymentRequest, Permanent, Temporary
from kartify_razorpay.api import Api
from kartify_razorpay.reports import AMOUNT, REFERENCE
from kartify_razorpay.settings import RazorpaySettings
from kartify_razorpay.wire import Order, Orders

CHECKOUT_JS = "https://checkout.razorpay.com/v1/checkout.js"
ORDER_NUMBER = "kartify_order"
PAGE = 100
_SMALLEST_INR = 100
# Three decimals, and Razorpay takes them only with a last digit of 0.
_THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "OMR", "TND", "LYD"})
_BEST_FIRST = ("paid", "attempted", "created")


def open_order(api: Api, request: PaymentRequest, settings: RazorpaySettings) -> Opened:
    check_amount(request.amount)
    order = api.post(Order, "/v1/orders", _body(request, settings))
    if (order.amount, order.currency) != (request.amount.minor, request.amount.currency):
        raise Permanent("Razorpay opened an order of another amount", field="amount")
    return opened(order, request, settings)


def find_order(api: Api, request: PaymentRequest, settings: RazorpaySettings) -> Opened | None:
    """The order with our receipt and our amount; of several, the one that is furthest on."""
    asked = (request.amount.minor, request.amount.currency)
    fitting = [order for order in by_receipt(api, request.reference) if (order.amount, order.currency) == asked]
    fitting.sort(key=lambda order: _BEST_FIRST.index(order.status) if order.status in _BEST_FIRST else 9)
    return opened(fitting[0], request, settings) if fitting else None


def by_receipt(api: Api, reference: str, *, payments: bool = False) -> tuple[Order, ...]:
    """Orders of that receipt, checked here again: a filter that is overlooked would answer with all orders."""
    params = [("receipt", reference), ("count", str(PAGE))]
    if payments:
        params.append(("expand[]", "payments"))
    return tuple(order for order in api.get(Orders, "/v1/orders", params).items if order.receipt == reference)


def check_amount(amount: Money) -> None:
    """Raises ``Permanent`` for what Razorpay refuses anyway."""
    if amount.minor <= 0 or (amount.currency == "INR" and amount.minor < _SMALLEST_INR):
        raise Permanent(f"Razorpay takes no {amount}: the least is ₹1.00", field="amount")
    if amount.currency in _THREE_DECIMALS and amount.minor % 10:
        raise Permanent(f"Razorpay takes {amount.currency} only with a last digit of 0", field="amount")


def _body(request: PaymentRequest, settings: RazorpaySettings) -> dict[str, Any]:
    body = {
        "amount": request.amount.minor,
        "currency": request.amount.currency,
        "receipt": request.reference,
        "notes": _notes(request),
        "payment": {
            "capture": settings.capture,
            "capture_options": _capture_options(settings),
        },
    }
    return {**body, "unique_receipt": True} if settings.unique_receipt else body


def _capture_options(settings: RazorpaySettings) -> dict[str, Any]:
    options = {"manual_expiry_period": settings.manual_expiry_minutes, "refund_speed": settings.refund_speed}
    if settings.capture == "automatic":
        options["automatic_expiry_period"] = settings.automatic_expiry_minutes
    return options


def _notes(request: PaymentRequest) -> dict[str, str]:
    """On the order and in the checkout: whether an order's notes reach its payments by themselves is not promised."""
    given = {
        REFERENCE: request.reference,
        ORDER_NUMBER: request.order_number[:256],
        AMOUNT: str(request.amount.minor),
    }
    return {name: text for name, text in given.items() if text}


def opened(order: Order, request: PaymentRequest, settings: RazorpaySettings) -> Opened:
    if order.id is None:
        raise Temporary("Razorpay's answer names no order")
    if order.status == "paid":
        return Opened(gateway_order_id=order.id, next=NextStep(type="none"))
    options = _options(order.id, request, settings)
    step = NextStep(type="sdk", url=CHECKOUT_JS, data={"script": CHECKOUT_JS, "options": options})
    return Opened(gateway_order_id=order.id, next=step)


def _options(order_id: str, request: PaymentRequest, settings: RazorpaySettings) -> dict[str, Any]:
    customer = request.customer
    prefill = {"name": customer.get("name"), "email": customer.get("email"), "contact": customer.get("phone")}
    texts = {"name": settings.checkout_name, "description": request.description[:255]}
    return {
        "key": settings.key_id,
        "order_id": order_id,
        "amount": request.amount.minor,
        "currency": request.amount.currency,
        "callback_url": request.callback_url,
        "redirect": True,
        "prefill": {name: value for name, value in prefill.items() if value},
        "notes": _notes(request),
        **{name: text for name, text in texts.items() if text},
    }
