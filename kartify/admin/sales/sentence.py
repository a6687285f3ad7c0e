"""Why the order is where it is, in a few sentences that can be read out to a customer's face. Pure."""

from __future__ import annotations

from datetime import timedelta

from kartify import clock
from kartify.admin.frame.look import money, plain_when, span, words
from kartify.admin.sales.order_data import OrderData
from kartify.domain.delivery import Hold, hold_of
from kartify.models import Delivery, Payment

# Asking takes a moment: what is nearer to another moment than this is the same asking.
SAME_ASK = timedelta(seconds=30)


def sentences(data: OrderData) -> list[str]:
    """In the order of reading: where it is and why, what was asked, what follows."""
    tell = {"missing": _unpaid, "failed": _unpaid, "cancelled": _over, "refunded": _over}
    found = tell.get(data.order.status, _paid)(data)
    if data.order.cancel_requested_at and data.order.status != "cancelled":
        by = data.order.cancel_requested_by or "the storefront"
        found.append(f"A cancel was requested at {_at(data, data.order.cancel_requested_at)} by {by}.")
    cases = data.open_cases
    if cases:
        named = ", ".join(words(one.type) for one in cases[:3])
        found.append(f"Needs attention: {named}.")
    return [one for one in found if one]


def _at(data: OrderData, moment: object) -> str:
    return plain_when(moment, data.store.timezone)  # type: ignore[arg-type]


def _since(data: OrderData) -> str:
    return f"{data.order.status.capitalize()} since {_at(data, data.order.status_at)}"


def _unpaid(data: OrderData) -> list[str]:
    order = data.order
    if order.method == "cod":
        return [f"{_since(data)}: cash on delivery, and the storefront has not placed it yet.", _clock(data)]
    if order.due == 0:
        return [f"{_since(data)}: nothing is due, and the storefront has not placed it yet.", _clock(data)]
    asked = [_asked(data, payment) for payment in data.payments]
    if not asked:
        asked = ["No payment was opened at a gateway yet, so there is nothing to ask about."]
    return [f"{_since(data)}. {_heard(data)}", *asked, _clock(data)]


def _heard(data: OrderData) -> str:
    """Which of the channels by which news comes have been silent."""
    channels = {one.channel for one in data.reports}
    silent = [name for name in ("callback", "webhook") if name not in channels]
    last = data.reports[0] if data.reports else None
    quiet = f"No {', no '.join(silent)}." if silent else ""
    if last is None or last.channel == "lookup":
        return quiet
    who = data.account_name(last.account_id)
    return f"{quiet} Last news: {who} said {words(last.state)} by {last.channel} at {_at(data, last.seen_at)}.".strip()


def _asked(data: OrderData, payment: Payment) -> str:
    name = data.account_name(payment.account_id)
    many = f" about {payment.gateway_order_id or payment.reference}" if len(data.payments) > 1 else ""
    if payment.asked_at is None:
        said = f"{name} was not asked{many} yet."
    else:
        answer = payment.last_answer or payment.answer
        said = f"{name} was asked{many} {_times(data, payment)}: {answer}."
    return f"{said} {_next(data, payment)}".strip()


def _times(data: OrderData, payment: Payment) -> str:
    """The last time, and the one before it where the rows know it: a look-up with news, or a person who asked."""
    last = payment.asked_at
    assert last is not None
    known = [one.seen_at for one in data.reports if one.channel == "lookup" and one.payment_id == payment.id]
    known += [one.at for one in data.entries if one.kind == "check payment"]
    before = max((at for at in known if last - at > SAME_ASK and at >= payment.created_at), default=None)
    if payment.asks <= 1:
        return f"once at {_at(data, last)}"
    if payment.asks == 2 and before is not None:
        return f"at {_at(data, before)} and {_at(data, last)}"
    return f"{payment.asks} times, last at {_at(data, last)}"


