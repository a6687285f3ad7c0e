"""The order calls of the stand-in: ``POST /session`` and ``GET /orders/<order_id>``."""

from __future__ import annotations

import re
from typing import Any, Protocol
from urllib.parse import urlsplit

from kartify.plugin import Invalid, from_major
from kartify.simulation import Book, Session
from kartify_juspay.simulator.door import json_body, not_found, refuse
from kartify_juspay.simulator.entities import links_of, moment

_ORDER_ID = re.compile(r"[A-Za-z0-9_-]{1,21}\Z")
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?\Z")
_NEEDED = ("order_id", "amount", "customer_id", "payment_page_client_id", "action", "return_url")
_KEPT = ("customer_id", "customer_email", "customer_phone", "udf1", "description")
_LOOPBACK = ("127.0.0.1", "localhost")


class Keeper(Protocol):
    """The part of the stand-in that these calls use."""

    book: Book
    client_id: str
    same_order: str
    base: str


def open_session(keeper: Keeper) -> dict[str, Any]:
    body = json_body()
    _check(body, keeper.client_id)
    currency = body.get("currency", "INR")
    amount = _minor(body["amount"], currency)
    known = keeper.book.sessions.get(body["order_id"])
    if known is None:
        known = keeper.book.open(_session(keeper.book, body, amount, currency))
    elif keeper.same_order == "refused" or (known.amount, known.currency) != (amount, currency):
        raise refuse(400, "order_already_exists", "Order already exists", newer="ALREADY_EXISTS")
    return _answer(keeper.base, known, body)


def find(book: Book, order_id: str) -> Session:
    session = book.sessions.get(order_id)
    if session is None:
        raise not_found(order_id)
    return session


def _session(book: Book, body: dict[str, Any], amount: int, currency: str) -> Session:
    metadata = body.get("metadata") or {}
    return Session(
        id=body["order_id"], reference=body["order_id"], amount=amount, currency=currency,
        callback_url=body["return_url"], created_at=book.now(), webhook_url=metadata.get("webhook_url", ""),
        data={"uuid": book.new_id("ordeh_", 32).lower(), **{name: body[name] for name in _KEPT if name in body}},
    )  # fmt: skip


def _check(body: dict[str, Any], client_id: str) -> None:
    for name in _NEEDED:
        if not isinstance(body.get(name), str) or not body[name]:
            raise refuse(400, "missing_mandatory_parameter", f"{name} is missing", newer="MISSING_MANDATORY_PARAMETER")
    if not _ORDER_ID.match(body["order_id"]):
        raise refuse(400, "invalid_request", "order_id must be alphanumeric and shorter than 22 characters")
    if not _AMOUNT.match(body["amount"]):
        raise refuse(400, "invalid_request", "amount must be a number with at most two decimals")
    if body["payment_page_client_id"] != client_id or body["action"] != "paymentPage":
        raise refuse(400, "invalid_request", "payment_page_client_id or action is not valid")
    back = urlsplit(body["return_url"])
    if back.scheme != "https" and back.hostname not in _LOOPBACK:
        raise refuse(400, "invalid_request", "return_url must be https")


def _minor(amount: str, currency: str) -> int:
    try:
        minor = from_major(amount, currency)
    except Invalid:
        minor = 0
    if minor <= 0:
        raise refuse(400, "invalid_request", "amount must be more than zero")
    return minor


def _answer(base: str, session: Session, body: dict[str, Any]) -> dict[str, Any]:
    payload = {
        "clientId": body["payment_page_client_id"], "amount": body["amount"], "currency": session.currency,
        "orderId": session.id, "action": "paymentPage", "returnUrl": session.callback_url,
        "clientAuthToken": f"tkn_{session.data['uuid'][-16:]}", "clientAuthTokenExpiry": moment(session.created_at),
    }  # fmt: skip
    return {
        "status": "NEW", "id": session.data["uuid"], "order_id": session.id,
        "payment_links": {"web": links_of(base, session.id)["web"]},
        "sdk_payload": {"requestId": session.data["uuid"], "service": "in.juspay.hyperpay", "payload": payload},
    }  # fmt: skip
