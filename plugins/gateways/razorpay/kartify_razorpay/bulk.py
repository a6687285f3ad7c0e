"""Asking about many payments by listing orders with their payments.

The list is of *orders*, by creation, so a late authorisation of an old order is in its own window and nothing has to
be scanned twice. A window ends at a fixed second; pages overlap and orders are known by id, so rows that arrive while
paging cannot push one out of sight. What a window does not show is asked one by one, so nothing leans on the order of
the list. A window costs at most as many calls as asking for its payments would.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from kartify.plugin import PaymentAnswer, PaymentRef
from kartify_razorpay.api import Api
from kartify_razorpay.lookup import Lookup, needs_more
from kartify_razorpay.settings import RazorpaySettings
from kartify_razorpay.wire import Order, Orders

PAGE = 100
OVERLAP = 5
WIDTH = timedelta(minutes=30)
# Our clock and Razorpay's, and the time between our row and its order.
MARGIN = timedelta(minutes=2)


def ask_many(
    api: Api, settings: RazorpaySettings, payments: Sequence[PaymentRef]
) -> Iterator[tuple[str, PaymentAnswer]]:
    for window in windows([payment for payment in payments if payment.gateway_order_id]):
        # One alone is cheaper asked for by its id.
        if len(window) > 1:
            yield from _window(api, settings, window)


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


def _window(
    api: Api, settings: RazorpaySettings, window: Sequence[PaymentRef]
) -> Iterator[tuple[str, PaymentAnswer]]:
    wanted = {payment.gateway_order_id: payment for payment in window}
    for order in _orders(api, window[0].created_at - MARGIN, window[-1].created_at + MARGIN, most=len(window)):
        payment = wanted.pop(order.id, None)
        if payment is not None and order.payments is not None:
            items = order.payments.items
            if len(items) >= order.payments.count and not needs_more(items):
                yield payment.reference, Lookup(api, settings, payment).answer(items, order)
        if not wanted:
            return


def _orders(api: Api, begin: datetime, end: datetime, *, most: int) -> Iterator[Order]:
    """Rows of overlapping pages come twice; the caller takes each order once."""
    skip = 0
    for _ in range(most):
        items = api.get(Orders, "/v1/orders", _params(begin, end, skip)).items
        yield from items
        if len(items) < PAGE:
            return
        skip += PAGE - OVERLAP


def _params(begin: datetime, end: datetime, skip: int) -> list[tuple[str, str]]:
    return [
        ("from", str(int(begin.timestamp()))),
        ("to", str(int(end.timestamp()))),
        ("count", str(PAGE)),
        ("skip", str(skip)),
        ("expand[]", "payments"),
    ]