def _next(data: OrderData, payment: Payment) -> str:
    if payment.next_ask_at is None:
        return "It is asked no more by itself." if payment.state != "over" else ""
    if payment.next_ask_at <= clock.now():
        return "The next look-up is due now."
    return f"Next at {_at(data, payment.next_ask_at)} (in {span(payment.next_ask_at - clock.now())})."


def _clock(data: OrderData) -> str:
    why = data.order.clock_why
    return f"{why[:1].upper()}{why[1:]}".rstrip(".") + "." if why else ""


def _paid(data: OrderData) -> list[str]:
    return [f"{_since(data)}: {_basis(data)}.", _delivered(data, data.delivery), _held(data)]


def _held(data: OrderData) -> str:
    now = hold_of((one.kind, one.state) for one in data.deliveries)
    row = next((one for one in reversed(data.deliveries) if one.kind in ("hold", "unhold")), None)
    if row is None or now is Hold.FREE or data.order.status != "processing":
        return ""
    name, kind = data.account_name(row.account_id), "hold" if row.kind == "hold" else "let go"
    # The row names its last worker; who wished it stands on the timeline.
    wished = next((one.by for one in data.entries if one.kind == kind and one.at == row.created_at), None)
    who = f"asked by {wished}" if wished else "by the store's rule"
    if now is Hold.HELD:
        text = f"{name} holds it back since {_at(data, row.done_at)}, {who}: {row.reason}."
    elif now is Hold.REFUSED:
        text = f"{name} refused to {'hold it' if row.kind == 'hold' else 'let it go'}: {row.last_error}."
    else:
        text = f"{name} is {now}, {who}: {row.reason}."
    return text.replace("..", ".")


def _basis(data: OrderData) -> str:
    bound, charge = data.settlement, data.settled_charge
    last = next((one for one in reversed(data.moves) if one.target == "processing"), None)
    if bound is not None and charge is not None and bound.reversed_at is None:
        held = "authorised" if bound.kind == "authorized" else "captured"
        name = data.account_name(charge.account_id)
        said = f"{money(bound.amount, bound.currency)} {held} at {name}"
        how = "confirmed by a person" if bound.channel == "manual" else f"told by {bound.channel}"
        by_hand = last is not None and last.actor == "staff" and data.order.basis == "manual"
        hand = f"; moved by {last.by} before that" if last and by_hand else ""
        less = f"; {money(bound.accepted, bound.currency)} less than due was accepted" if bound.accepted else ""
        return f"{said}, {how}{less}{hand}"
    if data.order.basis == "cod":
        return "cash on delivery, placed by the storefront"
    if data.order.basis == "nothing_due":
        return "nothing was due"
    if last is not None and last.actor == "staff":
        return f"moved by hand by {last.by} ({last.reason}); no payment is proved"
    return "no settlement"


_TOLD = {
    "due": "is to be told", "claimed": "is being told now",
    "sent_unknown": "was told, but its answer was lost; it is asked", "found": "has it; its id is being recorded",
    "done": "has it", "dead": "does not have it", "withdrawn": "was not told",
}


def _delivered(data: OrderData, row: Delivery | None) -> str:
    if row is None:
        return "No delivery row is there."
    if row.kind == "none":
        return f"Nothing is delivered: {row.reason}."
    name = data.account_name(row.account_id)
    said = f"{name} {_TOLD.get(row.state, words(row.state))}"
    if row.state == "done":
        return f"{said} since {_at(data, row.done_at)}, receipt {row.receipt}."
    if row.state == "due" and row.attempts:
        said = f"{name} is tried again at {_at(data, row.due_at)}, after {row.attempts} tries"
    why = row.last_error or row.reason
    return f"{said}: {why}.".replace("..", ".") if why else f"{said}."


def _over(data: OrderData) -> list[str]:
    last = next((one for one in reversed(data.moves) if one.target == data.order.status), None)
    why = f": {last.reason} ({last.by})" if last else ""
    found = [f"{_since(data)}{why}."]
    if data.order.status == "cancelled" and data.settlement and data.settlement.reversed_at is None:
        bound = data.settlement
        found.append(f"It was paid: {money(bound.amount, bound.currency)} is still held and must go back.")
    return found
