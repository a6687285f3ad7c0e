"""The API's one door: who calls, with which command, and the answer as a query string."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, request

from kartify_ccavenue import crypto
from kartify_ccavenue.simulator.desk import Desk, Wrong, numbers_in

Commands = Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]


def answered(desk: Desk, commands: Commands, calls: Counter[str]) -> Response:
    try:
        command, body = _read(desk, commands)
    except Wrong as wrong:
        return _plain(f"status=1&enc_response={wrong.text}&enc_error_code={wrong.code}")
    calls[command] += 1
    told = commands[command](body)
    hidden = crypto.encrypt(numbers_in(json.dumps(told, ensure_ascii=True)), desk.api_working_key)
    # The real answer has a line end after the hex.
    return _plain(f"status=0&enc_response={hidden.upper()}\r\n&enc_error_code=")


def _plain(text: str) -> Response:
    return Response(text, mimetype="text/html")


def _read(desk: Desk, commands: Commands) -> tuple[str, dict[str, Any]]:
    form = request.form
    if form.get("request_type") != "JSON":
        raise Wrong("51404", "Request Type: Invalid Parameter")
    if form.get("response_type", "JSON") != "JSON":
        raise Wrong("51405", "Response Type: Invalid Parameter")
    if form.get("access_code") != desk.api_access_code:
        raise Wrong("51407", "Access_code: Invalid Parameter")
    if not form.get("enc_request"):
        raise Wrong("51408", "Enc_request: Required parameter missing")
    if form.get("command") not in commands:
        raise Wrong("51410", "Command: Invalid Parameter")
    if form.get("version") not in ("1.1", "1.2"):
        raise Wrong("51421", "API version: Invalid Parameter")
    try:
        body = json.loads(crypto.decrypt(form["enc_request"], desk.api_working_key))
    except crypto.Undecipherable:
        raise Wrong("-1", "Enc_request: Invalid Request") from None
    except ValueError:
        raise Wrong("51411", "JSON request format: Invalid Parameter format") from None
    if not isinstance(body, dict):
        raise Wrong("51411", "JSON request format: Invalid Parameter format")
    return form["command"], body
