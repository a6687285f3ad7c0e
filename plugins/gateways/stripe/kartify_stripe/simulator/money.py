"""The money calls of the stand-in: capture and cancel of an intent, refunds, disputes."""

from __future__ import annotations

from typing import Any, Literal, Protocol

from kartify.simulation import Book, Charge, Refund, Session
from kartify_stripe.simulator import door
from kartify_stripe.simulator.door import refuse


class Vault(Protocol):
    """The part of the stand-in that these calls use."""

    book: Book
    by_intent: dict[str, Session]
    refund_state: Literal["processed", "pending"]

    def counting(self, session: Session) -> Charge | None: ...


def charge_of(vault: Vault, intent_id: str) -> tuple[Session, Charge]:
    session = vault.by_intent.get(intent_id)
    charge = vault.counting(session) if session else None
    if session is None or charge is None:
        raise door.missing(intent_id, "payment_intent")
    return session, charge


def _held(vault: Vault, intent_id: str, verb: str) -> tuple[Session, Charge]:
    session, charge = charge_of(vault, intent_id)
    if charge.state != "authorized":
        text = f"You cannot {verb} this PaymentIntent because it does not have a status of requires_capture."
        raise refuse(400, "payment_intent_unexpected_state", text)
    return session, charge


def capture(vault: Vault, intent_id: str) -> tuple[Session, Charge]:
    form = door.fields(door.CAPTURE)
    session, charge = _held(vault, intent_id, "capture")
    amount = number(form.get("amount_to_capture", str(charge.amount)), "amount_to_capture")
    if amount > charge.amount:
        raise refuse(400, "amount_too_large", "The requested capture amount is too large", param="amount_to_capture")
    vault.book.move(charge.id, "captured").captured = amount
    return session, charge


def cancel(vault: Vault, intent_id: str) -> tuple[Session, Charge]:
    """Intents of a session can be cancelled only while they hold money."""
    door.fields(door.CANCEL)
    session, charge = _held(vault, intent_id, "cancel")
    return session, vault.book.move(charge.id, "voided")


def refund(vault: Vault) -> Refund:
    form = door.fields(door.REFUND)
    _, charge = charge_of(vault, form.get("payment_intent", ""))
    if charge.state != "captured":
        raise refuse(400, "", "This PaymentIntent does not have a successful charge to refund.")
    if not charge.refundable:
        raise refuse(400, "charge_already_refunded", f"Charge {charge.id} has already been refunded.")
    amount = number(form.get("amount", str(charge.refundable)), "amount")
    if amount > charge.refundable:
        text = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({charge.refundable})"
        raise refuse(400, "", text, param="amount")
    made = Refund(
        id=vault.book.new_id("re_"), charge=charge, amount=amount, key="", state=vault.refund_state,
        created_at=vault.book.now(), data={"metadata": door.metadata_of(form)},
    )  # fmt: skip
    return vault.book.refund(made)


def refunds(vault: Vault, intent_id: str) -> list[Refund]:
    """Newest first."""
    return list(reversed(charge_of(vault, intent_id)[1].refunds))


def number(text: str, param: str) -> int:
    if not (text.isascii() and text.isdigit()) or not 0 < int(text) <= 10**15:
        raise refuse(400, "parameter_invalid_integer", f"Invalid integer: {text[:40]}", param=param)
    return int(text)


def page(rows: list[Any], given: dict[str, str], *, name: Any = lambda row: row.id) -> tuple[list[Any], bool]:
    """A page of rows that are newest first."""
    limit, after = number(given.get("limit", "10"), "limit"), given.get("starting_after")
    if limit > 100:
        raise refuse(400, "parameter_invalid_integer", "limit must be at most 100", param="limit")
    if after is not None:
        names = [name(row) for row in rows]
        if after not in names:
            raise door.missing(after, "object")
        rows = rows[names.index(after) + 1 :]
    return rows[:limit], len(rows) > limit
