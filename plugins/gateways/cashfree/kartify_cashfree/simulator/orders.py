"""Orders: made once per id, read, ended."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from kartify.plugin import Invalid, from_major
from kartify.simulation import Session
from kartify_cashfree.simulator.desk import Desk, error, sent
from kartify_cashfree.simulator.entities import attempt_of, order_of, order_status
from kartify_cashfree.wire import moment

_ORDER: Final = re.compile(r"[A-Za-z0-9_-]{3,45}\Z")
_PHONE: Final = re.compile(r"(?:[0-9]{10}|\+[0-9]{8,15})\Z")
_CUSTOMER: Final = re.compile(r"[A-Za-z0-9_-]{3,50}\Z")
_LONGEST_URL, _MOST_TAGS = 250, 10
# Samples show about this length where a shop names no end.
_DEFAULT_LIFE: Final = timedelta(days=29)


def create(desk: Desk) -> dict[str, Any]:
    wanted = sent()
    order_id = wanted.get("order_id") or desk.book.new_id("order_", 12)
    if not isinstance(order_id, str) or not _ORDER.match(order_id):
        raise _invalid("order_id")
    if order_id in desk.book.sessions:
        raise error(409, "order with same id is already present", "order_already_exists")
    currency = wanted.get("order_currency", "INR")
    meta = _meta(wanted)
    session = Session(
        id=order_id, reference=order_id, amount=_amount(wanted, currency), currency=currency,
        callback_url=meta["return_url"] or "", webhook_url=meta["notify_url"] or "", created_at=desk.book.now(),
        data={
            "cf_order_id": _number(desk.book.new_id("", 1)),
            "session_token": f"session_{order_id}_{desk.book.new_id()}payment",
            "expires_at": _expiry(desk, wanted),
            "customer": _customer(wanted), "meta": meta, "tags": _tags(wanted), "note": wanted.get("order_note"),
        },
    )  # fmt: skip
    return order_of(desk.book, desk.book.open(session))


def read(desk: Desk, order_id: str) -> dict[str, Any]:
    return order_of(desk.book, known(desk, order_id))


def terminate(desk: Desk, order_id: str) -> dict[str, Any]:
    session = known(desk, order_id)
    if sent().get("order_status") != "TERMINATED":
        raise _invalid("order_status")
    if order_status(desk.book, session) not in ("ACTIVE", "TERMINATED"):
        raise error(400, "only an active order can be terminated", "order_status_invalid")
    session.closed = True
    return order_of(desk.book, session)


def attempts(desk: Desk, order_id: str) -> list[dict[str, Any]]:
    """Newest first: what stands at the top proves nothing."""
    session = known(desk, order_id)
    return [attempt_of(charge) for charge in reversed(desk.book.charges_of(session.id))]


def attempt(desk: Desk, order_id: str, cf_payment_id: str) -> dict[str, Any]:
    found = next((one for one in attempts(desk, order_id) if one["cf_payment_id"] == cf_payment_id), None)
    if found is None:
        raise error(404, "payment not found", "payment_not_found")
    return found


def known(desk: Desk, order_id: str) -> Session:
    session = desk.book.sessions.get(order_id)
    if session is None:
        raise error(404, "order not found", "order_not_found")
    return session


def _invalid(field: str) -> Exception:
    return error(400, f"{field} : invalid value", f"{field}_invalid")


def _number(base36: str) -> str:
    return str(2_149_460_000 + int(base36, 36))


def _amount(wanted: Mapping[str, Any], currency: str) -> int:
    value = wanted.get("order_amount")
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or value < 1:
        raise _invalid("order_amount")
    try:
        return from_major(value, currency)
    except Invalid:
        raise _invalid("order_amount") from None


def _customer(wanted: Mapping[str, Any]) -> dict[str, Any]:
    given = wanted.get("customer_details") or {}
    if not _CUSTOMER.match(str(given.get("customer_id", ""))):
        raise _invalid("customer_details.customer_id")
    if not _PHONE.match(str(given.get("customer_phone", ""))):
        raise _invalid("customer_details.customer_phone")
    return {"customer_name": None, "customer_email": None, "customer_uid": None, **given}


def _meta(wanted: Mapping[str, Any]) -> dict[str, Any]:
    meta = {"return_url": None, "notify_url": None, "payment_methods": None, **(wanted.get("order_meta") or {})}
    for name in ("return_url", "notify_url"):
        if len(meta[name] or "") > _LONGEST_URL:
            raise _invalid(f"order_meta.{name}")
    return meta


def _tags(wanted: Mapping[str, Any]) -> dict[str, Any] | None:
    tags = wanted.get("order_tags")
    if tags and (len(tags) > _MOST_TAGS or any(not isinstance(one, str) or len(one) > 255 for one in tags.values())):
        raise _invalid("order_tags")
    return tags or None


def _expiry(desk: Desk, wanted: Mapping[str, Any]) -> datetime:
    text = wanted.get("order_expiry_time")
    if text is None:
        return desk.book.now() + _DEFAULT_LIFE
    # A test moves the book's clock to make old orders, and their end moves with them.
    found = moment(text)
    if found is None:
        raise _invalid("order_expiry_time")
    return found + desk.book.offset
