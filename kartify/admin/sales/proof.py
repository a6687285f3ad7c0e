"""What proves an order: the evidence that settled it, and what each source said and when. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from flask_babel import gettext

from kartify.admin.frame.look import money, words
from kartify.admin.sales.order_data import OrderData
from kartify.languages import translated
from kartify.models import OrderMove, Report, Settlement

MOST: Final = 6
# Asking takes a moment: the payment and the report tell of it at slightly different times.
SAME: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One thing that a source said. ``message``: the stored message; ``settled``: by this the order was settled."""

    at: datetime
    channel: str
    who: str
    text: str
    message: UUID | None = None
    settled: bool = False
    payment_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """``firm``: money that came, or cash on delivery, or nothing due; else a person's word, or nothing."""

    firm: bool
    headline: str
    said: Sequence[Said]
    left_out: int
    silent: str


def proof_of(data: OrderData) -> Proof:
    said = sorted(_all(data), key=lambda one: (one.at, one.settled), reverse=True)
    # What settled it stays in sight, however much was said since.
    shown = said[:MOST]
    shown += [one for one in said[MOST:] if one.settled]
    firm, headline = _headline(data)
    return Proof(firm=firm, headline=headline, said=shown, left_out=len(said) - len(shown), silent=_silent(data))


def _headline(data: OrderData) -> tuple[bool, str]:
    bound = data.settlement
    if bound is not None and bound.reversed_at is not None:
        return False, gettext("It was paid, and the money went back.")
    if bound is not None:
        return True, _settled(bound)
    if data.order.basis == "cod":
        return True, gettext("Cash on delivery: no payment has to be proved before it goes out.")
    if data.order.basis == "nothing_due":
        return True, gettext("Nothing was due.")
    if data.order.basis == "manual":
        return False, gettext("A person's word, and no payment so far.")
    if any(one.state == "authorized" for one in data.charges):
        return False, gettext("The bank has set the money aside (authorised). Nothing is captured yet.")
    if any(one.captured > one.refunded for one in data.charges):
        return False, gettext("Money came, but it does not settle this order.")
    return False, gettext("Nothing yet: no source has said that it is paid.")


def _settled(bound: Settlement) -> str:
    how = {
        "webhook": gettext("the gateway's own message (webhook)"),
        "callback": gettext("the customer's return (callback)"),
        "lookup": gettext("our question to the gateway (look-up)"), "manual": gettext("a person"),
    }.get(bound.channel, bound.channel)
    if bound.kind == "authorized":
        return gettext("%(money)s authorised and not captured yet: settled by %(how)s.",
                       money=money(bound.amount, bound.currency), how=how)
    return gettext("%(money)s settled by %(how)s.", money=money(bound.amount, bound.currency), how=how)


def _all(data: OrderData) -> Iterator[Said]:
    settling = _settling(data)
    for one in data.reports:
        yield _report(data, one, settled=settling is one)
    yield from _asks(data)
    for move in data.moves:
        if move.actor == "staff" and move.target == "processing":
            yield _person(data, move)


def _settling(data: OrderData) -> Report | None:
    """The report that came by the settlement's channel, of its charge, in its commit: what is of one commit has one
    moment."""
    bound = data.settlement
    if bound is None:
        return None
    key = (bound.charge_id, bound.channel, bound.settled_at)
    return next((one for one in data.reports if (one.charge_id, one.channel, one.seen_at) == key), None)


def _report(data: OrderData, report: Report, *, settled: bool) -> Said:
    sums = {"captured": report.captured, "authorized": 0 if report.captured else report.authorized,
            "refunded": report.refunded}
    said = [_sum(name, money(value, report.currency)) for name, value in sums.items() if value]
    state = [] if sums.get(report.state) else [words(report.state)]
    text = ", ".join([*state, *said]) + (f" ({report.word})" if report.word not in ("", report.state) else "")
    charge = next((one.gateway_payment_id for one in data.charges if one.id == report.charge_id), "")
    return Said(at=report.seen_at, channel=report.channel, who=data.account_name(report.account_id), text=text,
                message=report.inbox_id, settled=settled, payment_id=charge)


def _sum(name: str, sum_: str) -> str:
    return {
        "captured": gettext("%(sum)s captured", sum=sum_), "authorized": gettext("%(sum)s authorized", sum=sum_),
    }.get(name, gettext("%(sum)s refunded", sum=sum_))


def _asks(data: OrderData) -> Iterator[Said]:
    """A look-up that brought no news left no report, but the payment knows when it was asked."""
    for payment in data.payments:
        told = any(one.channel == "lookup" and one.payment_id == payment.id and payment.asked_at is not None
                   and abs(one.seen_at - payment.asked_at) < SAME for one in data.reports)
        if payment.asked_at is not None and not told:
            yield Said(at=payment.asked_at, channel="lookup", who=data.account_name(payment.account_id),
                       text=translated(payment.last_answer or payment.answer))


def _person(data: OrderData, move: OrderMove) -> Said:
    bound = data.settlement
    settled = bound is not None and bound.channel == "manual" and bound.settled_at == move.at
    return Said(at=move.at, channel="person", who=move.by, text=move.reason, settled=settled)


def _silent(data: OrderData) -> str:
    """Which of the gateway's two ways to tell us brought nothing."""
    if data.order.method == "cod" or not data.payments:
        return ""
    channels = {one.channel for one in data.reports}
    return {
        (True, True): gettext("No callback and no webhook has come."),
        (True, False): gettext("No callback has come."), (False, True): gettext("No webhook has come."),
    }.get(("callback" not in channels, "webhook" not in channels), "")
