"""The feed that the OMS fetches: pages by cursor, or over a window of time, and acknowledgements. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from kartify.plugin import (
    Ack,
    Acked,
    FeedWish,
    Inbound,
    Invalid,
    Listed,
    Listing,
    PartnerRoute,
    Reply,
    Unreadable,
    read_json,
)
from kartify_arvind.body import order_body
from kartify_arvind.contract import Contract
from kartify_arvind.inbound import own_path
from kartify_arvind.news import moment_of
from kartify_arvind.shape import shaped, text_at
from kartify_arvind.wire import dump

MOST: Final = 100
_USUAL: Final = 50
_RANGE: Final = timedelta(days=31)
_BOOL: Final = {"true": True, "1": True, "false": False, "0": False, "": False}


def read_wish(message: Inbound) -> FeedWish:
    """Raises ``Invalid`` naming the field."""
    given = message.params()
    if given.get("status", "processing") != "processing":
        raise Invalid("status", "expected processing: no other orders are served")
    limit = given.get("limit", str(_USUAL))
    if not (limit.isascii() and limit.isdecimal() and 1 <= int(limit[:9]) <= MOST):
        raise Invalid("limit", f"expected 1 to {MOST}")
    unacknowledged = _BOOL.get(given.get("unacknowledged", "").lower())
    if unacknowledged is None:
        raise Invalid("unacknowledged", "expected true or false")
    since, until = _moment(given, "updated_from"), _moment(given, "updated_to")
    if since is None and until is None:
        return FeedWish(cursor=_cursor(given, "c"), limit=int(limit), unacknowledged=unacknowledged)
    if unacknowledged:
        raise Invalid("unacknowledged", "expected no window of time beside it")
    if since and until and not timedelta() <= until - since <= _RANGE:
        raise Invalid("updated_to", "expected at most 31 days after updated_from")
    return FeedWish(page=_cursor(given, "p") or 1, limit=int(limit), since=since, until=until)


def _moment(given: dict[str, str], name: str) -> datetime | None:
    text = given.get(name, "")
    try:
        return moment_of(text) if text else None
    except ValueError:
        raise Invalid(name, "expected a time as 2025-01-02T08:34:05+05:30, its + sent as %2B") from None


def _cursor(given: dict[str, str], letter: str) -> int | None:
    text = given.get("cursor", "")
    if not text:
        return None
    digits = text.removeprefix(letter)
    if not (text.startswith(letter) and digits.isascii() and digits.isdecimal() and len(digits) < 16):
        raise Invalid("cursor", "expected next_cursor of an earlier page of the same question")
    return int(digits)


def write_page(contract: Contract, wish: FeedWish, listing: Listing) -> Reply:
    following = f"c{listing.cursor}" if wish.page is None else f"p{wish.page + (1 if listing.more else 0)}"
    page = {
        "orders": [_order(contract, one) for one in listing.items], "next_cursor": following, "has_more": listing.more,
    }
    return _json(200, page)


def _order(contract: Contract, one: Listed) -> dict[str, Any]:
    """The body of a push, and how it stands in the feed."""
    feed = {
        "position": one.position, "status": one.status, "acknowledged": one.acknowledged,
        "cancel_requested": one.cancel_requested,
    }
    return {**shaped(contract, order_body(contract, one.order)), "feed": feed}


def read_ack(contract: Contract, route: PartnerRoute, message: Inbound) -> Ack:
    """Raises ``Unreadable``."""
    told = read_json(message.body) if message.body.strip() else {}
    if not isinstance(told, dict):
        raise Unreadable("expected an object")
    places = zip(route.path.strip("/").split("/"), own_path(message).strip("/").split("/"), strict=False)
    number = next((there for here, there in places if here == "{number}"), "")
    if route.name == "reject":
        words = [text for name in ("code", "message") if (text := text_at(told, name))]
        return Ack(number=number, refused=": ".join(words)[:300] or "no reason was given")
    reference = text_at(told, contract.reference_path or "reference")
    return Ack(number=number, oms_order_id=reference or None)


def write_ack(acked: Sequence[Acked]) -> Reply:
    one = acked[0]
    if one.problem is None:
        return _json(200, {"number": one.number, "reference": one.receipt, "text": one.text})
    status = 404 if one.problem == "unknown" else 409
    return _json(status, {"error": {"code": one.problem, "message": one.text}})


def _json(status: int, document: Any) -> Reply:
    return Reply(status=status, body=dump(document), headers={"Content-Type": "application/json; charset=utf-8"})
