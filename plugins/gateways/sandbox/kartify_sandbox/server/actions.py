"""What a customer or a bank can do, by name: the pay page, the dashboard and the control calls share it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from kartify_sandbox.server.bank import Terms
from kartify_sandbox.server.book import Charge, Event, Kind, Rejected, Session
from kartify_sandbox.server.house import House

# What each button of the pay page makes of the session: so many charges of this kind.
ATTEMPTS: Mapping[str, tuple[Kind, ...]] = {
    "pay": ("captured",),
    "fail": ("failed",),
    "pending": ("pending",),
    "authorize": ("authorized",),
    "pay_wrong": ("captured",),
    "pay_twice": ("captured", "captured"),
}
SESSION_ACTIONS = (*ATTEMPTS, "cancel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """How the news travels. ``force``: also on a session that no longer takes payments."""

    lose_callback: bool = False
    lose_webhook: bool = False
    webhook_delay: float = 0.0
    webhook_copies: int = 1
    amountless: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """How the browser goes back to the shop."""

    method: str
    url: str
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """``back`` is None where the callback is lost."""

    session: Session
    charges: tuple[Charge, ...]
    back: Return | None


def attempt(house: House, session_id: str, action: str, *, terms: Terms, switches: Switches) -> Outcome:
    """Does what the button says, and sends its webhooks."""
    if action not in SESSION_ACTIONS:
        raise Rejected(404, "no_such_action", f"There is no action {action}.")
    with house.vault.lock:
        session = house.vault.session(session_id)
        if action == "cancel":
            return _outcome(house, session, (), switches=switches)
        if session.status != "open" and not switches.force:
            raise Rejected(409, "not_open", f"The session is {session.status}: it takes no payment.")
        if action == "pay_wrong" and terms.amount is None:
            terms = replace(terms, amount=wrong_amount(session, more=False))
        made = [house.bank.take(session_id, kind, terms) for kind in ATTEMPTS[action]]
    for _, event in made:
        _send(house, event, switches)
    return _outcome(house, house.vault.session(session_id), tuple(charge for charge, _ in made), switches=switches)


def wrong_amount(session: Session, *, more: bool) -> int:
    """A tenth too little or too much."""
    amount = session.wanted.amount
    part = max(amount // 10, 1)
    return amount + part if more else amount - part


def _send(house: House, event: Event, switches: Switches) -> None:
    if not switches.lose_webhook:
        house.send(event, delay=switches.webhook_delay, copies=switches.webhook_copies)


def _outcome(house: House, session: Session, charges: tuple[Charge, ...], *, switches: Switches) -> Outcome:
    if switches.lose_callback:
        return Outcome(session=session, charges=charges, back=None)
    fields = (
        house.callback(charges[-1].id, amountless=switches.amountless) if charges else house.cancelled(session.id)
    )
    return Outcome(session=session, charges=charges, back=_return(session, fields))


def _return(session: Session, fields: Mapping[str, str]) -> Return:
    url = session.wanted.callback_url
    if session.wanted.callback_method == "post":
        return Return(method="POST", url=url, fields=fields)
    return Return(method="GET", url=f"{url}{'&' if '?' in url else '?'}{urlencode(fields)}")


def at_bank(house: House, charge_id: str, action: str, *, amount: int | None, switches: Switches) -> Charge:
    """Something happens to a charge at the sandbox or at the bank, past the shop."""
    verb = CHARGE_ACTIONS.get(action)
    if verb is None:
        raise Rejected(404, "no_such_action", f"There is no action {action}.")
    event = verb(house, charge_id, amount)
    if event is not None:
        _send(house, event, switches)
    return house.charge(charge_id)


CHARGE_ACTIONS: Mapping[str, Callable[[House, str, int | None], Event | None]] = {
    "capture": lambda house, charge, amount: house.bank.capture(charge, amount)[1],
    "void": lambda house, charge, _: house.bank.void(charge)[1],
    "refund": lambda house, charge, amount: house.bank.refund(charge, amount)[1],
    "dispute": lambda house, charge, amount: house.bank.dispute(charge, amount)[1],
    "dispute_won": lambda house, charge, _: house.bank.end_dispute(charge, "won")[1],
    "dispute_lost": lambda house, charge, _: house.bank.end_dispute(charge, "lost")[1],
    "succeed": lambda house, charge, _: house.bank.resolve(charge, "captured")[1],
    "decline": lambda house, charge, _: house.bank.resolve(charge, "failed")[1],
}
# Which of them can be pressed in which state.
POSSIBLE: Mapping[str, tuple[str, ...]] = {
    "pending": ("succeed", "decline"),
    "failed": ("succeed",),
    "authorized": ("capture", "void"),
    "captured": ("refund", "dispute"),
    "partially_refunded": ("refund", "dispute"),
    "disputed": ("dispute_won", "dispute_lost"),
}
