"""Routes of a stand-in: each call is counted, meets its fault, and answers with what the partner would say."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, jsonify, request

from kartify.simulation.faults import Fault, Faults

# "POST /v1/orders/<order_id>" → what answers it: a Response, or what ``jsonify`` takes.
Rules = Mapping[str, Callable[..., Any]]


class ApiError(Exception):
    """What the partner would answer instead: ``body`` as JSON, or as it is where it is text."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status}")
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


@dataclass
class Served:
    """What the calls of a stand-in share. ``throttled`` is the partner's own body of a 429, ``broken`` of a 500.
    ``calls`` counts by rule; ``lock`` is held while a call acts, so that threads see whole moves only."""

    faults: Faults
    calls: Counter[str] = field(default_factory=Counter)
    lock: threading.RLock = field(default_factory=threading.RLock)
    throttled: Any = field(default_factory=lambda: {"error": "too many requests"})
    broken: Any = field(default_factory=lambda: {"error": "something broke"})


def serve(app: Flask, rules: Rules, served: Served) -> None:
    """Adds the rules to the application."""
    for rule, act in rules.items():
        method, path = rule.split(" ", 1)
        app.add_url_rule(path, rule, _view(served, rule, act), methods=[method])


def json_answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    answer = Response(body, mimetype="text/plain") if isinstance(body, str) else jsonify(body)
    answer.status_code = status
    answer.headers.update(headers or {})
    return answer


def _view(served: Served, rule: str, act: Callable[..., Any]) -> Callable[..., Response]:
    def view(**ids: str) -> Response:
        # Read before anything can fail: a server that drops a line with a body unread may hold it open instead.
        request.get_data()
        fault = served.faults.draw()
        if early := _early(fault, served):
            served.calls[rule] += 1
            return early
        if fault == "slow":
            time.sleep(served.faults.pause())
        with served.lock:
            served.calls[rule] += 1
            return _late(fault, _answer(act, ids))

    return view


def _answer(act: Callable[..., Any], ids: dict[str, str]) -> Response:
    try:
        found = act(**ids)
    except ApiError as problem:
        return json_answer(problem.body, problem.status, problem.headers)
    return found if isinstance(found, Response) else json_answer(found)


def _early(fault: Fault, served: Served) -> Response | None:
    """Faults that strike before anything is done."""
    match fault:
        case "429":
            return json_answer(served.throttled, 429)
        case "429-wait":
            return json_answer(served.throttled, 429, {"Retry-After": "1"})
        case "500":
            return json_answer(served.broken, 500)
        case "html-502":
            return Response("<html><body><h1>502 Bad Gateway</h1></body></html>", 502, mimetype="text/html")
        case "dropped-before":
            return dropped()
        case _:
            return None


def _late(fault: Fault, answer: Response) -> Response:
    """Faults that strike when it is done."""
    match fault:
        case "html":
            return Response("<!doctype html><title>Please wait</title>", 200, mimetype="text/html")
        case "truncated":
            whole = answer.get_data()
            return Response(whole[: len(whole) // 2], answer.status_code, mimetype=answer.mimetype)
        case "dropped-after":
            return dropped()
        case _:
            return answer


def dropped() -> Response:
    """Promises more than it sends: the caller sees a connection that was lost."""

    def parts() -> Iterator[bytes]:
        yield b"{"

    return Response(
        parts(), 200, headers={"Content-Length": "4096", "Connection": "close"}, mimetype="application/json"
    )
