"""The door of webhooks, before Flask's own machinery: a settled webhook needs no session, no routing and no hooks.

What is not a plain POST to ``/webhooks/{account}``, and every error, is answered by Flask as ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from flask import Flask, Response

from kartify.flows.receiving import receive
from kartify.house import House
from kartify.plugin.partner import Inbound, Reply
from kartify.web.bodies import PEER, LimitedRequest, read_bytes
from kartify.web.inbound import accepted

StartResponse = Callable[..., Any]
_PATH = re.compile(r"/webhooks/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z")
_PHRASES = {200: "200 OK"}


class WebhookDoor:
    """Wraps ``app.wsgi_app``."""

    def __init__(self, app: Flask, house: House) -> None:
        self._app, self._house, self._flask = app, house, app.wsgi_app

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        found = _PATH.match(environ["PATH_INFO"]) if environ["REQUEST_METHOD"] == "POST" else None
        if found is None:
            return self._flask(environ, start_response)
        try:
            reply = self._settle(environ, UUID(found[1]))
        except Exception as problem:
            return self._refuse(environ, start_response, problem)
        return _send(reply, start_response)

    def _settle(self, environ: dict[str, Any], account_id: UUID) -> Reply:
        body = read_bytes(environ)
        query = environ.get("QUERY_STRING")
        message = Inbound(
            method="POST", path=environ["PATH_INFO"], headers=_headers(environ), body=body,
            query=tuple(LimitedRequest(environ).args.items(multi=True)) if query else (), query_string=query or "",
        )
        receive.webhook(self._house, account_id, message)
        return accepted(self._house.accounts.get(account_id))

    def _refuse(
        self, environ: dict[str, Any], start_response: StartResponse, problem: Exception
    ) -> Iterable[bytes]:
        """The application's own error handlers say what is wrong."""
        with self._app.request_context(environ):
            answer: Response = self._app.make_response(self._app.handle_user_exception(problem))
            answer = self._app.process_response(answer)
        return answer(environ, start_response)


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    """With lower-case names. Servers join a header sent twice with a comma, so its signature does not match."""
    found = {
        name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            found[name.replace("_", "-").lower()] = environ[name]
    found[PEER] = environ.get("REMOTE_ADDR") or ""
    return found


def _send(reply: Reply, start_response: StartResponse) -> Iterable[bytes]:
    headers = [("Content-Length", str(len(reply.body))), *reply.headers.items()]
    if not any(name.lower() == "content-type" for name in reply.headers):
        headers.append(("Content-Type", "text/html; charset=utf-8"))
    start_response(_PHRASES.get(reply.status) or f"{reply.status} Status", headers)
    return [reply.body]
