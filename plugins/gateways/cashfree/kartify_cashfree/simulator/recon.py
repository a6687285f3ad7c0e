"""The reconciliation list: events by time, oldest first, a page at a time. Its cursor names the last event, so what
happens while somebody pages neither repeats nor hides a row."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from kartify.simulation import Charge, Refund
from kartify_cashfree.simulator.desk import Desk, error, rupees, sent
from kartify_cashfree.simulator.entities import REFUND_WORDS, india, payment_word
from kartify_cashfree.wire import moment

LEAST, MOST, DEFAULT = 10, 1000, 10
_NO_GROUP: Final[dict[str, Any]] = {"customer_details": None, "dispute_details": None, "settlement_details": None}


def recon(desk: Desk) -> dict[str, Any]:
    wanted = sent()
    limit = (wanted.get("pagination") or {}).get("limit", DEFAULT)
    if not isinstance(limit, int) or not LEAST <= limit <= MOST:
        raise error(400, "pagination.limit : should be at least 10 and at max 1000", "pagination.limit_invalid")
    begin, end = _range(wanted.get("filters") or {})
    after = _opened((wanted.get("pagination") or {}).get("cursor"))
    rest = [(key, event) for key, event in _events(desk, begin, end) if key > after]
    page = rest[:limit]
    cursor = _closed(page[-1][0]) if len(rest) > limit else None
    return {"cursor": cursor, "limit": limit, "data": [_row(event) for _, event in page]}


def _events(desk: Desk, begin: datetime, end: datetime) -> list[tuple[str, Charge | Refund]]:
    found: list[Charge | Refund] = [one for one in desk.book.charges.values() if one.session is not None]
    found += [refund for one in desk.book.charges.values() for refund in one.refunds]
    keyed = [(_key(one), one) for one in found if begin <= _moment(one) < end]
    return sorted(keyed, key=lambda pair: pair[0])


def _moment(event: Charge | Refund) -> datetime:
    return event.created_at if isinstance(event, Refund) else event.updated_at


def _key(event: Charge | Refund) -> str:
    return f"{_moment(event).timestamp():020.6f}/{event.id}"


def _range(filters: Mapping[str, Any]) -> tuple[datetime, datetime]:
    begin, end = moment(filters.get("start_date")), moment(filters.get("end_date"))
    if begin is None or end is None:
        raise error(400, "time should be ISO8601 string", "filters_invalid")
    if begin > end:
        raise error(400, "start date can not be greater than end date", "filters_invalid")
    return begin, end


def _closed(key: str) -> str:
    return base64.b64encode(key.encode()).decode()


def _opened(cursor: object) -> str:
    try:
        return base64.b64decode(str(cursor or ""), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise error(400, "invalid cursor", "request_failed") from None


def _row(event: Charge | Refund) -> dict[str, Any]:
    """In the groups of the current version."""
    charge = event.charge if isinstance(event, Refund) else event
    session = charge.session
    is_refund = isinstance(event, Refund)
    return {
        **_NO_GROUP,
        "event_details": {
            "entity": "recon", "event_id": event.id, "event_type": "REFUND" if is_refund else "PAYMENT",
            "event_amount": rupees(event.amount, charge.currency), "event_currency": charge.currency,
            "event_status": REFUND_WORDS[event.state] if isinstance(event, Refund) else payment_word(event),
            "event_time": india(_moment(event)), "sale_type": "DEBIT" if is_refund else "CREDIT",
        },
        "order_details": {
            "order_id": session.id if session else None, "order_currency": None,
            "order_amount": rupees(session.amount, charge.currency) if session else None,
            "order_tags": session.data["tags"] if session else None,
        },
        "payment_details": {
            "cf_payment_id": charge.data["cf_payment_id"], "payment_group": charge.method,
            "payment_amount": rupees(charge.amount, charge.currency), "payment_currency": None,
            "payment_time": india(charge.created_at), "status": payment_word(charge),
        },
        "refund_details": {"refund_id": event.key or event.id} if isinstance(event, Refund) else None,
    }  # fmt: skip
