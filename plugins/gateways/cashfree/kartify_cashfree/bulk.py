"""Asking about many payments by the reconciliation list: all events of the account between two moments.

Cashfree lists neither orders nor payments. This list shows which attempts succeeded, so it answers for the orders that
were paid and for nothing else: how soon an event is in it is not promised, and absence proves nothing. It is off until
the account's setting ``recon`` says that somebody tried it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import BeforeValidator

from kartify.plugin import ChargeState, PaymentAnswer, PaymentRef, Unreadable
from kartify_cashfree import ids
from kartify_cashfree.api import Api, reading
from kartify_cashfree.reports import Told, captured_of, fee_of, report_of
from kartify_cashfree.settings import CashfreeSettings
from kartify_cashfree.wire import Currency, Entity, Payment, Text, Word, amount_or_none, read

PAGE: Final = 1000
# How long a range may be is not documented: a day at a time.
WIDTH: Final = timedelta(days=1)
# Our clock and Cashfree's, and the time between our row and its order.
MARGIN: Final = timedelta(minutes=2)
_GROUPS: Final = ("event_details", "order_details", "payment_details", "refund_details")


def _flat(value: Any) -> Any:
    """Since 2025 the fields of an event stand in groups, before that side by side."""
    if not isinstance(value, Mapping):
        return value
    inner: dict[str, Any] = {}
    for name in _GROUPS:
        group = value.get(name)
        inner.update({key: one for key, one in group.items() if one is not None} if isinstance(group, Mapping) else {})
    return {**inner, **{key: one for key, one in value.items() if key not in _GROUPS}}


class EventRow(Payment):
    """One event. ``payment_*`` may be empty: the event's own sum and currency then stand for them."""

    payment_status: Word = ""
    event_type: Word = ""
    event_status: Word = ""
    event_id: Text = None
    event_amount: Annotated[Any, BeforeValidator(amount_or_none)] = None
    event_currency: Currency | None = None
    event_time: Text = None


class Events(Entity):
    cursor: Text = None
    data: tuple[Any, ...] | None = None


def ask_many(
    api: Api, settings: CashfreeSettings, payments: Sequence[PaymentRef], *, page: int = PAGE
) -> Iterator[tuple[str, PaymentAnswer]]:
    """Nothing is told before the whole range is read: a refund may stand on the last page. ``page``: 10 to 1000."""
    known = {payment.gateway_order_id or payment.reference: payment for payment in payments}
    if not settings.recon or not known:
        return
    begin = min(payment.created_at for payment in payments) - MARGIN
    rows = _gathered(_events(api, begin, page), known)
    with reading():
        answers = [(known[order].reference, _answer(known[order], order, rows[order])) for order in rows]
    yield from ((reference, answer) for reference, answer in answers if answer is not None)


def _gathered(events: Iterator[EventRow | None], known: Mapping[str, PaymentRef]) -> dict[str, list[EventRow]]:
    """The events of our orders. Nothing where reading on would cost as many calls as asking for each."""
    rows: dict[str, list[EventRow]] = {}
    left = max(2, len(known) // 2)
    for row in events:
        if row is None:
            left -= 1
            if left < 0:
                return {}
        elif row.order_id in known:
            rows.setdefault(row.order_id or "", []).append(row)
    return rows


def _events(api: Api, begin: datetime, page: int) -> Iterator[EventRow | None]:
    """Until now; None before each call."""
    end = datetime.now(UTC) + MARGIN
    while begin < end:
        until = min(end, begin + WIDTH)
        cursor: str | None = None
        while True:
            yield None
            filters = {"start_date": _text(begin), "end_date": _text(until)}
            body = {"pagination": {"limit": page, "cursor": cursor}, "filters": filters}
            events = api.post(Events, "/recon", body)
            yield from map(_row, events.data or ())
            if not events.data or not events.cursor or events.cursor == cursor:
                break
            cursor = events.cursor
        begin = until


def _row(value: Any) -> EventRow:
    """A row that cannot be read spoils its own order's story, and no other's."""
    flat = _flat(value)
    try:
        return read(EventRow, flat)
    except Unreadable:
        order = flat.get("order_id") if isinstance(flat, Mapping) else None
        return EventRow(order_id=ids.order_id(order), event_type="UNREADABLE")


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _answer(ours: PaymentRef, order: str, rows: Sequence[EventRow]) -> PaymentAnswer | None:
    """None where the list does not tell the whole story: no success, a refund, a dispute, a sum below the order's."""
    payments = [row for row in rows if row.event_type == "PAYMENT"]
    attempts = {row.cf_payment_id: _attempt(row, ours) for row in payments}
    words = {(row.cf_payment_id, row.event_status) for row in payments}
    strange = any(row.event_type not in ("PAYMENT", "SETTLEMENT") for row in rows)
    if strange or None in attempts or len(words) > len(attempts):
        return None
    reports = tuple(
        report_of(one, Told(order_id=order, reference=ours.reference, fee=fee_of(one))) for one in attempts.values()
    )
    paid = [one for one in attempts.values() if captured_of(one)]
    if len(paid) != 1 or any(one.state is ChargeState.UNKNOWN for one in reports):
        return None
    if _short(paid[0]):
        return None
    return PaymentAnswer(reports=reports, word=", ".join(one.payment_status for one in attempts.values())[:200])


def _attempt(row: EventRow, ours: PaymentRef) -> Payment:
    """The event in the form of an attempt. The list may leave out the order's currency, which is ours; that of the
    money must be told."""
    currency = row.payment_currency or row.event_currency
    ordered = row.order_currency or (ours.amount.currency if currency else None)
    return read(Payment, {
        "cf_payment_id": row.cf_payment_id,
        "payment_status": row.event_status,
        "payment_amount": row.event_amount if row.payment_amount is None else row.payment_amount,
        "payment_currency": currency,
        "order_id": row.order_id,
        "order_amount": row.order_amount,
        "order_currency": ordered,
        "payment_group": row.payment_group,
        "payment_completion_time": row.event_time,
    })


def _short(payment: Payment) -> bool:
    asked, paid = payment.order_amount, payment.payment_amount
    return asked is None or paid is None or paid < asked
