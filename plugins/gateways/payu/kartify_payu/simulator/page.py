"""PayU's pay page: it takes the posted form, and leads to the stand-in's own page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from kartify.plugin import Invalid, from_major
from kartify.simulation import Session
from kartify_payu import hashing
from kartify_payu.simulator.desk import Desk, Wrong

_NEEDED: Final = ("key", "txnid", "amount", "productinfo", "firstname", "email", "phone", "surl", "furl", "hash")
_LONGEST: Final = {"txnid": 25, "productinfo": 100, "firstname": 60, "email": 50, "phone": 50}
_ALLOWED: Final = re.compile(r"[A-Za-z0-9_@/. +-]*\Z")


def pay_page(desk: Desk) -> AnyResponse:
    try:
        session = submitted(desk, request.form)
    except Wrong as wrong:
        return Response(f"<h1>Error</h1><p>{wrong}</p>", 200, mimetype="text/html")
    return redirect(f"/_pay/{session.id}", 303)


def submitted(desk: Desk, form: Mapping[str, str]) -> Session:
    """A form was posted. Another one for a txnid that nobody paid is another try. Raises ``Wrong`` as the page shows
    it."""
    amount = _checked(desk, form)
    known = desk.book.sessions.get(form["txnid"])
    if known is not None:
        if any(one.state in ("captured", "authorized") for one in desk.book.charges_of(known.id)):
            raise Wrong("Duplicate Order ID: this transaction was paid already")
        return known
    return desk.book.open(Session(
        id=form["txnid"], reference=form["txnid"], amount=amount, currency="INR", callback_url=form["surl"],
        created_at=desk.book.now(), data={"values": dict(form)},
    ))  # fmt: skip


def _checked(desk: Desk, form: Mapping[str, str]) -> int:
    lacking = [name for name in _NEEDED if not form.get(name)]
    if lacking:
        raise Wrong(f"Mandatory parameter missing: {', '.join(lacking)}")
    if form["key"] != desk.key:
        raise Wrong("Invalid merchant key")
    if form["hash"] != hashing.of_request(form, desk.salt):
        raise Wrong("The hash is not that of the posted values")
    long = [name for name, most in _LONGEST.items() if len(form[name]) > most]
    odd = [name for name in ("productinfo", "email", "phone") if not _ALLOWED.match(form[name])]
    if long or odd:
        raise Wrong(f"Invalid parameter: {', '.join([*long, *odd])}")
    try:
        return from_major(form["amount"], "INR")
    except Invalid:
        raise Wrong("Invalid amount") from None
