"""The billing page: it takes the posted form, and leads to the stand-in's pay page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from kartify.plugin import Invalid, from_major
from kartify.simulation import Session
from kartify_ccavenue import crypto, fields
from kartify_ccavenue.opening import COMMAND
from kartify_ccavenue.settings import CURRENCIES
from kartify_ccavenue.simulator.desk import Desk, Wrong

_ORDER: Final = re.compile(r"[A-Za-z0-9_/-]{1,40}\Z")
_NEEDED: Final = ("merchant_id", "order_id", "currency", "amount", "redirect_url", "cancel_url", "language")


def billing_page(desk: Desk) -> AnyResponse:
    if request.args.get("command") != COMMAND:
        return Response("Error Code: 10001", 200, mimetype="text/html")
    try:
        session = submitted(desk, request.form)
    except Wrong as wrong:
        return Response(f"<h1>Error Code: {wrong.code}</h1><p>{wrong.text}</p>", 200, mimetype="text/html")
    return redirect(f"/_pay/{session.id}", 303)


def submitted(desk: Desk, form: Mapping[str, str]) -> Session:
    """A form was posted. Another one for the same order is another transaction: CCAvenue does not mind. Raises
    ``Wrong`` as the page shows it."""
    values = _values(desk, form)
    known = desk.book.sessions.get(values["order_id"])
    session = known or desk.book.open(Session(
        id=values["order_id"], reference=values["order_id"], amount=_amount(values), currency=values["currency"],
        callback_url=values["redirect_url"], created_at=desk.book.now(),
        data={"merchant_param1": values.get("merchant_param1", ""), "values": values},
    ))  # fmt: skip
    desk.arrive(session)
    return session


def _values(desk: Desk, form: Mapping[str, str]) -> dict[str, str]:
    if form.get("access_code") != desk.access_code:
        raise Wrong("10002", "Merchant Authentication failed")
    try:
        values = fields.parse(crypto.decrypt(form.get("encRequest", ""), desk.working_key))
    except (crypto.Undecipherable, fields.Unclear):
        raise Wrong("10001", "Encrypted request is invalid") from None
    if values.get("merchant_id") != desk.merchant_id:
        raise Wrong("10002", "Merchant Authentication failed")
    if any(not values.get(name) for name in _NEEDED) or not _ORDER.match(values["order_id"]):
        raise Wrong("10001", "Required parameter missing")
    if values["currency"] not in CURRENCIES or max(len(values["redirect_url"]), len(values["cancel_url"])) > 100:
        raise Wrong("10001", "Invalid parameter")
    return values


def _amount(values: Mapping[str, str]) -> int:
    try:
        return from_major(values["amount"], values["currency"])
    except Invalid:
        raise Wrong("10001", "Invalid amount") from None
