"""Opening an order with its payment page, and finding one whose answer was lost."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from kartify.plugin import (
    Invalid,
    Money,
    NextStep,
    Opened,
    PaymentRequest,
    Permanent,
    Temporary,
    from_major,
    keeps_secrets,
    to_major,
)
from kartify_juspay.api import Api, Said, UnknownOrder
from kartify_juspay.lookup import fetch
from kartify_juspay.settings import JuspaySettings
from kartify_juspay.statuses import UNTRIED
from kartify_juspay.wire import Links, Order, Rupees, Session

_REFERENCE = re.compile(r"[A-Za-z0-9]{1,20}\Z")
_PLAIN_QUERY = re.compile(r"[A-Za-z0-9=&]*\Z")
_EXISTS = re.compile(r"already|duplicate|exists", re.IGNORECASE)
_FINE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def open_order(api: Api, request: PaymentRequest, settings: JuspaySettings) -> Opened:
    """Raises ``Permanent`` naming what Juspay would refuse anyway."""
    check(request, settings)
    try:
        session = api.post(Session, "/session", body_of(request, settings))
    except Said as problem:
        # The same order again may be refused: an earlier call whose answer was lost has made it.
        if not _EXISTS.search(f"{problem.code} {problem}"):
            raise
        found = find_order(api, request)
        if found is None:
            raise
        return found
    return _opened(session, request)


def find_order(api: Api, request: PaymentRequest) -> Opened | None:
    try:
        order = fetch(api, request.reference)
    except UnknownOrder:
        return None
    return Opened(
        gateway_order_id=order.order_id, next=_step(order, request.amount),
        expires_at=order.order_expiry or (order.payment_links.expiry if order.payment_links else None),
    )  # fmt: skip


def _step(order: Order, amount: Money) -> NextStep:
    """An order that somebody has tried is asked about in any case; only an untried one must be ours to the paisa."""
    if order.status not in UNTRIED:
        tried_and_open = order.status.endswith(("_FAILED", "_DECLINED"))
        link = _link(order.payment_links) if tried_and_open else None
        return NextStep(type="redirect", url=link) if link else NextStep(type="none")
    if order.currency not in (None, amount.currency) or not _same(order.amount, amount):
        raise Permanent("Juspay has an order of another amount under our reference", field="amount")
    link = _link(order.payment_links)
    return NextStep(type="redirect", url=link) if link else NextStep(type="none")


def _opened(session: Session, request: PaymentRequest) -> Opened:
    told = session.sdk_payload.payload if session.sdk_payload else None
    if session.order_id != request.reference:
        raise Temporary("Juspay's answer is about another order")
    if told is not None and told.amount is not None and not _same(told.amount, request.amount):
        raise Permanent("Juspay opened an order of another amount", field="amount")
    link = _link(session.payment_links)
    if link is None:
        raise Temporary("Juspay's answer brings no address of a payment page")
    ends = session.order_expiry or (session.payment_links.expiry if session.payment_links else None)
    return Opened(gateway_order_id=session.order_id, next=NextStep(type="redirect", url=link), expires_at=ends)


def _same(told: Rupees, amount: Money) -> bool:
    try:
        return told is not None and from_major(told, amount.currency) == amount.minor
    except Invalid:
        return False


def _link(links: Links | None) -> str | None:
    """The page's address, where it is one that a browser may be sent to."""
    url = links.web if links else None
    return url if url and keeps_secrets(url) else None


def check(request: PaymentRequest, settings: JuspaySettings) -> None:
    amount = request.amount
    if not _REFERENCE.match(request.reference):
        raise Permanent("Juspay takes an order id of at most 20 letters and digits", field="order_id")
    if not settings.takes(amount.currency) or amount.currency in _FINE_DECIMALS:
        raise Permanent(f"this Juspay account takes {settings.currencies}, not {amount.currency}", field="currency")
    if amount.minor <= 0:
        raise Permanent(f"Juspay takes no {amount}", field="amount")
    if not keeps_secrets(request.callback_url):
        raise Permanent("Juspay sends browsers back to https addresses only", field="return_url")
    if not _PLAIN_QUERY.match(urlsplit(request.callback_url).query):
        # What is signed of them its own kits do not agree on.
        raise Permanent("the return address may carry plain letters and digits only", field="return_url")


def body_of(request: PaymentRequest, settings: JuspaySettings) -> dict[str, Any]:
    """The customer is a guest of this order: an id of the shop's would show the cards stored under it."""
    metadata: dict[str, Any] = {"webhook_url": request.webhook_url} if settings.webhook_in_order else {}
    if settings.pre_authorisation:
        metadata["txns.auto_capture"] = False
    fixed = {
        "order_id": request.reference,
        "amount": to_major(request.amount.minor, request.amount.currency),
        "currency": request.amount.currency,
        "customer_id": request.reference,
        "payment_page_client_id": settings.client_id,
        "action": "paymentPage",
        "return_url": request.callback_url,
    }
    return {**fixed, **_texts(request), **({"metadata": metadata} if metadata else {})}


def _texts(request: PaymentRequest) -> dict[str, str]:
    customer = request.customer
    first, _, last = customer.get("name", "").strip().partition(" ")
    given = {
        "customer_email": customer.get("email", ""), "customer_phone": _phone(customer), "first_name": first[:50],
        "last_name": last.strip()[:50], "description": request.description[:250], "udf1": request.order_number[:250],
    }  # fmt: skip
    return {name: text for name, text in given.items() if text}


def _phone(customer: Mapping[str, str]) -> str:
    """Ten digits without the country's number; another country's is sent whole."""
    digits = re.sub(r"[^0-9]", "", customer.get("phone", ""))
    return digits[2:] if len(digits) == 12 and digits.startswith("91") else digits
