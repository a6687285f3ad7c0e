"""News as the OMS tells it, read by the account's words. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kartify.plugin import Inbound, OmsNews, Unreadable, event_key, read_json
from kartify_arvind.contract import Contract
from kartify_arvind.lookups import kind_of
from kartify_arvind.shape import dig, text_at


def read_news(contract: Contract, message: Inbound) -> OmsNews:
    """Raises ``Unreadable`` with the field."""
    told = read_json(message.body)
    if not isinstance(told, dict):
        raise Unreadable("expected an object")
    number, reference = _name(told, contract.number_path), _name(told, contract.reference_path)
    if not number and not reference:
        raise Unreadable(f"{contract.number_path}: expected our number of the order")
    word = _name(told, contract.status_path)
    if not word:
        raise Unreadable(f"{contract.status_path}: expected the order's status")
    return OmsNews(
        key=event_key(text_at(told, contract.news_event_path), message.body),
        kind=kind_of(contract, word),
        word=word[:80],
        number=number or None,
        oms_order_id=reference[:80] or None,
        at=_moment(contract, told),
        whole=not dig(told, contract.news_items_path),
        detail=_detail(contract, told),
    )


def _name(told: Any, path: str) -> str:
    text = text_at(told, path)
    if "\0" in text:
        raise Unreadable(f"{path}: a null character")
    return text


def _moment(contract: Contract, told: Any) -> datetime | None:
    path = contract.news_at_path
    text = text_at(told, path)
    if not text:
        return None
    try:
        if contract.times == "rfc3339":
            return moment_of(text)
        return datetime.fromtimestamp(int(text) // (1 if contract.times == "seconds" else 1000), UTC)
    except (ValueError, OverflowError, OSError):
        raise Unreadable(f"{path}: expected a moment with its offset") from None


def moment_of(text: str) -> datetime:
    """Raises ``ValueError`` for what is no RFC 3339 moment: a plus that became a space, a time without its offset."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None or "T" not in text.upper():
        raise ValueError("without an offset")
    return at


def _detail(contract: Contract, told: Any) -> str:
    parts = [
        text_at(told, contract.news_reason_path), text_at(told, "shipment.courier"), text_at(told, "shipment.awb")
    ]
    return " ".join(part for part in parts if part).replace("\0", "")[:300]
