"""Reads what reaches us: never more than the limit, also where no length is announced."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.sansio.utils import get_content_length
from werkzeug.wsgi import get_input_stream

from kartify.domain.errors import Invalid
from kartify.plugin.partner import Inbound

LIMIT = 1024 * 1024
PEER = "x-kartify-peer"


def read_body(request: Request, limit: int = LIMIT) -> bytes:
    """The exact bytes. A server's own limit cuts a chunked body silently, so one byte more than allowed is asked for.
    Raises ``RequestEntityTooLarge``."""
    return read_bytes(request.environ, limit)


def read_bytes(environ: dict[str, Any], limit: int = LIMIT) -> bytes:
    """``read_body`` of a request that nobody has made an object of."""
    length = get_content_length(environ.get("CONTENT_LENGTH"), environ.get("HTTP_TRANSFER_ENCODING"))
    if length is not None and length > limit:
        raise RequestEntityTooLarge(f"at most {limit} bytes are taken")
    stream, parts, left = get_input_stream(environ), [], limit + 1
    while left > 0 and (part := stream.read(left)):
        parts.append(part)
        left -= len(part)
    if left <= 0:
        raise RequestEntityTooLarge(f"at most {limit} bytes are taken")
    return b"".join(parts)


def inbound(request: Request, path: str | None = None) -> Inbound:
    """The message as plugins see it. Servers join a header sent twice with a comma, so its signature does not match."""
    return Inbound(
        method=request.method,
        path=path or request.path,
        headers=_headers(request),
        query=tuple(request.args.items(multi=True)),
        body=read_body(request),
        query_string=request.query_string.decode("latin-1"),
    )


def _headers(request: Request) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in request.headers:
        lowered = name.lower()
        headers[lowered] = f"{headers[lowered]}, {value}" if lowered in headers else value
    headers[PEER] = request.remote_addr or ""
    return headers


class LimitedRequest(Request):
    """``get_json`` of the API: limited, strict, and an error that names what is wrong instead of None."""

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        if not self.path.startswith("/api/"):
            return super().get_json(force, silent, cache)
        return read_object(self)


def read_object(request: Request) -> dict[str, Any]:
    """A JSON object; no body is an empty one. Raises 400, 413 and 415 of werkzeug's, or ``Invalid``."""
    body = read_body(request)
    if not body:
        return {}
    if request.mimetype != "application/json" and not request.mimetype.endswith("+json"):
        raise UnsupportedMediaType("send application/json")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as broken:
        raise BadRequest(f"not JSON: {broken}") from None
    if not isinstance(value, dict):
        raise Invalid("body", "expected a JSON object")
    if b"\\u0000" in body and _has_zero(value):
        raise Invalid("body", "a text holds the character U+0000")
    return value


def _has_zero(value: Any) -> bool:
    """PostgreSQL stores no text with it."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as text:
                if "\0" in text:
                    return True
            case dict() as found:
                waiting += [*found.keys(), *found.values()]
            case list() as found:
                waiting += found
    return False
