"""The money calls of the stand-in: refunds by order and by transaction, capture and void of held money."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Protocol

from flask import request

from kartify.plugin import Invalid, from_major
from kartify.simulation import Book, Charge, Refund
from kartify_juspay.simulator.door import not_found, refuse

_ID = re.compile(r"[A-Za-z0-9]{1,20}\Z")
_SAME_SUM = timedelta(seconds=5)


class Vault(Protocol):
    """The part of the stand-in that these calls use."""

    book: Book
    by_uuid: dict[str, Charge]
    refund_after: timedelta


def refund(vault: Vault, charge: Charge | None) -> None:
    """Queued: it goes to the gateway behind later, and is told as pending until then."""
    key, text = request.form.get("unique_request_id", ""), request.form.get("amount")
    if not _ID.match(key):
        raise refuse(400, "invalid_request", "unique_request_id must be alphanumeric and shorter than 21 characters")
    if charge is None or charge.state != "captured":
        raise refuse(400, "invalid.order.not_successful", "Order is not successful")
    amount = charge.refundable if text is None else _minor(text, charge.currency)
    _once(vault.book, charge, key, amount)
    if amount < 100 or amount > charge.refundable:
        raise refuse(400, "invalid.amount.exceeded", "Refund amount exceeds what can be refunded")
    made = Refund(
        id=vault.book.new_id("rfnd_"), charge=charge, amount=amount, key=key, state="pending",
        created_at=vault.book.now(),
    )  # fmt: skip
    vault.book.refund(made)


def _once(book: Book, charge: Charge, key: str, amount: int) -> None:
    """The same id, or the same sum within 5 seconds, is taken for a call that came twice."""
    now = book.now()
    for one in charge.refunds:
        if one.key == key or (one.key and one.amount == amount and now - one.created_at < _SAME_SUM):
            raise refuse(400, "duplicate.call", "Duplicate call", newer="INVALID_ACTION")


def settle_queue(vault: Vault, charge: Charge) -> None:
    """What waited long enough is through."""
    for one in charge.refunds:
        waited = vault.book.now() - one.created_at >= vault.refund_after
        if one.state == "pending" and waited and "word" not in one.data:
            one.state = "processed"


def of_transaction(book: Book) -> Charge | None:
    """``POST /refunds`` names a transaction or an order."""
    charge = book.charges.get(request.form.get("txn_id", ""))
    if charge is None:
        raise refuse(404, "invalid.txn", "Transaction not found", newer="RESOURCE_NOT_FOUND")
    return charge


def held(vault: Vault, txn_uuid: str, verb: str) -> Charge:
    charge = vault.by_uuid.get(txn_uuid)
    if charge is None:
        raise not_found(txn_uuid)
    if charge.state != "authorized":
        raise refuse(400, "Invalid", f"Invalid state for {verb} operation.")
    return charge


def capture(vault: Vault, txn_uuid: str) -> Charge:
    charge = held(vault, txn_uuid, "capture")
    text = request.form.get("amount")
    amount = charge.amount if text is None else _minor(text, charge.currency)
    if not 0 < amount <= charge.amount:
        raise refuse(400, "invalid.amount.exceeded", "Capture amount exceeds what is held")
    vault.book.move(charge.id, "captured").captured = amount
    return charge


def void(vault: Vault, txn_uuid: str) -> Charge:
    return vault.book.move(held(vault, txn_uuid, "void").id, "voided")


def _minor(text: str, currency: str) -> int:
    try:
        return from_major(text, currency)
    except Invalid:
        raise refuse(400, "invalid_request", "amount must be a number with at most two decimals") from None
