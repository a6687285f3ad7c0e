"""Asking about many payments by the order look-up: one call for a hundred transactions of a span of days.

The list has the fields of the status call, so what it says is taken as it is. It is read from the oldest payment's day
to today, since a form may be posted again later. Only a list that was surely read whole proves that an order has no
other transaction, or none at all; of one that was not, only paid ones are told. What needs the list of refunds is left
to single asking.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

from kartify.plugin import ChargeState, PaymentAnswer, PaymentRef, Report, Temporary, Unreadable
from kartify_ccavenue import ids, lookup
from kartify_ccavenue.api import Api
from kartify_ccavenue.moments import day_of, write_day
from kartify_ccavenue.reports import needs_refunds
from kartify_ccavenue.settings import CCAvenueSettings
from kartify_ccavenue.wire import Listing, Row, clean, read

# Fewer are cheaper asked for one by one.
FEWEST: Final = 5


@dataclass
class Listed:
    """What was read. ``whole``: every transaction that was there when the reading began is in it."""

    rows: dict[str, Row] = field(default_factory=dict)
    odd: set[str] = field(default_factory=set)
    whole: bool = False

    def by_order(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for row in self.rows.values():
            found.setdefault(row.order_no, []).append(row)
        return found


def ask_many(
    api: Api, settings: CCAvenueSettings, payments: Sequence[PaymentRef]
) -> Iterator[tuple[str, PaymentAnswer]]:
    today = day_of(datetime.now(UTC))
    able = [one for one in payments if ids.order_id(_order(one)) and _days(one, today) < settings.list_days]
    asked, first = _affordable(api, settings, able, today)
    if first is None:
        return
    found = _read(api, settings, (_begin(asked), today), first)
    grouped = found.by_order()
    for payment in asked:
        answer = _answer(payment, grouped.get(_order(payment), []), found, settings)
        if answer is not None:
            yield payment.reference, answer


def _order(payment: PaymentRef) -> str:
    return payment.gateway_order_id or payment.reference


def _days(payment: PaymentRef, today: date) -> int:
    return (today - day_of(payment.created_at)).days


def _begin(payments: Sequence[PaymentRef]) -> date:
    return min(day_of(payment.created_at) for payment in payments)


def _affordable(
    api: Api, settings: CCAvenueSettings, payments: Sequence[PaymentRef], today: date
) -> tuple[list[PaymentRef], Listing | None]:
    """The youngest so many whose span has no more pages than they would cost calls, with the first page of it."""
    left = sorted(payments, key=lambda one: one.created_at)
    while len(left) >= FEWEST:
        begin = _begin(left)
        page = lookup.listed(api, settings, _span((begin, today)), 1)
        if (page.page_count or 0) <= len(left):
            return left, page
        younger = left[len(left) // 2 :]
        left = [one for one in younger if day_of(one.created_at) > begin]
    return [], None


def _span(days: tuple[date, date]) -> dict[str, str]:
    return {"from_date": write_day(days[0]), "to_date": write_day(days[1])}


def _read(api: Api, settings: CCAvenueSettings, days: tuple[date, date], first: Listing) -> Listed:
    """Every page. New transactions push others from page to page: so each counts once, and the last page is the last
    as the latest answer has it."""
    found, number, page = Listed(), 1, first
    _take(found, page)
    while number < (page.page_count or 0) and page.rows:
        number += 1
        page = lookup.listed(api, settings, _span(days), number)
        _take(found, page)
    told = first.total_records
    complete = told is not None and len(found.rows) >= told and number >= (page.page_count or 0)
    found.whole = complete and "" not in found.odd
    return found


def _take(found: Listed, page: Listing) -> None:
    """One odd row spoils no other order; which orders it may be about is kept."""
    for raw in page.rows:
        try:
            row = read(Row, raw)
        except Unreadable:
            found.odd.add(_named(raw))
            continue
        if ids.charge_id(row.reference_no):
            found.rows[row.reference_no] = row
        else:
            found.odd.add(row.order_no)


def _named(raw: Any) -> str:
    return clean(raw.get("order_no")) if isinstance(raw, dict) else ""


def _answer(
    payment: PaymentRef, rows: Sequence[Row], found: Listed, settings: CCAvenueSettings
) -> PaymentAnswer | None:
    """None where single asking will tell more."""
    if _order(payment) in found.odd or set(payment.gateway_payment_ids) - {row.reference_no for row in rows}:
        return None
    if not rows:
        return PaymentAnswer(found=False, word="not in CCAvenue's list") if found.whole else None
    if any(needs_refunds(row) for row in rows):
        return None
    try:
        reports = lookup.in_order(lookup.made_report(row, payment.reference, settings) for row in rows)
    except Temporary:
        return None
    return _told(payment, reports, whole=found.whole)


def _told(payment: PaymentRef, reports: tuple[Report, ...], *, whole: bool) -> PaymentAnswer | None:
    paid = [one for one in reports if one.state is ChargeState.CAPTURED]
    again = any(one.captured and one.gateway_payment_id in payment.gateway_payment_ids for one in reports)
    unclear = any(one.state is ChargeState.UNKNOWN for one in reports)
    if again or unclear or not (whole or paid):
        return None
    return PaymentAnswer(reports=reports, word=", ".join(one.word for one in reports)[:200])
