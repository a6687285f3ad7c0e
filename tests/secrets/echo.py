"""A partner that tells everything back that it was told, in whatever way it refuses."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

WAYS = (
    ("400 Bad Request", "application/json"), ("200 OK", "application/json"), ("500 Internal Server Error", "text/html"),
    ("422 Unprocessable Entity", "application/json"), ("200 OK", "text/html"), ("404 Not Found", "application/json"),
    ("409 Conflict", "application/json"),
)


class Echo:
    """A WSGI application. ``heard``: each request as one text; ``credentials``: what its Authorization headers held."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.credentials: set[str] = set()
        self._turn = count()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length).decode("utf-8", "replace")
        headers = {name: value for name, value in environ.items() if name.startswith("HTTP_")}
        told = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')} {headers} {body}"
        self.heard.append(told)
        self.credentials |= {part for part in environ.get("HTTP_AUTHORIZATION", "").split()[1:] if len(part) > 12}
        status, kind = WAYS[next(self._turn) % len(WAYS)]
        words = ("message", "error", "description", "error_message", "status", "statusDesc", "code", "msg", "errors")
        answer = json.dumps(dict.fromkeys(words, told)) if "json" in kind else f"<html><h1>{told}</h1></html>"
        start_response(status, [("Content-Type", kind)])
        return [answer.encode()]
