"""Asking about one payment: the status call, and where an order has several submissions all of them.

Each post of the form is a transaction of its own, for the same order too. The status call tells one of them: a failed
one must not hide a paid one, so the others are read from the order look-up, unless the answer says that there are none.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from kartify.plugin import (
    ChargeState,
    Denied,
    PartnerError,
    PaymentAnswer,
    PaymentRef,
    Permanent,
    Report,
    Temporary,
    Throttled,
    Unreadable,
)
from kartify_ccavenue import ids
from kartify_ccavenue.api import Api, NoRecord
from kartify_ccavenue.moments import day_of, write_day
from kartify_ccavenue.reports import is_money, may_be_refunded, needs_refunds, report_of
from kartify_ccavenue.settings import CCAvenueSettings
from kartify_ccavenue.wire import Listing, Refunds, Row, read

STATUS: Final = "orderStatusTracker"
LIST: Final = "orderLookup"
REFUNDS: Final = "getRefundDetails"
_MOST_PAGES: Final = 20
# Money first: whatever else is told of the same order then finds it there.
_ORDER: Final = (ChargeState.CAPTURED, ChargeState.PARTIALLY_REFUNDED, ChargeState.AUTHORIZED, ChargeState.REFUNDED)


class Lookup:
    """One payment being asked about."""

    def __init__(self, api: Api, settings: CCAvenueSettings, payment: PaymentRef) -> None:
        self._api = api
        self._settings = settings
        self._payment = payment
        self._order = ids.require_order(payment.gateway_order_id or payment.reference)

    def ask(self) -> PaymentAnswer:
        """Raises ``PartnerError``; ``Permanent`` where CCAvenue does not know an order that had charges."""
        rows = list(self._rows())
        if not rows:
            if self._payment.gateway_payment_ids:
                raise Permanent("this account does not know an order that has payments", field="order_no")
            return PaymentAnswer(found=False, word="no record")
        reports = in_order(self.report(row) for row in rows)
        return PaymentAnswer(reports=reports, word=", ".join(report.word for report in reports)[:200])

    def report(self, row: Row) -> Report:
        known = row.reference_no in self._payment.gateway_payment_ids
        refunds = None
        if needs_refunds(row) or (known and may_be_refunded(row, self._settings)):
            refunds = refunds_of(self._api, row.reference_no)
        return made_report(row, self._payment.reference, self._settings, refunds)

    def _rows(self) -> Iterator[Row]:
        """Every transaction once."""
        first = self._tracked(order_no=self._order)
        rows = {row.reference_no: row for row in ([first] if first else [])}
        if first is not None and first.total_records != 1 and self._settings.list_attempts:
            rows |= {row.reference_no: row for row in self._others(first)}
        for charge in self._payment.gateway_payment_ids:
            # By its own number, which is how CCAvenue knows it best.
            if charge not in rows and ids.charge_id(charge):
                row = self._tracked(reference_no=charge)
                rows |= {charge: row} if row else {}
        yield from rows.values()

    def _tracked(self, *, order_no: str = "", reference_no: str = "") -> Row | None:
        try:
            row = status(self._api, order_no=order_no, reference_no=reference_no)
        except NoRecord:
            return None
        if row.order_no != self._order or (reference_no and row.reference_no != reference_no):
            raise Temporary("CCAvenue answered about another order")
        return row

    def _others(self, first: Row) -> list[Row]:
        """All submissions. What is paid is told even where the list fails; that nothing is paid is not."""
        try:
            found = list(self._listed())
            if first.reference_no not in {row.reference_no for row in found}:
                raise Temporary("CCAvenue's order look-up does not list yet what its status call tells")
            return found
        except (Throttled, Denied):
            raise
        except PartnerError:
            if not is_money(first):
                raise
            return []

    def _listed(self) -> Iterator[Row]:
        begin = day_of(self._payment.created_at) - timedelta(days=1)
        days = {"from_date": begin, "to_date": day_of(datetime.now(UTC))}
        asked = {name: write_day(day) for name, day in days.items()} | {"order_no": self._order}
        for number in range(1, _MOST_PAGES + 1):
            page = listed(self._api, self._settings, asked, number)
            for raw in page.rows:
                row = _readable(raw)
                if row.order_no == self._order:
                    yield row
            if number >= (page.page_count or 1) or not page.rows:
                return
        raise Temporary(f"more than {_MOST_PAGES} pages of transactions for one order")


def in_order(reports: Iterator[Report]) -> tuple[Report, ...]:
    return tuple(sorted(reports, key=lambda one: _ORDER.index(one.state) if one.state in _ORDER else len(_ORDER)))


def status(api: Api, *, order_no: str = "", reference_no: str = "") -> Row:
    """By one of the two. Raises ``NoRecord``."""
    row = api.call(Row, STATUS, {"reference_no": reference_no, "order_no": order_no})
    if not ids.charge_id(row.reference_no) or not row.status:
        raise Temporary("CCAvenue's answer names no transaction or no status")
    return row


def listed(api: Api, settings: CCAvenueSettings, asked: dict[str, str], number: int) -> Listing:
    """One page. No record at all is an empty one. Raises ``Temporary`` where the list is closed to the account: that
    must not pause an account whose keys are good."""
    body: dict[str, Any] = {**asked, "page_number": str(number), "no_of_records": str(settings.list_page_size)}
    try:
        return api.call(Listing, LIST, body)
    except NoRecord:
        return Listing(page_count=0, total_records=0)
    except Permanent as problem:
        raise Temporary(
            f"CCAvenue's order look-up refuses us; if it is closed to this account, switch list_attempts off: {problem}"
        ) from None


def refunds_of(api: Api, charge: str) -> Refunds | None:
    """None where there are none."""
    try:
        found = api.call(Refunds, REFUNDS, {"reference_no": charge})
    except NoRecord:
        return None
    if found.reference_no != charge:
        raise Temporary("CCAvenue answered about another transaction's refunds")
    return found


def made_report(row: Row, reference: str | None, settings: CCAvenueSettings, refunds: Refunds | None = None) -> Report:
    try:
        return report_of(row, reference, settings, refunds)
    except Unreadable as problem:
        raise Temporary(f"CCAvenue's answer cannot be read: {problem}") from None


def _readable(raw: Any) -> Row:
    try:
        return read(Row, raw)
    except Unreadable as problem:
        raise Temporary(f"CCAvenue's answer cannot be read: {problem}") from None
