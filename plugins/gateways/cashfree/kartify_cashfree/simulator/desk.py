"""What every call to the stand-in meets: keys, the version, idempotency; and JSON with exact amounts."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from flask import Response, request

from kartify.plugin import to_major
from kartify.simulation import ApiError, Book

CLIENT_ID: Final = "TESTSIMULATED0000000000000000000001"
SECRET: Final = "cfsk_ma_test_simulated-only-not-a-key"
_VERSION: Final = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}\Z")
_EXACT: Final = re.compile(r'"\\u0000([0-9.]+)\\u0000"')


@dataclass
class Desk:
    """``replies``: what each idempotency key was answered with, for which body."""

    book: Book
    client_id: str = CLIENT_ID
    secret: str = SECRET
    replies: dict[str, tuple[str, str]] = field(default_factory=dict)

    def behind(self, act: Callable[..., Any]) -> Callable[..., Response]:
        """The call where the keys are right; else what Cashfree answers."""

        def checked(**ids: str) -> Response:
            self._check_keys()
            key = request.headers.get("x-idempotency-key", "")
            return self._once(key, act, ids) if key and request.method == "POST" else answer(act(**ids))

        return checked

    def _check_keys(self) -> None:
        given = (request.headers.get("x-client-id", ""), request.headers.get("x-client-secret", ""))
        if given != (self.client_id, self.secret):
            raise error(401, "authentication Failed", "request_failed", "authentication_error")
        if not _VERSION.match(request.headers.get("x-api-version", "")):
            raise error(400, "version missing in headers", "request_failed")

    def _once(self, key: str, act: Callable[..., Any], ids: Mapping[str, str]) -> Response:
        digest = hashlib.sha256(request.path.encode() + request.get_data()).hexdigest()
        if key in self.replies:
            before, body = self.replies[key]
            if before != digest:
                raise error(422, "another request with this idempotency key", "request_invalid", "idempotency_error")
            return Response(body, mimetype="application/json", headers={"x-idempotency-replayed": "true"})
        made = answer(act(**ids))
        self.replies[key] = (digest, made.get_data(as_text=True))
        return made


def error(status: int, message: str, code: str, kind: str = "invalid_request_error") -> ApiError:
    return ApiError(status, {"message": message, "code": code, "type": kind})


def answer(body: Any) -> Response:
    return Response(dumps(body), mimetype="application/json")


def dumps(value: Any) -> str:
    """JSON where a ``Decimal`` is a number with exactly its digits: 1299.00, not 1299.0."""
    return _EXACT.sub(r"\1", json.dumps(value, default=_mark, ensure_ascii=True))


def _mark(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"\0{value:f}\0"
    raise TypeError(type(value).__name__)


def rupees(minor: int, currency: str) -> Decimal:
    return Decimal(to_major(minor, currency))


def sent() -> dict[str, Any]:
    """The JSON object of the call, decimals as ``Decimal``."""
    try:
        found = json.loads(request.get_data(), parse_float=Decimal)
    except ValueError:
        raise error(400, "invalid JSON", "request_invalid") from None
    if not isinstance(found, dict):
        raise error(400, "expected an object", "request_invalid")
    return found
