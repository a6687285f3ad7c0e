"""What the status page says: each sentence stands on a row, and nothing is promised that no row says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from flask_babel import get_locale
from flask_babel import gettext as _

from kartify import clock
from kartify.domain.conclude import Answer
from kartify.domain.money import display
from kartify.flows.storefront.standing import Standing

# How soon the page looks again, by how long the order has been where it is.
REFRESH: Final = ((timedelta(minutes=2), 5), (timedelta(hours=1), 30), (timedelta(days=7), 300))


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """``lines`` in the order of reading; ``refresh`` in seconds, None where nothing changes by itself any more."""

    title: str
    lines: tuple[str, ...]
    refresh: int | None = None


def say(order: Standing) -> Said:
    tell = {"missing": _missing, "failed": _failed, "cancelled": _cancelled, "refunded": _refunded}
    return tell.get(order.status, _paid)(order)


def moment(at: datetime, zone: str) -> str:
    """The time of day; with the day where that is another."""
    local, today = at.astimezone(ZoneInfo(zone)), clock.now().astimezone(ZoneInfo(zone))
    shape = "HH:mm" if local.date() == today.date() else "d MMMM, HH:mm"
    return format_datetime(local, shape, tzinfo=ZoneInfo(zone), locale=get_locale())


def _money(order: Standing, minor: int) -> str:
    return display(minor, order.currency)


def _at(order: Standing, at: datetime | None) -> str:
    return moment(at, order.zone) if at else ""


def _soon(order: Standing) -> int | None:
    age = clock.now() - order.status_at
    return next((seconds for until, seconds in REFRESH if age < until), None)


def _missing(order: Standing) -> Said:
    if order.attempt is None:
        return Said(title=_("Your order is not complete yet"), refresh=_soon(order), lines=(
            _("%(store)s has your order, and its last step is still to come.", store=order.store),
        ))
    if order.held > 0:
        return Said(title=_("Your money has arrived"), refresh=_soon(order), lines=(
            _received(order),
            _("The shop looks at it now, because it does not fit the order. You need not pay a second time."),
        ))
    lines = [_answer(order), _next(order),
             _("You need not pay a second time. If the money was taken, it is found here.")]
    return Said(title=_("We are checking your payment"), lines=_kept(lines), refresh=_soon(order))


def _answer(order: Standing) -> str:
    """What the gateway said last."""
    told = {"gateway": order.gateway, "time": _at(order, order.asked_at)}
    if order.asked_at is None or order.answer == Answer.NEVER:
        return _("%(gateway)s has not told us anything yet.", gateway=order.gateway)
    match order.answer:
        case Answer.PENDING:
            return _("%(gateway)s told us at %(time)s that the payment is still under way.", **told)
        case Answer.UNPAID:
            return _("%(gateway)s told us at %(time)s that it has not received the money.", **told)
        case Answer.PAID:
            return _("%(gateway)s told us at %(time)s that the payment is complete.", **told)
        case _:
            return _("We asked %(gateway)s at %(time)s and got no clear answer.", **told)


def _next(order: Standing) -> str:
    if order.next_ask_at is None:
        return ""
    if order.next_ask_at <= clock.now() + timedelta(minutes=1):
        return _("We ask again within a minute.")
    return _("We ask again at %(time)s.", time=_at(order, order.next_ask_at))


def _failed(order: Standing) -> Said:
    if order.held > 0:
        return Said(title=_("Your money has arrived"), refresh=_soon(order), lines=(
            _received(order), _("The shop looks at it now. You need not pay a second time."),
        ))
    lines = [
        _answer(order) if order.gateway else "",
        _("You can try again in the shop."),
        _("If the money was taken all the same, %(gateway)s is still asked, and it is found here.",
          gateway=order.gateway) if order.next_ask_at else "",
        _next(order),
    ]
    refresh = _soon(order) if order.next_ask_at else None
    return Said(title=_("The payment did not succeed"), lines=_kept(lines), refresh=refresh)


def _received(order: Standing) -> str:
    told = {"gateway": order.gateway, "sum": _money(order, order.held), "time": _at(order, order.captured_at)}
    return _("%(gateway)s confirmed %(sum)s at %(time)s.", **told)


def _paid(order: Standing) -> Said:
    titles = {
        "processing": _("Your order is confirmed"), "shipped": _("Your order is on its way"),
        "delivered": _("Your order was delivered"),
    }
    money = _received(order) if order.held > 0 and order.gateway else ""
    if not money and order.method == "cod":
        money = _("You pay %(sum)s when it is delivered.", sum=_money(order, order.due)) if (
            order.status != "delivered") else ""
    return Said(title=titles[order.status], lines=_kept([money, *_refund(order)]), refresh=None)


def _cancelled(order: Standing) -> Said:
    if order.held > 0:
        lines = [
            _("%(sum)s of yours is still here, and the shop has been told.", sum=_money(order, order.held)),
            *_refund(order),
        ]
    else:
        lines = _refund(order) or [_("No money is held for it.")]
    return Said(title=_("This order is cancelled"), lines=_kept(lines), refresh=300 if _refunding(order) else None)


def _refunded(order: Standing) -> Said:
    return Said(title=_("This order was refunded"), refresh=300 if _refunding(order) else None,
                lines=_kept(_refund(order) or [_("The money goes back the way it came.")]))


def _refunding(order: Standing) -> bool:
    return order.refund is not None and order.refund.state not in ("done", "failed", "dropped")


def _refund(order: Standing) -> list[str]:
    if order.returned > 0 and not _refunding(order):
        return [_("%(gateway)s has confirmed that %(sum)s went back to you.", gateway=order.gateway,
                  sum=_money(order, order.returned))]
    if order.refund is not None and _refunding(order):
        return [_("A refund of %(sum)s was asked for at %(time)s; %(gateway)s has not confirmed it yet.",
                  sum=_money(order, order.refund.amount), time=_at(order, order.refund.asked_at),
                  gateway=order.gateway)]
    return []


def _kept(lines: list[str]) -> tuple[str, ...]:
    return tuple(line for line in lines if line)
