"""The session calls of the stand-in: create, list, expire."""

from __future__ import annotations

import re
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from kartify.simulation import Book, Charge, Session
from kartify_stripe.simulator import door
from kartify_stripe.simulator.door import refuse
from kartify_stripe.simulator.entities import seconds, status_of
from kartify_stripe.simulator.money import number

_ITEM: Final = "line_items[0][price_data]"
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")
_LOOPBACK: Final = ("127.0.0.1", "localhost")
_NEEDED: Final = ("mode", "success_url", f"{_ITEM}[currency]", f"{_ITEM}[unit_amount]",
                  f"{_ITEM}[product_data][name]", "line_items[0][quantity]")  # fmt: skip


class Keeper(Protocol):
    """The part of the stand-in that these calls use."""

    book: Book

    def counting(self, session: Session) -> Charge | None: ...


def open_session(keeper: Keeper) -> Session:
    form = door.fields(door.SESSION)
    _check(form)
    amount = number(form[f"{_ITEM}[unit_amount]"], "unit_amount") * number(form["line_items[0][quantity]"], "quantity")
    if amount > 99_999_999:
        raise refuse(400, "amount_too_large", "The total amount must be less than 999,999.99", param="unit_amount")
    prefix = "payment_intent_data[metadata]"
    data = {
        "metadata": door.metadata_of(form), "intent_metadata": door.metadata_of(form, prefix),
        "capture": form.get("payment_intent_data[capture_method]", "automatic_async"),
        "description": form.get("payment_intent_data[description]"), "email": form.get("customer_email"),
        "cancel_url": form.get("cancel_url"), "intent": keeper.book.new_id("pi_", 24),
    }  # fmt: skip
    session = Session(
        id=keeper.book.new_id("cs_test_", 58), reference=form.get("client_reference_id", ""), amount=amount,
        currency=form[f"{_ITEM}[currency]"].upper(), callback_url=form["success_url"],
        created_at=keeper.book.now(), data=data,
    )  # fmt: skip
    return keeper.book.open(session)


def _check(form: dict[str, str]) -> None:
    lacking = next((name for name in _NEEDED if not form.get(name)), None)
    if lacking is not None:
        raise refuse(400, "parameter_missing", f"Missing required param: {lacking}.", param=lacking)
    if form["mode"] != "payment":
        raise refuse(400, "", "Invalid mode", param="mode")
    if not re.fullmatch(r"[a-z]{3}", form[f"{_ITEM}[currency]"]):
        raise refuse(400, "", "Invalid currency", param=f"{_ITEM}[currency]")
    if len(form.get("client_reference_id", "")) > 200:
        raise refuse(400, "", "client_reference_id is too long", param="client_reference_id")
    if form.get("customer_email") and not _EMAIL.match(form["customer_email"]):
        raise refuse(400, "email_invalid", f"Invalid email address: {form['customer_email']}", param="customer_email")
    for name in ("success_url", "cancel_url"):
        parts = urlsplit(form.get(name, "https://shop.example"))
        if not parts.hostname or (parts.scheme != "https" and parts.hostname not in _LOOPBACK):
            raise refuse(400, "url_invalid", "Not a valid URL", param=name)


def find(book: Book, session_id: str) -> Session:
    session = book.sessions.get(session_id)
    if session is None:
        raise door.missing(session_id, "checkout.session")
    return session


def expire(keeper: Keeper, session_id: str) -> Session:
    door.fields(door.NOTHING)
    session = find(keeper.book, session_id)
    status = status_of(session, keeper.counting(session), keeper.book.now())
    if status != "open":
        text = f"Only Checkout Sessions with a status in [\"open\"] can be expired. This one has a status of {status}."
        raise refuse(400, "", text)
    session.closed = True
    return session


def chosen(keeper: Keeper, given: dict[str, str]) -> list[Session]:
    """Newest first, as the filters want them."""
    begin, end = int(given.get("created[gte]", "0")), int(given.get("created[lte]", str(10**12)))
    found: list[Any] = [one for one in keeper.book.sessions.values() if begin <= seconds(one.created_at) <= end]
    wanted, now = given.get("status"), keeper.book.now()
    if wanted is not None:
        found = [one for one in found if status_of(one, keeper.counting(one), now) == wanted]
    return sorted(found, key=lambda one: (one.created_at, one.id), reverse=True)
