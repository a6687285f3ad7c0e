"""A small FYND for tests, demonstrations and drills: real paths, real answer shapes, and what goes wrong."""

from __future__ import annotations

import secrets
import socket
import threading
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

from flask import Flask, Response, request

from kartify.plugin import SimulatorOptions, Unreadable, read_json
from kartify.plugin.simulator import WsgiApp
from kartify_fynd.faults import Fault, Faults
from kartify_fynd.news import sign
from kartify_fynd.signing import signature
from kartify_fynd.wire import dump, table, text
from kartify_fynd.world import Refused, SimOrder, World

COMPANY: Final = 42
APPLICATION: Final = "65a1b2c3d4e5f60718293a4b"
_PLAIN: Final = {Fault.ERROR: 500, Fault.BROKEN: 500, Fault.UNAVAILABLE: 503, Fault.THROTTLE: 429}
_SETTLED: Final = timedelta(seconds=0.2)
_BEFORE: Final = (Fault.ERROR, Fault.UNAVAILABLE, Fault.THROTTLE)


class FyndSimulator:
    """``calls`` counts what reached it, ``confirmed`` what a Confirm payment did, by order. ``way`` is for
    ``settings``; ``token_seconds`` is how long a token lives; ``faults.ask`` plans a fault."""

    slug: ClassVar[str] = "fynd"

    def __init__(self, options: SimulatorOptions) -> None:
        self.base_url = options.base_url.rstrip("/")
        self.faults = Faults(options.faults)
        self.calls: Counter[str] = Counter()
        self.world = World(lambda: datetime.now(UTC))
        self.way = "a"
        self.token_seconds = 3600
        self.client_id = "simulator-client"
        self.client_secret = "simulator-client-secret"
        self.webhook_secret = "simulator-webhook-secret"
        self._tokens: dict[str, tuple[datetime, datetime]] = {}  # issued, ends
        self._lock = threading.Lock()

    @property
    def confirmed(self) -> Counter[str]:
        return self.world.confirmed

    def settings(self) -> dict[str, str]:
        given = {
            "api_base": self.base_url, "company_id": str(COMPANY), "application_id": APPLICATION,
            "client_id": self.client_id, "client_secret": self.client_secret,
            "webhook_secret": self.webhook_secret, "way": self.way,
        }
        return {**given, "location_id": "7", "ordering_source": "kartify"} if self.way == "b" else given

    # Driving it.

    def add_order(self, number: str, fynd_id: str, amount: int, *, shipments: int = 1) -> SimOrder:
        """An unpaid order at FYND; ``amount`` in minor units."""
        return self.world.add(number, fynd_id, amount=amount, shipments=shipments)

    def set_status(self, fynd_id: str, status: str) -> None:
        """All shipments of the order, whatever FYND's map says."""
        self.world.move(self.world.orders[fynd_id], status)

    def cancel(self, fynd_id: str, status: str = "cancelled_fynd") -> None:
        self.set_status(fynd_id, status)

    def expire_tokens(self, *, age: timedelta = timedelta()) -> None:
        """Those that are at least so old."""
        latest = self.world.now() - age
        with self._lock:
            self._tokens = {token: times for token, times in self._tokens.items() if times[0] > latest}

    def webhook(self, fynd_id: str, status: str = "", *, shipment: int = 0) -> tuple[dict[str, str], bytes]:
        """Headers and bytes of the webhook about one shipment, signed."""
        order = self.world.orders[fynd_id]
        told = order.shipments[shipment]
        word, at = (status or told.state, told.history[-1][1])
        content = {
            "shipment_id": told.id, "order_id": order.id,
            "shipment_status": {"status": word, "updated_at": at.isoformat()},
        }
        return self.signed({
            "event": {"category": "application", "name": "shipment", "type": "update", "version": "1"},
            "company_id": COMPANY, "application_id": APPLICATION, "payload": {"shipment": content},
        })

    def signed(self, envelope: Any) -> tuple[dict[str, str], bytes]:
        body = envelope if isinstance(envelope, bytes) else dump(envelope)
        return {"content-type": "application/json", "x-fp-signature": sign(self.webhook_secret, body)}, body

    # Serving it.

    def app(self) -> WsgiApp:
        app = Flask("kartify_fynd.simulator")
        company = f"company/{COMPANY}"
        orders, manage = f"/service/platform/order/v1.0/{company}", f"/service/platform/order-manage/v1.0/{company}"
        payment = f"/service/platform/payment/v1.0/{company}/application/{APPLICATION}"
        world = self.world
        app.post(f"/service/panel/authentication/v1.0/{company}/oauth/token", endpoint="token")(self._token)
        for method, path, name, act in (
            ("POST", f"{payment}/payment/confirm", "confirm", lambda: world.confirm(_body())),
            ("GET", f"{payment}/orders/<order_id>/transactions", "transactions",
             lambda order_id: world.transactions(order_id)),
            ("GET", f"{orders}/order-details", "details", lambda: world.details(request.args.get("order_id", ""))),
            ("GET", f"{orders}/shipments-listing", "shipments", lambda: world.listing(request.args)),
            ("GET", f"{orders}/orders-listing", "orders", lambda: world.listing(request.args)),
            ("POST", f"{manage}/orders", "create", self._create),
            ("PUT", f"{manage}/shipment/status-internal", "status", lambda: world.transit(_body())),
        ):
            app.add_url_rule(path, name, self._guarded(name, act), methods=[method])
        app.register_error_handler(Refused, lambda refused: _json(refused.body, refused.status))
        app.post("/simulator/orders")(self._drive_order)
        app.post("/simulator/orders/<order_id>/status")(self._drive_status)
        return app

    def _guarded(self, name: str, act: Callable[..., Mapping[str, Any]]) -> Callable[..., Response]:
        def view(**names: str) -> Response:
            with self._lock:
                self.calls[name] += 1
            fault = self.faults.next(name)
            if fault is Fault.EXPIRE:
                # By seed, never a token just issued: two in a row would be revoked keys, not an accident.
                self.expire_tokens(age=_SETTLED if self.faults.seeded else timedelta())
            if fault in _BEFORE:
                return _plain(fault)
            denied = self._denied()
            if denied is not None:
                return denied
            if fault is Fault.REFUSE:
                return _json({"success": False, "message": "Refused by the simulator", "order_id": ""})
            return self._after(fault, _acted(act, names))

        return view

    def _after(self, fault: Fault | None, answer: Response) -> Response:
        """What becomes of an answer when the call has been acted on."""
        if fault is Fault.DROP:
            _hang_up()
        if fault in (Fault.DROP, Fault.BROKEN):
            return _plain(Fault.BROKEN)
        if fault is Fault.SLOW:
            time.sleep(self.faults.pause())
        return answer

    def _denied(self) -> Response | None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        with self._lock:
            _, until = self._tokens.get(given, (None, None))
        if until is None or until <= self.world.now():
            return _json({"message": "Unauthorized: token is invalid or expired"}, 401)
        return None if self._is_signed() else _json({"message": "Forbidden: invalid signature"}, 403)

    def _is_signed(self) -> bool:
        headers = dict(request.headers.items())
        if not request.headers.get("x-fp-date"):
            return False
        url = f"{request.scheme}://{request.host}{request.environ.get('RAW_URI') or request.full_path}"
        expected = signature(request.method, url, body=request.get_data(), headers=headers)
        return request.headers.get("x-fp-signature") == expected

    def _token(self) -> Response:
        with self._lock:
            self.calls["token"] += 1
        fault = self.faults.next("token")
        if fault in _BEFORE:
            return _plain(fault)
        if not self._knows_client():
            return _json({"message": "invalid client"}, 401)
        token = secrets.token_urlsafe(24)
        issued = self.world.now()
        with self._lock:
            self._tokens[token] = (issued, issued + timedelta(seconds=self.token_seconds))
        return self._after(fault, _json({"access_token": token, "expires_in": self.token_seconds}))

    def _knows_client(self) -> bool:
        body = _body()
        basic = b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        in_body = (body.get("client_id"), body.get("client_secret")) == (self.client_id, self.client_secret)
        return body.get("grant_type") == "client_credentials" and (
            in_body or request.headers.get("authorization") == f"Basic {basic}"
        )

    def _create(self) -> Mapping[str, Any]:
        if not request.headers.get("x-ordering-source") or not request.headers.get("x-application-id"):
            raise Refused(400, {"message": "x-ordering-source is required", "status": 400, "code": "HEADERS"})
        return self.world.create(_body())

    def _drive_order(self) -> Response:
        """For demonstrations from another process: {number, fynd_id, amount}."""
        body = _body()
        order = self.add_order(text(body.get("number")), text(body.get("fynd_id")), int(body.get("amount", 0)))
        return _json({"fynd_order_id": order.id}, 201)

    def _drive_status(self, order_id: str) -> Response:
        if order_id not in self.world.orders:
            return _json({"message": "Order not found"}, 404)
        self.set_status(order_id, text(_body().get("status")))
        return _json({"success": True})


def _acted(act: Callable[..., Mapping[str, Any]], names: Mapping[str, str]) -> Response:
    try:
        return _json(act(**names))
    except Refused as refused:
        return _json(refused.body, refused.status)


def _body() -> Mapping[str, Any]:
    try:
        return table(read_json(request.get_data()))
    except Unreadable:
        raise Refused(400, {"success": False, "message": "not JSON"}) from None


def _json(body: Any, status: int = 200) -> Response:
    return Response(dump(body), status=status, mimetype="application/json")


def _plain(fault: Fault) -> Response:
    retry = {"Retry-After": "1"} if fault is Fault.THROTTLE else {}
    return Response("<html>unavailable</html>", status=_PLAIN[fault], mimetype="text/html", headers=retry)


def _hang_up() -> None:
    """Cuts the connection, so that the caller sees no answer; another server than werkzeug's answers 500 instead."""
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
