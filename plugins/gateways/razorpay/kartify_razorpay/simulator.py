"""A stand-in for Razorpay's API, for ``kartify simulate razorpay`` and for tests: the real paths, fields and errors.

Tests drive it with ``pay``, ``late_authorise``, ``refund_outside``, ``webhook_body`` and ``send_webhook``; ``calls``
counts what was asked of it, by method and path.
"""

from __future__ import annotations

import hmac
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import urllib3
from flask import Flask, Response, jsonify, request

from kartify.plugin import SimulatorOptions
from kartify.plugin.simulator import WsgiApp
from kartify_razorpay.faults import Faults
from kartify_razorpay.ledger import ApiError, Json, Ledger, page
from kartify_razorpay.signing import sign

KEY_ID = "rzp_test_SIMULATOR00001"
KEY_SECRET = "simulated-key-secret"
WEBHOOK_SECRET = "simulated-webhook-secret"
MERCHANT = "acc_SIMULATOR00001"


class RazorpaySimulator:
    slug: ClassVar[str] = "razorpay"

    def __init__(self, options: SimulatorOptions) -> None:
        self.options = options
        self.ledger = Ledger()
        self.faults = Faults(options.faults)
        self.calls: Counter[str] = Counter()
        self._app = _routes(self)

    def app(self) -> WsgiApp:
        return self._app

    def settings(self) -> dict[str, str]:
        return {
            "api_base": self.options.base_url,
            "key_id": KEY_ID,
            "key_secret": KEY_SECRET,
            "webhook_secret": WEBHOOK_SECRET,
            "merchant_id": MERCHANT,
        }

    def pay(
        self, order_id: str, *, amount: int | None = None, status: str = "captured", method: str = "upi", **fields: Any
    ) -> Json:
        """A customer's attempt, with its payment as it then stands; ``fields`` replace any of it."""
        order = self.ledger.order(order_id)
        failed = status == "failed"
        payment = {
            "id": self.ledger.new_id("pay"), "entity": "payment",
            "amount": order["amount"] if amount is None else amount, "currency": order["currency"], "status": status,
            "order_id": order_id, "invoice_id": None, "international": False, "method": method, "amount_refunded": 0,
            "refund_status": None, "captured": status == "captured", "description": None, "card_id": None,
            "bank": None, "wallet": None, "vpa": "asha@upi", "email": "asha@example.com", "contact": "+919000000000",
            "notes": order["notes"], "fee": None, "tax": None, "error_code": "BAD_REQUEST_ERROR" if failed else None,
            "error_description": "Payment failed" if failed else None, "error_source": "bank" if failed else None,
            "error_step": "payment_authorization" if failed else None,
            "error_reason": "payment_failed" if failed else None, "acquirer_data": {"rrn": "412300000001"},
            "created_at": self.ledger.now(), **fields,
        }  # fmt: skip
        return self.ledger.attempt(order_id, payment)

    def late_authorise(self, payment_id: str, *, capture: bool = True) -> Json:
        """The bank answers after all: failed → authorized, and captured where the account captures by itself."""
        with self.ledger.lock:
            payment = self.ledger.payment(payment_id)
            payment.update(status="authorized", late_authorized=True)
            payment.update({name: None for name in payment if name.startswith("error_")})
            if capture:
                self.ledger.capture(payment_id, payment["amount"], payment["currency"])
            return payment

    def release(self, payment_id: str) -> Json:
        """Nobody captured: Razorpay gives the authorised money back."""
        with self.ledger.lock:
            payment = self.ledger.payment(payment_id)
            payment.update(
                status="refunded", captured=False, amount_refunded=payment["amount"], refund_status="full"
            )
            return payment

    def refund_outside(self, payment_id: str, *, amount: int | None = None, status: str = "processed") -> Json:
        """Somebody refunds in the dashboard."""
        body = {} if amount is None else {"amount": amount}
        return self.ledger.refund(payment_id, body, key="", status=status)

    def webhook_body(
        self, event: str, *, payment_id: str | None = None, secret: str = WEBHOOK_SECRET, **entities: Json
    ) -> tuple[bytes, dict[str, str]]:
        """The exact bytes of an event and its headers. ``entities`` adds or replaces parts (refund, dispute …)."""
        body = json.dumps(self._event(event, payment_id, entities), separators=(",", ":")).encode()
        headers = {
            "Content-Type": "application/json",
            "X-Razorpay-Signature": sign(body, secret),
            "X-Razorpay-Event-Id": self.ledger.new_id("evt")[4:],
        }
        return body, headers

    def _event(self, event: str, payment_id: str | None, entities: dict[str, Json]) -> Json:
        with self.ledger.lock:
            parts: dict[str, Json] = {}
            if payment_id is not None:
                parts["payment"] = self.ledger.payment(payment_id)
                if event.startswith(("order.", "payment_link.")):
                    parts["order"] = self.ledger.order(parts["payment"]["order_id"])
            parts.update(entities)
            payload = {name: {"entity": dict(entity)} for name, entity in parts.items()}
            return {
                "entity": "event", "account_id": MERCHANT, "event": event, "contains": list(parts),
                "payload": payload, "created_at": self.ledger.now(),
            }  # fmt: skip

    def send_webhook(self, url: str, event: str, *, payment_id: str | None = None, **entities: Json) -> int:
        """Sends it as Razorpay does and gives the status it was answered with; Razorpay waits 5 s."""
        body, headers = self.webhook_body(event, payment_id=payment_id, **entities)
        return urllib3.request("POST", url, body=body, headers=headers, timeout=5.0, retries=False).status

    def callback_form(self, payment_id: str) -> dict[str, str]:
        """What the browser posts to ``callback_url`` after a success."""
        order_id = self.ledger.payment(payment_id)["order_id"]
        return {
            "razorpay_payment_id": payment_id,
            "razorpay_order_id": order_id,
            "razorpay_signature": sign(f"{order_id}|{payment_id}".encode(), KEY_SECRET),
        }


