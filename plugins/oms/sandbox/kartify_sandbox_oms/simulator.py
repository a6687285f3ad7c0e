"""The doors of the sandbox OMS: its API, its control, its page."""

from __future__ import annotations

import hmac
import socket
from collections.abc import Callable, Iterator
from urllib.parse import unquote

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from kartify_sandbox_oms.book import TooLate, Unfit, Unknown
from kartify_sandbox_oms.desk import Desk, obey
from kartify_sandbox_oms.faults import Behaviour, Call
from kartify_sandbox_oms.page import page
from kartify_sandbox_oms.wire import MERCHANT

STATES = {Call.CANCEL: "cancelled", Call.HOLD: "on_hold", Call.UNHOLD: "accepted"}


class SandboxOmsSimulator(Desk):
    """A server that accepts, rejects, stalls, accepts and drops the answer."""

    slug = "sandbox-oms"

    def app(self) -> Flask:
        app = Flask("kartify_sandbox_oms")
        app.config["MAX_CONTENT_LENGTH"] = 1_000_000
        doors = _Doors(self)
        app.add_url_rule("/", view_func=doors.show_page)
        app.add_url_rule("/control", view_func=doors.show_state)
        app.add_url_rule("/control", view_func=doors.control, methods=["POST"])
        app.add_url_rule("/me", view_func=doors.me)
        app.add_url_rule("/orders", view_func=doors.find)
        app.add_url_rule("/orders", view_func=doors.push, methods=["POST"])
        app.add_url_rule("/orders/<order_id>", view_func=doors.get)
        changes = "/orders/<order_id>/<any(cancel, hold, unhold):verb>"
        app.add_url_rule(changes, view_func=doors.change, methods=["POST"])
        app.register_error_handler(Unfit, lambda unfit: _answer(422, field=unfit.field, message=str(unfit)))
        app.register_error_handler(TooLate, lambda late: _answer(409, field="state", message=str(late)))
        app.register_error_handler(Unknown, lambda unknown: _answer(404, field="id", message=str(unknown)))
        app.register_error_handler(HTTPException, lambda error: _answer(error.code or 500, message=error.description))
        return app


class _Doors:
    """The routes. Every call of the API is counted, then meets the behaviour that was commanded."""

    def __init__(self, oms: SandboxOmsSimulator) -> None:
        self.oms = oms

    def show_page(self) -> Response:
        behaviour = "; ".join(self.oms.faults.describe())
        text = page(self.oms.orders, merchant=self.oms.merchant, behaviour=behaviour)
        response = Response(text, mimetype="text/html")
        response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
        response.headers["Cache-Control"] = "no-store"
        return response

    def show_state(self) -> Response:
        return jsonify(self.oms.state())

    def control(self) -> Response:
        obey(self.oms, request.get_json())
        return self.show_state()

    def me(self) -> Response:
        return self._serve(Call.TEST, lambda: jsonify(merchant=self.oms.merchant, orders=len(self.oms.orders)))

    def push(self) -> Response:
        return self._serve(Call.PUSH, self._book)

    def find(self) -> Response:
        number = request.args.get("number", "")
        known = self.oms.book.of_number
        return self._serve(Call.FIND, lambda: jsonify(orders=[order.as_dict() for order in known(number)]))

    def get(self, order_id: str) -> Response:
        return self._serve(Call.GET, lambda: jsonify(self.oms.book.get(order_id).as_dict()))

    def change(self, order_id: str, verb: str) -> Response:
        call = Call(verb)
        return self._serve(call, lambda: jsonify(self.oms.book.move(order_id, STATES[call]).as_dict()))

    def _book(self) -> Response:
        booked = self.oms.book.add(request.get_json(), duplicates=self.oms.duplicates)
        if booked.fresh:
            return _answer(201, **booked.order.as_dict())
        if self.oms.duplicates == "same":
            return _answer(200, **booked.order.as_dict())
        return _answer(409, message="There is an order with this number.", **booked.order.as_dict())

    def _serve(self, call: Call, work: Callable[[], Response]) -> Response:
        self.oms.count(call)
        behaviour = self.oms.faults.take(call)
        refused = _early(self.oms, behaviour, call=call) or self._unknown_caller()
        if refused is not None:
            return refused
        if behaviour is Behaviour.STALL_BEFORE:
            self.oms.stall()
        response = work()
        match behaviour:
            case Behaviour.STALL:
                self.oms.stall()
            case Behaviour.DROP_AFTER_ACCEPT:
                return _hang_up()
            case Behaviour.GARBLE:
                return Response("<html><title>Please wait</title></html>", mimetype="text/html")
        return response

    def _unknown_caller(self) -> Response | None:
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self.oms.api_key}".encode()):
            return _answer(401, message="The key is not right.")
        if unquote(request.headers.get(MERCHANT, "")) != self.oms.merchant:
            return _answer(403, message="The key does not belong to this merchant.")
        return None


def _answer(status: int, **document: object) -> Response:
    response = jsonify(document)
    response.status_code = status
    return response


def _early(oms: SandboxOmsSimulator, behaviour: Behaviour, *, call: Call) -> Response | None:
    """The answer of a behaviour that does nothing of what is asked; None where the call goes on."""
    match behaviour:
        case Behaviour.REJECT if call in STATES:
            return _answer(409, field="state", message="Too late: the order has left the warehouse.")
        case Behaviour.REJECT:
            return _answer(422, field="shipping_address.postcode", message="This postcode cannot be served.")
        case Behaviour.DROP_BEFORE:
            return _hang_up()
        case Behaviour.ERROR_500:
            return _answer(500, message="Something broke.")
        case Behaviour.ERROR_503:
            return _answer(503, message="Closed for maintenance.")
        case Behaviour.DENY:
            return _answer(401, message="The key is not right.")
        case Behaviour.THROTTLE:
            response = _answer(429, message="Too many calls.")
            response.headers["Retry-After"] = str(oms.retry_after)
            return response
        case _:
            return None


def _hang_up() -> Response:
    """Closes the connection before the first byte of the answer; where the server shows no socket, breaks it off."""
    connection = request.environ.get("werkzeug.socket")

    def nothing() -> Iterator[bytes]:
        if connection is not None:
            connection.shutdown(socket.SHUT_RDWR)
        raise ConnectionAbortedError
        yield b""  # makes it an iterator, so that it breaks where the answer would be sent

    return Response(nothing(), headers={"Content-Length": "1"})
