"""Asking about many payments by Paytm's order list: one call a page instead of one for each order.

The list tells of transactions by their creation. What it calls SUCCESS is confirmed by the order status, so amount and
refunds never come from the list (a few here; many at once are left to single asking, which runs in parallel). Failures
and what is under way settle nothing and are taken from the list. An order that a wholly read window lacks was never
tried, once it is old enough: its token is long dead, so nothing can come any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from kartify.plugin import ChargeState, PartnerError, PaymentAnswer, PaymentRef, Permanent, Report, Temporary, Throttled
from kartify_paytm import ids, lookup
from kartify_paytm.api import Api
from kartify_paytm.moments import write_moment
from kartify_paytm.settings import PaytmSettings
from kartify_paytm.wire import CURRENCY, Row, Rows

PATH: Final = "/merchant-passbook/search/list/order/v2"
# A window of the list may be 30 days; small ones hold few orders of others.
WIDTH: Final = timedelta(minutes=30)
# Our clock and Paytm's; and a transaction is made as long after the opening as the token lives, and a bit.
BEFORE: Final = timedelta(minutes=2)
AFTER: Final = timedelta(minutes=30)
MOST_CONFIRMED: Final = 20
_QUIET: Final = {"FAILURE": ChargeState.FAILED, "PENDING": ChargeState.PENDING}


def ask_many(
    api: Api, settings: PaytmSettings, payments: Sequence[PaymentRef]
) -> Iterator[tuple[str, PaymentAnswer]]:
    confirming = _Confirming(api)
    for window in windows([payment for payment in payments if ids.order_id(_order(payment))]):
        # One alone is cheaper asked for by its id.
        if len(window) > 1:
            yield from _window(api, settings, window, confirming)


def windows(payments: Sequence[PaymentRef]) -> Iterator[list[PaymentRef]]:
    """Neighbours in time, oldest first, no more than ``WIDTH`` apart."""
    window: list[PaymentRef] = []
    for payment in sorted(payments, key=lambda one: one.created_at):
        if window and payment.created_at - window[0].created_at > WIDTH:
            yield window
            window = []
        window.append(payment)
    if window:
        yield window


def _order(payment: PaymentRef) -> str:
    return payment.gateway_order_id or payment.reference


def _window(
    api: Api, settings: PaytmSettings, window: Sequence[PaymentRef], confirming: _Confirming
) -> Iterator[tuple[str, PaymentAnswer]]:
    rows, whole = _read(api, settings, window)
    absent = _believed_absent(settings) if whole else None
    for payment in window:
        answer = _answer(payment, rows.get(_order(payment), []), confirming)
        if answer is not None:
            yield payment.reference, answer
        elif absent is not None and payment.created_at <= absent and _order(payment) not in rows:
            # One that has charges cannot be absent: that is left to single asking, which says so.
            if not payment.gateway_payment_ids:
                yield payment.reference, PaymentAnswer(found=False, word="not in Paytm's list")


def _believed_absent(settings: PaytmSettings) -> datetime | None:
    age = settings.absent_after_minutes
    return datetime.now(UTC) - timedelta(minutes=age) if age else None


class _Confirming:
    """The order status of what the list calls paid: so many, one after the other, then no more."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._left = MOST_CONFIRMED

    def ask(self, payment: PaymentRef) -> PaymentAnswer | None:
        """None where it is left to single asking, which will say what is wrong. Raises ``Throttled``."""
        if not self._left:
            return None
        self._left -= 1
        try:
            return lookup.ask(self._api, payment)
        except Throttled:
            raise
        except PartnerError:
            return None


def _answer(payment: PaymentRef, rows: Sequence[Row], confirming: _Confirming) -> PaymentAnswer | None:
    """Of a success, of a word that we do not know, and of a payment that had charges, the order status is asked."""
    if not rows:
        return None
    if payment.gateway_payment_ids or any(row.status not in _QUIET for row in rows):
        return confirming.ask(payment)
    reports = tuple(_report(payment, row) for row in rows)
    return PaymentAnswer(reports=reports, word=", ".join(row.status for row in rows)[:200])


def _report(payment: PaymentRef, row: Row) -> Report:
    return Report(
        state=_QUIET[row.status], word=row.status, gateway_order_id=row.order_id, reference=payment.reference,
        gateway_payment_id=ids.charge_id(row.txn_id, row.order_id), currency=CURRENCY, at=row.at,
        method=row.method.lower() or None,
    )


def _read(
    api: Api, settings: PaytmSettings, window: Sequence[PaymentRef]
) -> tuple[dict[str, list[Row]], bool]:
    """Rows of our orders, each transaction once though pages shift; and whether the window was read to its end.

    No more pages than asking one by one would cost.
    """
    wanted = {_order(payment) for payment in window}
    found: dict[tuple[str, str], Row] = {}
    whole = False
    for number in range(1, len(window) + 1):
        rows = _page(api, settings, window, number)
        found.update({(row.order_id, row.txn_id): row for row in rows if row.order_id in wanted})
        if len(rows) < settings.list_page_size:
            whole = True
            break
    grouped: dict[str, list[Row]] = {}
    for row in found.values():
        grouped.setdefault(row.order_id, []).append(row)
    return grouped, whole


def _page(api: Api, settings: PaytmSettings, window: Sequence[PaymentRef], number: int) -> tuple[Row, ...]:
    body = {
        "fromDate": write_moment(window[0].created_at - BEFORE),
        "toDate": write_moment(window[-1].created_at + AFTER),
        "orderSearchType": "TRANSACTION",
        "orderSearchStatus": "SUCCESS|FAILURE|PENDING",
        "pageNumber": str(number),
        "pageSize": str(settings.list_page_size),
        "isSort": True,
    }
    try:
        listed = api.call(Rows, PATH, body, head={"tokenType": "CHECKSUM"})
    except Permanent as problem:
        # The list may be closed to a merchant whose keys are good: that must not pause the account.
        raise Temporary(f"Paytm's order list refuses us, is it enabled for this mid? {problem}") from None
    if listed.result.status != "SUCCESS":
        raise Temporary(f"Paytm's order list refuses us, is it enabled for this mid? {api.said(listed.result)}")
    return listed.orders