def _routes(simulator: RazorpaySimulator) -> Flask:
    app = Flask("kartify_razorpay.simulator")
    ledger = simulator.ledger
    routes: dict[str, Callable[..., Any]] = {
        "POST /v1/orders": lambda: ledger.create_order(_body()),
        "GET /v1/orders": lambda: _collection(_orders(ledger)),
        "GET /v1/orders/<order_id>": ledger.order,
        "GET /v1/orders/<order_id>/payments": lambda order_id: _collection(ledger.payments_of(order_id)),
        "GET /v1/payments": lambda: _collection(page(ledger.newest_first(ledger.payments), request.args)),
        "GET /v1/payments/<payment_id>": ledger.payment,
        "POST /v1/payments/<payment_id>/capture": lambda payment_id: ledger.capture(
            payment_id, _body().get("amount"), _body().get("currency")
        ),
        "POST /v1/payments/<payment_id>/refund": lambda payment_id: ledger.refund(
            payment_id, _body(), key=request.headers.get("X-Refund-Idempotency", "")
        ),
        "GET /v1/payments/<payment_id>/refunds": lambda payment_id: _collection(
            page(ledger.refunds_of(payment_id), request.args)
        ),
    }
    for rule, act in routes.items():
        method, path = rule.split(" ")
        app.add_url_rule(path, rule, _served(simulator, rule, act), methods=[method])
    return app


def _served(simulator: RazorpaySimulator, rule: str, act: Callable[..., Any]) -> Callable[..., Response]:
    def view(**ids: str) -> Response:
        simulator.calls[rule] += 1
        fault = simulator.faults.draw()
        if early := _early(fault):
            return early
        if fault == "slow":
            time.sleep(simulator.faults.pause())
        return _late(fault, _answer(simulator, act, ids))

    return view


def _answer(simulator: RazorpaySimulator, act: Callable[..., Any], ids: dict[str, str]) -> Response:
    try:
        _authenticate()
        with simulator.ledger.lock:
            return jsonify(act(**ids))
    except ApiError as problem:
        response = jsonify(problem.body)
        response.status_code = problem.status
        return response


def _authenticate() -> None:
    given = request.authorization
    pair = f"{given.username}:{given.password}" if given is not None and given.type == "basic" else ""
    if not hmac.compare_digest(pair.encode(), f"{KEY_ID}:{KEY_SECRET}".encode()):
        raise ApiError(401, "Authentication failed")


def _body() -> Json:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise ApiError(400, "The request body is not valid JSON")
    return body


def _orders(ledger: Ledger) -> list[Json]:
    rows = ledger.newest_first(ledger.orders)
    if receipt := request.args.get("receipt"):
        rows = [row for row in rows if row["receipt"] == receipt]
    found = page(rows, request.args)
    if "payments" not in request.args.getlist("expand[]"):
        return found
    return [{**row, "payments": _collection(ledger.payments_of(row["id"]))} for row in found]


def _collection(rows: list[Json]) -> Json:
    return {"entity": "collection", "count": len(rows), "items": rows}


def _early(fault: str) -> Response | None:
    """Faults that strike before anything is done."""
    if fault in ("429", "429-wait"):
        response = jsonify(ApiError(429, "Too many requests").body)
        response.headers.update({"Retry-After": "1"} if fault == "429-wait" else {})
        response.status_code = 429
        return response
    if fault == "500":
        return Response('{"error":{"code":"SERVER_ERROR","description":"We are facing some trouble"}}', 500)
    if fault == "html-502":
        return Response("<html><body><h1>502 Bad Gateway</h1></body></html>", 502, mimetype="text/html")
    return _dropped() if fault == "dropped-before" else None


def _late(fault: str, answer: Response) -> Response:
    """Faults that strike when it is done."""
    if fault == "truncated":
        return Response(answer.get_data()[: answer.content_length // 2 if answer.content_length else 0], 200)
    return _dropped() if fault == "dropped-after" else answer


def _dropped() -> Response:
    """Promises more than it sends: the caller sees a connection that was lost."""

    def parts() -> Iterator[bytes]:
        yield b"{"

    headers = {"Content-Length": "4096", "Connection": "close"}
    return Response(parts(), 200, headers=headers, mimetype="application/json")
