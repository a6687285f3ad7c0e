"""The API's one door: who calls, with which command, and the answer as JSON."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import Response, request

from kartify_payu import hashing
from kartify_payu.simulator.desk import Desk, Wrong

Commands = Mapping[str, Callable[[Desk, dict[str, str]], dict[str, Any]]]
_NUMBER: Final = re.compile(r'"~([0-9.]+)~"')


def answered(desk: Desk, commands: Commands, calls: Counter[str]) -> Response:
    form = request.form.to_dict()
    if request.args.get("form") != "2":
        # In PHP's own form, which nobody here reads.
        return Response('a:2:{s:6:"status";i:0;s:3:"msg";s:12:"Invalid form";}', mimetype="text/html")
    try:
        told = _acted(desk, commands, form, calls)
    except Wrong as wrong:
        told = wrong.body
    return Response(_NUMBER.sub(r"\1", json.dumps(told)), mimetype="text/html")


def _acted(desk: Desk, commands: Commands, form: dict[str, str], calls: Counter[str]) -> dict[str, Any]:
    command, first = form.get("command", ""), form.get("var1", "")
    if form.get("key") != desk.key:
        raise Wrong("Invalid Key.")
    if form.get("hash") != hashing.of_command(desk.key, command, first, desk.salt):
        raise Wrong("Invalid Hash.")
    if command not in commands or not first:
        raise Wrong("Parameter missing")
    calls[command] += 1
    return commands[command](desk, form)
