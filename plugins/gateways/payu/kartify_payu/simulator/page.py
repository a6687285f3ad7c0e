"""The payment page: it takes the posted form, checks its hash, and leads to the stand-in's pay page."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from typing import Final

from kartify.plugin import Invalid, from_major
from kartify.simulation import Book, Session
from kartify_payu.hashing import request_hash
from kartify_payu.wire import CURRENCY

_TXN: Final = re.compile(r"[A-Za-z0-9_-]{1,25}\Z")
NEEDED: Final = ("key", "txnid", "amount", "productinfo", "firstname", "email", "phone", "surl", "furl", "hash")


class Refusal(Exception):
    """What PayU's error page would say."""


def submitted(book: Book, form: Mapping[str, str], key: str, salt: str) -> Session:
    """A form was posted. Raises ``Refusal``."""
    if form.get("key") != key:
        raise Refusal("Error. Invalid merchant key")
    missing = [name for name in NEEDED if not form.get(name)]
    if missing:
        raise Refusal(f"Error. Mandatory parameter missing: {', '.join(missing)}")
    if not hmac.compare_digest(request_hash(form, salt), form["hash"]):
        raise Refusal("Error. Hash mismatch")
    if not _TXN.match(form["txnid"]):
        raise Refusal("Error. Invalid txnid")
    if any(one.state == "captured" for one in book.charges_of(form["txnid"])):
        raise Refusal("Error. Duplicate order id")
    return book.open(Session(
        id=form["txnid"], reference=form["txnid"], amount=_amount(form["amount"]), currency=CURRENCY,
        callback_url=form["surl"], created_at=book.now(), data=dict(form),
    ))  # fmt: skip


def _amount(text: str) -> int:
    try:
        return from_major(text, CURRENCY)
    except Invalid:
        raise Refusal("Error. Invalid amount") from None
