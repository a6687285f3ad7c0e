"""Who may call: a store's key in the Authorization header, checked before anything else is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import g, request

from kartify.flows.people.keys import Caller, Scope, authenticate
from kartify.web.current import current_house
from kartify.web.problems import TYPE

SECURITY: list[dict[str, list[str]]] = [{"key": []}]
SCHEMES: dict[str, Any] = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key: kf_storefront_… or kf_oms_…"}
}
_WORDS = {
    400: "Not JSON", 401: "No key, or one that opens nothing", 403: "A key of another scope", 404: "No such thing",
    409: "Not in a state that allows this", 413: "More than 1 MB", 415: "Not application/json",
    422: "A field cannot be taken; it is named", 503: "Try again after Retry-After",
}


def requires(scope: Scope) -> Callable[[], None]:
    """A ``before_request`` that sets the caller. Raises ``Unauthorized``, ``Forbidden``."""

    def check() -> None:
        g.caller = authenticate(current_house(), request.headers.get("Authorization", ""), scope)

    return check


def caller() -> Caller:
    found = g.caller
    assert isinstance(found, Caller)
    return found


def problems(*codes: int) -> dict[str | int, Any]:
    """Problem details in the description: these, and those that every call may answer."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        code: {"description": _WORDS[code], "content": {TYPE: {"schema": schema}}}
        for code in sorted({401, 403, 503, *codes})
    }
