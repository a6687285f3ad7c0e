"""Faults on purpose: what real gateways do on bad days, played from a seed or one by one."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections import deque
from enum import StrEnum

from flask import Flask, Response, g, json, request


class Fault(StrEnum):
    THROTTLED = "throttled"
    THROTTLED_SILENTLY = "throttled_silently"
    ERROR = "error"
    HTML = "html"
    TRUNCATED = "truncated"
    SLOW = "slow"
    DROPPED = "dropped"
    PARTIAL = "partial"


# These answer before anything was done; the others act first.
BEFORE = frozenset({Fault.THROTTLED, Fault.THROTTLED_SILENTLY, Fault.ERROR})
HTML = "<!doctype html><title>Please wait</title><p>We will be back in a moment.</p>"
SLOWEST = 1.0


class Faults:
    """With a seed one call in ``one_in`` goes wrong, always the same ones; ``plan`` names the next ones by hand."""

    def __init__(self, seed: int | None, *, one_in: int = 4) -> None:
        self._random = None if seed is None else random.Random(seed)
        self._one_in = one_in
        self._planned: deque[Fault | None] = deque()
        self._lock = threading.Lock()

    def plan(self, *faults: Fault | str | None) -> None:
        """The next calls of the API go wrong like this, in order; None is a call that goes well."""
        with self._lock:
            self._planned.extend(None if one is None else Fault(one) for one in faults)

    def draw(self) -> Fault | None:
        with self._lock:
            if self._planned:
                return self._planned.popleft()
            if self._random is None or self._random.randrange(self._one_in):
                return None
            return self._random.choice(list(Fault))

    def install(self, app: Flask) -> None:
        app.before_request(self._before)
        app.after_request(self._after)

    def _before(self) -> Response | None:
        g.fault = self.draw() if request.path.startswith("/v1/") else None
        return _refusal(g.fault) if g.fault in BEFORE else None

    def _after(self, response: Response) -> Response:
        fault = g.get("fault")
        if fault is not None and fault not in BEFORE:
            _spoil(fault, response)
        return response


def _refusal(fault: Fault) -> Response:
    if fault is Fault.ERROR:
        return Response('{"error":{"code":"server_error","message":"Something broke.","field":null}}', 500)
    headers = {"Retry-After": "1"} if fault is Fault.THROTTLED else {}
    return Response('{"error":{"code":"slow_down","message":"Too many calls.","field":null}}', 429, headers)


def _spoil(fault: Fault, response: Response) -> None:
    match fault:
        case Fault.HTML:
            response.status_code = 200
            response.set_data(HTML)
            response.content_type = "text/html"
        case Fault.TRUNCATED:
            response.set_data(response.get_data()[: response.content_length // 2 if response.content_length else 0])
        case Fault.SLOW:
            time.sleep(SLOWEST * 0.5)
        case Fault.DROPPED:
            _drop()
        case Fault.PARTIAL:
            _halve(response)


def _drop() -> None:
    """Cuts the line after the work was done; werkzeug's server hands its socket out."""
    line = request.environ.get("werkzeug.socket")
    if isinstance(line, socket.socket):
        line.shutdown(socket.SHUT_RDWR)


def _halve(response: Response) -> None:
    """A list that lacks some of its rows; other answers are left whole."""
    body = response.get_json(silent=True)
    if isinstance(body, dict) and isinstance(body.get("data"), list) and "next_cursor" in body:
        body["data"] = body["data"][::2]
        response.set_data(json.dumps(body))
