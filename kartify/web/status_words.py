"""What a customer's page says: each sentence stands on a row, and nothing is promised that no row says.

Nobody is told to pay again while an attempt is open or an answer unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from flask_babel import gettext
from markupsafe import Markup

from kartify import clock
from kartify.domain.cases import CaseType
from kartify.domain.conclude import Answer
from kartify.domain.reports import ChargeState
from kartify.flows.customers.standing import GONE, TOO_MUCH, Attempt, Paid, Standing
from kartify.web import status_refunds
from kartify.web.phrases import Teller, Words

Tone = Literal["wait", "good", "warn", "quiet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """``refresh``: seconds until something may have changed; None where nothing changes by itself any more."""

    title: str
    tone: Tone
    lead: tuple[Markup, ...] = ()
    said: tuple[Markup, ...] = ()
    follows: tuple[Markup, ...] = ()
    refunds: tuple[Markup, ...] = ()
    refresh: int | None = None


def tell(standing: Standing) -> Told:
    words = Words(standing)
    title, tone = _title(standing)
    unpaid = standing.unpaid and standing.prepaid
    return Told(
        title=title, tone=tone, lead=_all(_lead(words)), said=_all(_said(words)),
        follows=_all([*(_follows(words) if unpaid or standing.by_hand_unproved else ()), *_else(words)]),
        refunds=_all(status_refunds.sentences(words)), refresh=refresh(standing),
    )


def _all(found: Teller) -> tuple[Markup, ...]:
    """Two attempts may have the same to say: it is said once."""
    return tuple(dict.fromkeys(found))


def _title(standing: Standing) -> tuple[str, Tone]:
    match standing.status:
        case "processing":
            return gettext("Your order is confirmed"), "good"
        case "shipped":
            return gettext("Your order is on its way"), "good"
        case "delivered":
            return gettext("Your order was delivered"), "good"
        case "cancelled":
            return gettext("This order is cancelled"), "quiet"
        case "refunded":
            return gettext("This order was refunded"), "quiet"
    if not standing.prepaid:
        return gettext("This order is not placed yet"), "wait"
    if standing.held and standing.troubles:
        return gettext("The shop is looking at your payment"), "warn"
    if standing.may_pay_again:
        return gettext("The payment did not succeed"), "warn"
    if not standing.attempts and not standing.charges:
        return gettext("No payment has begun yet"), "wait"
    return gettext("We are checking your payment"), "wait"


# Above: what the customer is to do, which mostly is nothing.


def _lead(words: Words) -> Teller:
    standing = words.standing
    if standing.unpaid:
        yield from _lead_unpaid(words)
    elif standing.by_hand_unproved:
        yield words.say(gettext("The shop confirmed your order by hand. You need not pay a second time."))
    elif standing.method == "cod" and standing.bound is None and standing.status in ("processing", "shipped"):
        yield words.say(gettext("You pay %(money)s when it arrives."), money=words.due)
    elif standing.due == 0 and standing.status in ("processing", "shipped", "delivered"):
        yield words.say(gettext("Nothing had to be paid online."))


def _lead_unpaid(words: Words) -> Teller:
    standing = words.standing
    if standing.method == "cod":
        yield words.say(gettext("Cash on delivery: nothing is to be paid now."))
    elif standing.due == 0:
        yield words.say(gettext("Nothing is to be paid."))
    elif standing.held or standing.uncertain:
        yield words.say(gettext("You need not pay a second time."))
    elif standing.may_pay_again:
        yield words.say(gettext("You can try again in the shop."))
    if not standing.held and not standing.uncertain and standing.prepaid:
        yield words.say(gettext(
            "If money has left your account all the same, tell the shop the reference number that your bank shows."
        ))


# What the gateway says.


def _said(words: Words) -> Teller:
    standing = words.standing
    if standing.bound is not None:
        yield _bound(words)
        return
    for charge in standing.charges:
        yield from _charge(words, charge)
    if standing.prepaid and not standing.held and standing.status != "refunded":
        for attempt in standing.attempts:
            yield _answer(words, attempt)


def _bound(words: Words) -> Markup:
    bound = words.standing.bound
    assert bound is not None
    values = {"gateway": words.name(bound.gateway), "money": words.money(bound.amount, bound.currency),
              "when": words.when(bound.at)}
    if bound.by_hand:
        return words.say(gettext("The shop confirmed your payment of %(money)s %(when)s."), **values)
    if bound.kind == "authorized":
        return words.say(gettext("%(gateway)s told us %(when)s that it has reserved %(money)s for this order."),
                         **values)
    return words.say(gettext("%(gateway)s confirmed %(money)s %(when)s."), **values)


def _charge(words: Words, charge: Paid) -> Teller:
    values = {"gateway": words.name(charge.gateway), "when": words.when(charge.at),
              "money": words.money(charge.captured or charge.authorized, charge.currency)}
    if charge.captured:
        yield words.say(gettext("%(gateway)s says that it received %(money)s %(when)s."), **values)
    elif charge.state == ChargeState.AUTHORIZED:
        yield words.say(gettext("%(gateway)s says that it reserved %(money)s %(when)s and has not taken it yet."),
                        **values)
        if charge.release_at is not None:
            values["when"] = words.when(charge.release_at)
            yield words.say(gettext("If it is not taken, %(gateway)s releases it %(when)s."), **values)
    elif charge.state in GONE:
        yield words.say(gettext("%(gateway)s says that an attempt to pay failed %(when)s."), **values)
    elif charge.state == ChargeState.PENDING:
        yield words.say(gettext("%(gateway)s says that a payment is under way."), **values)


def _answer(words: Words, attempt: Attempt) -> Markup:
    values = {"gateway": words.name(attempt.gateway), "when": words.when(attempt.asked_at)}
    match attempt.answer:
        case Answer.UNPAID:
            text = gettext("%(gateway)s told us %(when)s that no payment has arrived.")
        case Answer.PENDING:
            text = gettext("%(gateway)s told us %(when)s that it has not received the money yet.")
        case Answer.PAID:
            text = gettext("%(gateway)s told us %(when)s that the payment is there.")
        case Answer.UNKNOWN if attempt.asked_at is not None:
            text = gettext("We asked %(gateway)s %(when)s and could not learn whether your money has arrived.")
        case _:
            text = gettext("We have not asked %(gateway)s about your payment yet.")
    return words.say(text, **values)


# What happens next.


def _follows(words: Words) -> Teller:
    standing = words.standing
    if standing.held:
        yield from _fits(words)
        return
    if not standing.attempts:
        yield words.say(gettext("There is no payment that we could ask about."))
        return
    yield _asking(words)
    if standing.unpaid and standing.cancel_requested_at is None:
        yield words.say(gettext("As soon as %(money)s is confirmed, your order goes on by itself."), money=words.due)
    if not standing.held and standing.troubles:
        yield words.say(gettext("The shop is looking at it too."))


def _fits(words: Words) -> Teller:
    """Money was seen, and yet the order is not paid."""
    standing = words.standing
    if standing.held != {standing.currency: standing.due}:
        yield words.say(gettext("The order comes to %(money)s."), money=words.due)
    if standing.troubles:
        yield words.say(gettext("A person at the shop decides what happens now."))
    else:
        yield words.say(gettext("We are checking how it fits your order."))


def _asking(words: Words) -> Markup:
    """When the gateway is asked next, by ourselves."""
    attempts, now = words.standing.attempts, clock.now()
    coming = sorted(((one.next_at, one) for one in attempts if one.next_at is not None), key=lambda pair: pair[0])
    busy = next((one for one in attempts if one.busy), None)
    first = coming[0][1] if coming else busy or attempts[-1]
    values = {"gateway": words.name((busy or first).gateway)}
    if busy is not None:
        return words.say(gettext("We are asking %(gateway)s right now."), **values)
    if coming and coming[0][0] <= now:
        return words.say(gettext("We ask %(gateway)s again in a moment."), **values)
    if coming:
        when = words.when(coming[0][0])
        return words.say(gettext("We ask %(gateway)s again, %(when)s or soon after."), when=when, **values)
    if any(one.able for one in attempts):
        return words.say(gettext("We do not ask %(gateway)s again by ourselves. You can ask with the button below."),
                         **values)
    return words.say(gettext("We cannot ask %(gateway)s at the moment. The shop has to mend that first."), **values)


def _else(words: Words) -> Teller:
    standing = words.standing
    if standing.cancel_requested_at is not None and standing.status != "cancelled":
        yield from _cancelling(words)
    if (extra := standing.trouble(*TOO_MUCH)) is not None and not standing.unpaid and extra.held:
        yield words.say(gettext("%(money)s more than needed was paid. The shop is looking at it."),
                        money=words.money(extra.held, extra.currency))
    elif standing.troubles and not standing.unpaid and standing.status != "cancelled":
        yield words.say(gettext("The shop is looking at this payment."))
    if standing.status == "cancelled":
        yield from _cancelled(words)


def _cancelling(words: Words) -> Teller:
    yield words.say(gettext("It was asked %(when)s that the order be cancelled."),
                    when=words.when(words.standing.cancel_requested_at))
    if words.standing.unpaid:
        yield words.say(gettext("It is cancelled once it is certain that nothing was paid."))
    else:
        yield words.say(gettext("The shop has not answered yet."))


def _cancelled(words: Words) -> Teller:
    standing = words.standing
    if any(one.under_way for one in standing.refunds):
        return
    if (due := standing.trouble(CaseType.REFUND_DUE)) is not None and due.held:
        yield words.say(gettext("The shop knows that %(money)s is to go back to you. It has not been sent back yet."),
                        money=words.money(due.held, due.currency))
    elif standing.held or standing.reserved:
        yield words.say(gettext("The shop decides what happens with this money."))
        if standing.troubles:
            yield words.say(gettext("It is looking at it."))
    elif standing.prepaid and not standing.charges:
        yield words.say(gettext("If money for it arrives after all, the shop is told at once."))


# How soon the page looks again.


def refresh(standing: Standing) -> int | None:
    """Often in the first minutes, seldom later; sooner where an answer is just about to come."""
    if not _may_change(standing):
        return None
    age = clock.now() - standing.status_at
    return next(seconds for until, seconds in _PAUSES if age < until)


_PAUSES = (
    (timedelta(minutes=2), 5), (timedelta(minutes=15), 15), (timedelta(days=1), 60), (timedelta.max, 300),
)


def _may_change(standing: Standing) -> bool:
    if standing.unpaid and standing.prepaid:
        asked = any(one.next_at is not None or one.busy or one.open for one in standing.attempts)
        return asked or not standing.may_pay_again
    if any(one.under_way for one in standing.refunds):
        return True
    return standing.by_hand_unproved and any(one.next_at is not None for one in standing.attempts)


__all__ = ["Told", "refresh", "tell"]
