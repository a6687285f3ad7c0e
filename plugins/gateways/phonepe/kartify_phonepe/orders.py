"""Opening an order, finding one whose answer was lost, and what the browser does next."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kartify.plugin import Money, NextStep, Opened, PaymentRequest, Permanent, Temporary
from kartify_phonepe.api import Api, segment
from kartify_phonepe.callbacks import return_url
from kartify_phonepe.problems import KnownOrder, UnknownOrder
from kartify_phonepe.settings import PhonePeSettings
from kartify_phonepe.wire import Order, Paid

CHECKOUT_JS = "https://mercury.phonepe.com/web/bundle/checkout.js"
# Echoed in every answer about the order, also in that about one attempt, which does not name the order otherwise.
ORDER_NUMBER, REFERENCE = "udf1", "udf2"
LEAST = 100


def open_order(api: Api, request: PaymentRequest, settings: PhonePeSettings) -> Opened:
    """Our reference is the merchant order id: unique for ever, so the same payment cannot be opened twice."""
    check_amount(request.amount)
    reference = segment(request.reference, "reference")
    try:
        made = api.post(Paid, "/checkout/v2/pay", _body(request, settings))
    except KnownOrder:
        found = find_order(api, request, settings)
        if found is None:
            raise
        return found
    if not made.redirect_url.startswith(("https://", "http://")):
        raise Temporary("PhonePe's answer names no page to send the customer to")
    return Opened(gateway_order_id=reference, next=_next(made.redirect_url, settings), expires_at=made.expire_at)


def find_order(api: Api, request: PaymentRequest, settings: PhonePeSettings) -> Opened | None:
    """The order of our reference. PhonePe does not tell its page again: nobody can be sent there any more, and what is
    left is to ask whether somebody paid. Where nobody tried, nobody ever had that page: it counts as ended from its
    first moment, so that the customer gets another order instead of waiting for the end of this one."""
    try:
        order = order_of(api, request.reference)
    except UnknownOrder:
        return None
    if (order.amount, order.currency) != (request.amount.minor, request.amount.currency):
        raise Permanent("PhonePe has another order under this reference: its amount differs", field="amount")
    ends = order.expire_at
    if ends is not None and order.state == "PENDING" and not order.payment_details:
        ends -= timedelta(seconds=settings.expire_after)
    return Opened(gateway_order_id=request.reference, next=NextStep(type="none"), expires_at=ends)


def order_of(api: Api, merchant_order_id: str) -> Order:
    """An order with all its attempts. Raises ``UnknownOrder``."""
    path = f"/checkout/v2/order/{segment(merchant_order_id, 'gateway_order_id')}/status"
    order = api.get(Order, path, [("details", "true"), ("errorContext", "true")])
    if order.merchant_order_id not in ("", merchant_order_id):
        raise Temporary("PhonePe answered about another order than the one it was asked about")
    return order


def check_amount(amount: Money, field: str = "amount") -> None:
    """Raises ``Permanent`` for what PhonePe refuses anyway."""
    if amount.currency != "INR":
        raise Permanent(f"PhonePe takes rupees only, not {amount.currency}", field="currency")
    if amount.minor < LEAST:
        raise Permanent(f"PhonePe takes no {amount}: the least is ₹1.00", field=field)


def _body(request: PaymentRequest, settings: PhonePeSettings) -> dict[str, Any]:
    noted = {ORDER_NUMBER: request.order_number[:256], REFERENCE: request.reference}
    phone = request.customer.get("phone") if settings.send_phone else None
    body: dict[str, Any] = {
        "merchantOrderId": request.reference,
        "amount": request.amount.minor,
        "expireAfter": settings.expire_after,
        "metaInfo": {name: text for name, text in noted.items() if text},
        "paymentFlow": {
            "type": "PG_CHECKOUT",
            "merchantUrls": {"redirectUrl": return_url(request.callback_url, request.reference)},
        },
    }
    if request.description:
        body["paymentFlow"]["message"] = request.description[:200]
    if settings.one_attempt:
        body["disablePaymentRetry"] = True
    if phone:
        body["prefillUserLoginDetails"] = {"phoneNumber": phone}
    return body


def _next(page: str, settings: PhonePeSettings) -> NextStep:
    """The page's address carries a token of its own: it is passed on as it is."""
    if settings.checkout == "redirect":
        return NextStep(type="redirect", url=page)
    options = {"tokenUrl": page, "type": "IFRAME"}
    return NextStep(type="sdk", url=CHECKOUT_JS, data={"script": CHECKOUT_JS, "options": options})
