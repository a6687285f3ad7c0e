"""Why the order is where it is, in a few sentences that can be read out to a customer's face. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask_babel import gettext

from kartify import clock
from kartify.admin.frame.look import money, plain_when, span, title, words
from kartify.admin.sales.order_data import OrderData
from kartify.domain.delivery import Hold, hold_of
from kartify.languages import translated
from kartify.models import Charge, Delivery, OrderMove, Payment, Settlement

# Asking takes a moment: what is nearer to another moment than this is the same asking.
SAME_ASK = timedelta(seconds=30)


def sentences(data: OrderData) -> list[str]:
    """In the order of reading: where it is and why, what was asked, what follows."""
    tell = {"missing": _unpaid, "failed": _unpaid, "cancelled": _over, "refunded": _over}
    found = tell.get(data.order.status, _paid)(data)
    if data.order.cancel_requested_at and data.order.status != "cancelled":
        who = translated(data.order.cancel_requested_by or "") or gettext("the storefront")
        when = _at(data, data.order.cancel_requested_at)
        found.append(gettext("A cancel was requested at %(when)s by %(who)s.", when=when, who=who))
    cases = data.open_cases
    if cases:
        named = ", ".join(words(one.type) for one in cases[:3])
        found.append(gettext("Needs attention: %(what)s.", what=named))
    return [one for one in found if one]


def _at(data: OrderData, moment: datetime | None) -> str:
    return plain_when(moment, data.store.timezone)


def _since(data: OrderData) -> str:
    when = _at(data, data.order.status_at)
    return gettext("%(status)s since %(when)s", status=title(data.order.status), when=when)


def _unpaid(data: OrderData) -> list[str]:
    order, since = data.order, _since(data)
    if order.method == "cod":
        said = gettext("%(since)s: cash on delivery, and the storefront has not placed it yet.", since=since)
        return [said, _clock(data)]
    if order.due == 0:
        said = gettext("%(since)s: nothing is due, and the storefront has not placed it yet.", since=since)
        return [said, _clock(data)]
    asked = [_asked(data, payment) for payment in data.payments]
    if not asked:
        asked = [gettext("No payment was opened at a gateway yet, so there is nothing to ask about.")]
    return [f"{since}. {_heard(data)}", *asked, _clock(data)]


def _heard(data: OrderData) -> str:
    """Which of the channels by which news comes have been silent."""
    channels = {one.channel for one in data.reports}
    quiet = {
        (False, False): gettext("No callback, no webhook."), (False, True): gettext("No callback."),
        (True, False): gettext("No webhook."), (True, True): "",
    }["callback" in channels, "webhook" in channels]
    last = data.reports[0] if data.reports else None
    if last is None or last.channel == "lookup":
        return quiet
    news = gettext(
        "Last news: %(who)s said %(what)s by %(channel)s at %(when)s.", who=data.account_name(last.account_id),
        what=words(last.state), channel=words(last.channel), when=_at(data, last.seen_at),
    )
    return f"{quiet} {news}".strip()


def _asked(data: OrderData, payment: Payment) -> str:
    return f"{_answered(data, payment)} {_next(data, payment)}".strip()


def _answered(data: OrderData, payment: Payment) -> str:
    """Names the payment where there are several."""
    name, about = data.account_name(payment.account_id), payment.gateway_order_id or payment.reference
    several = len(data.payments) > 1
    if payment.asked_at is None and several:
        return gettext("%(name)s was not asked about %(payment)s yet.", name=name, payment=about)
    if payment.asked_at is None:
        return gettext("%(name)s was not asked yet.", name=name)
    when, answer = _times(data, payment, payment.asked_at), translated(payment.last_answer or payment.answer)
    if several:
        return gettext("%(name)s was asked about %(payment)s %(when)s: %(answer)s.", name=name, payment=about,
                       when=when, answer=answer)
    return gettext("%(name)s was asked %(when)s: %(answer)s.", name=name, when=when, answer=answer)


def _times(data: OrderData, payment: Payment, last: datetime) -> str:
    """The last time, and the one before it where the rows know it: a look-up with news, or a person who asked."""
    known = [one.seen_at for one in data.reports if one.channel == "lookup" and one.payment_id == payment.id]
    known += [one.at for one in data.entries if one.kind == "check payment"]
    before = max((at for at in known if last - at > SAME_ASK and at >= payment.created_at), default=None)
    if payment.asks <= 1:
        return gettext("once at %(when)s", when=_at(data, last))
    if payment.asks == 2 and before is not None:
        return gettext("at %(first)s and %(last)s", first=_at(data, before), last=_at(data, last))
    return gettext("%(count)s times, last at %(when)s", count=payment.asks, when=_at(data, last))


def _next(data: OrderData, payment: Payment) -> str:
    if payment.next_ask_at is None:
        return gettext("It is asked no more by itself.") if payment.state != "over" else ""
    if payment.next_ask_at <= clock.now():
        return gettext("The next look-up is due now.")
    left = span(payment.next_ask_at - clock.now())
    return gettext("Next at %(when)s (in %(time)s).", when=_at(data, payment.next_ask_at), time=left)


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
    name, why = data.account_name(row.account_id), row.reason or ""
    if now is Hold.REFUSED:
        text = _refused(name, row)
    elif now is Hold.HELD:
        text = gettext("%(name)s holds it back since %(when)s, %(who)s: %(why)s.", name=name,
                       when=_at(data, row.done_at), who=_wished(data, row), why=why)
    elif now is Hold.ASKED:
        text = gettext("%(name)s is asked to hold it, %(who)s: %(why)s.", name=name, who=_wished(data, row), why=why)
    else:
        text = gettext("%(name)s is asked to let it go, %(who)s: %(why)s.", name=name, who=_wished(data, row), why=why)
    return text.replace("..", ".")


def _refused(name: str, row: Delivery) -> str:
    why = row.last_error or ""
    if row.kind == "hold":
        return gettext("%(name)s refused to hold it: %(why)s.", name=name, why=why)
    return gettext("%(name)s refused to let it go: %(why)s.", name=name, why=why)


def _wished(data: OrderData, row: Delivery) -> str:
    """The row names its last worker; who wished it stands on the timeline."""
    kind = "hold" if row.kind == "hold" else "let go"
    who = next((one.by for one in data.entries if one.kind == kind and one.at == row.created_at), None)
    return gettext("asked by %(who)s", who=who) if who else gettext("by the store's rule")


def _basis(data: OrderData) -> str:
    bound, charge = data.settlement, data.settled_charge
    last = next((one for one in reversed(data.moves) if one.target == "processing"), None)
    if bound is not None and charge is not None and bound.reversed_at is None:
        return _settled(data, bound, charge, last)
    if data.order.basis == "cod":
        return gettext("cash on delivery, placed by the storefront")
    if data.order.basis == "nothing_due":
        return gettext("nothing was due")
    if last is not None and last.actor == "staff":
        return gettext("moved by hand by %(who)s (%(why)s); no payment is proved", who=last.by, why=last.reason)
    return gettext("no settlement")


def _settled(data: OrderData, bound: Settlement, charge: Charge, last: OrderMove | None) -> str:
    """What came, how it was told, and what a person did beside it: clauses one after another."""
    sum_, name = money(bound.amount, bound.currency), data.account_name(charge.account_id)
    came = gettext("%(sum)s authorised at %(name)s", sum=sum_, name=name) if bound.kind == "authorized" else gettext(
        "%(sum)s captured at %(name)s", sum=sum_, name=name)
    how = gettext("confirmed by a person") if bound.channel == "manual" else gettext(
        "told by %(channel)s", channel=words(bound.channel))
    clauses = [f"{came}, {how}"]
    if bound.accepted:
        less = money(bound.accepted, bound.currency)
        clauses.append(gettext("%(sum)s less than due was accepted", sum=less))
    if last is not None and last.actor == "staff" and data.order.basis == "manual":
        clauses.append(gettext("moved by %(who)s before that", who=last.by))
    return "; ".join(clauses)


def _delivered(data: OrderData, row: Delivery | None) -> str:
    if row is None:
        return gettext("No delivery row is there.")
    if row.kind == "none":
        return gettext("Nothing is delivered: %(why)s.", why=translated(row.reason or ""))
    name, why = data.account_name(row.account_id), row.last_error or row.reason
    if row.state == "done":
        when = _at(data, row.done_at)
        return gettext("%(name)s has it since %(when)s, receipt %(receipt)s.", name=name, when=when,
                       receipt=row.receipt)
    said = _told(name, row.state)
    if row.state == "due" and row.attempts:
        said = gettext("%(name)s is tried again at %(when)s, after %(count)s tries", name=name,
                       when=_at(data, row.due_at), count=row.attempts)
    return f"{said}: {why}.".replace("..", ".") if why else f"{said}."


def _told(name: str, state: str) -> str:
    return {
        "due": gettext("%(name)s is to be told", name=name),
        "claimed": gettext("%(name)s is being told now", name=name),
        "sent_unknown": gettext("%(name)s was told, but its answer was lost; it is asked", name=name),
        "found": gettext("%(name)s has it; its id is being recorded", name=name),
        "dead": gettext("%(name)s does not have it", name=name),
        "withdrawn": gettext("%(name)s was not told", name=name),
    }.get(state, f"{name} {words(state)}")


def _over(data: OrderData) -> list[str]:
    last = next((one for one in reversed(data.moves) if one.target == data.order.status), None)
    since = _since(data)
    found = [f"{since}: {last.reason} ({translated(last.by)})." if last else f"{since}."]
    if data.order.status == "cancelled" and data.settlement and data.settlement.reversed_at is None:
        held = money(data.settlement.amount, data.settlement.currency)
        found.append(gettext("It was paid: %(sum)s is still held and must go back.", sum=held))
    return found
