"""Opening an order, finding one whose answer was lost, closing one, and what the browser does next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from kartify.plugin import Money, NextStep, Opened, PaymentRequest, Permanent, Temporary, to_major
from kartify_cashfree import ids
from kartify_cashfree.api import Api, Exists, UnknownId, reading
from kartify_cashfree.lookup import fetch_order
from kartify_cashfree.reports import REFERENCE
from kartify_cashfree.settings import CashfreeSettings
from kartify_cashfree.wire import Order, minor

CHECKOUT_JS: Final = "https://sdk.cashfree.com/js/v3/cashfree.js"
ORDER_NUMBER: Final = "kartify_order"
LONGEST_URL: Final = 250
_LEAST_INR: Final = 100
_CUSTOMER_ID: Final = re.compile(r"[A-Za-z0-9_-]{3,50}\Z")
_INDIAN: Final = re.compile(r"(?:\+91|0)?([0-9]{10})\Z")
_FOREIGN: Final = re.compile(r"\+[0-9]{8,15}\Z")
# The sandbox holds money instead of taking it only for orders with this note.
_SANDBOX_HOLDS: Final = "preauth_transaction"


def open_order(api: Api, request: PaymentRequest, settings: CashfreeSettings) -> Opened:
    """Raises ``Permanent`` naming the field that Cashfree would refuse."""
    order_id = ids.require_order(request.reference)
    check_amount(request.amount)
    try:
        order = api.post(Order, "/orders", _body(request, settings))
    except Exists:
        # An answer that was lost: the order is ours, for nobody else knows the reference.
        order = fetch_order(api, order_id)
    if order.order_id != order_id:
        raise Temporary("Cashfree opened an order of another id")
    return opened(order, request, settings)


def find_order(api: Api, request: PaymentRequest, settings: CashfreeSettings) -> Opened | None:
    try:
        order = fetch_order(api, ids.require_order(request.reference))
    except UnknownId:
        return None
    return opened(order, request, settings)


def terminate(api: Api, order_id: str) -> None:
    """Asks Cashfree to end the order. Raises ``Permanent`` where it does not, as for one that is paid."""
    api.send("PATCH", f"/orders/{order_id}", {"order_status": "TERMINATED"})


def check_amount(amount: Money) -> None:
    """Raises ``Permanent`` for what Cashfree refuses anyway."""
    if amount.minor <= 0 or (amount.currency == "INR" and amount.minor < _LEAST_INR):
        raise Permanent(f"Cashfree takes no {amount}: the least is ₹1.00", field="order_amount")


def rupees(amount: Money) -> Decimal:
    """The JSON number: 129900 INR is 1299.00."""
    return Decimal(to_major(amount.minor, amount.currency))


def _body(request: PaymentRequest, settings: CashfreeSettings) -> dict[str, Any]:
    ends = datetime.now(UTC) + timedelta(minutes=settings.session_minutes)
    note = _note(request, settings)
    return {
        "order_id": request.reference,
        "order_amount": rupees(request.amount),
        "order_currency": request.amount.currency,
        "customer_details": customer(request.customer, request.reference, settings.fallback_phone),
        "order_meta": _meta(request, settings),
        "order_expiry_time": ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "order_tags": _tags(request),
        **({"order_note": note} if note else {}),
    }


def _note(request: PaymentRequest, settings: CashfreeSettings) -> str:
    if settings.pre_authorisation and settings.mode() == "test":
        return _SANDBOX_HOLDS
    return request.description[:200] if len(request.description) >= 3 else ""


def _tags(request: PaymentRequest) -> dict[str, str]:
    """They come back in webhooks and in the reconciliation list."""
    given = {REFERENCE: request.reference, ORDER_NUMBER: request.order_number[:255]}
    return {name: text for name, text in given.items() if text}


def _meta(request: PaymentRequest, settings: CashfreeSettings) -> dict[str, str]:
    meta = {"return_url": return_url(request.callback_url, request.reference)}
    if settings.payment_methods:
        meta["payment_methods"] = settings.payment_methods
    # Cashfree takes only https here; the dashboard's endpoint brings the same news.
    fits = len(request.webhook_url) <= LONGEST_URL and (request.webhook_url.startswith("https://") or settings.local)
    if settings.notify_url and request.webhook_url and fits:
        meta["notify_url"] = request.webhook_url
    return meta


def return_url(callback_url: str, reference: str) -> str:
    """With our reference too: the docs also show ``order_id`` appended, and a parameter given twice counts for none."""
    mark = "&" if "?" in callback_url else "?"
    url = f"{callback_url}{mark}{REFERENCE}={reference}&order_id={{order_id}}"
    if len(url) > LONGEST_URL:
        raise Permanent(f"Cashfree takes at most {LONGEST_URL} characters", field="order_meta.return_url")
    return url


def customer(given: Mapping[str, str], reference: str, fallback_phone: str) -> dict[str, str]:
    """``customer_details``. Raises ``Permanent`` where there is no usable phone number."""
    known = given.get("id", "")
    found = {
        "customer_id": known if _CUSTOMER_ID.match(known) else f"guest{reference}",
        "customer_phone": _phone(given.get("phone", ""), fallback_phone),
    }
    email, name = given.get("email", ""), given.get("name", "")
    if 3 <= len(email) <= 100 and "@" in email:
        found["customer_email"] = email
    if len(name.strip()) >= 3:
        found["customer_name"] = name.strip()[:100]
    return found


def _phone(text: str, fallback: str) -> str:
    digits = re.sub(r"[\s().-]", "", text)
    if indian := _INDIAN.match(digits):
        return indian.group(1)
    if _FOREIGN.match(digits):
        return digits
    if fallback:
        return fallback
    raise Permanent(
        "Cashfree needs the customer's phone: 10 digits, or a leading + and the country's code",
        field="customer_details.customer_phone",
    )


def opened(order: Order, request: PaymentRequest, settings: CashfreeSettings) -> Opened:
    """Raises ``Permanent`` where the order asks for another sum than we do."""
    with reading():
        told = (minor(order.order_amount, order.order_currency), order.order_currency)
    if told != (request.amount.minor, request.amount.currency):
        raise Permanent("Cashfree has this order with another amount", field="order_amount")
    ends = order.order_expiry_time
    if order.order_status != "ACTIVE":
        return Opened(gateway_order_id=request.reference, next=NextStep(type="none"), expires_at=ends)
    if not order.payment_session_id:
        raise Temporary("Cashfree's answer names no payment session")
    data = {
        "script": CHECKOUT_JS,
        "mode": settings.environment,
        "checkout": {"paymentSessionId": order.payment_session_id, "redirectTarget": "_self"},
    }
    step = NextStep(type="sdk", url=CHECKOUT_JS, data=data)
    return Opened(gateway_order_id=request.reference, next=step, expires_at=ends)
