"""The sandbox OMS on the wire: the order as it is sent, the signature, the news."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from kartify.plugin import NewsKind, OmsNews, OmsOrder, Unreadable, event_key, read_json

SIGNATURE = "Sandbox-Oms-Signature"
MERCHANT = "Sandbox-Oms-Merchant"
KINDS = {kind.value: kind for kind in NewsKind}
INDIAN_POSTCODE = re.compile(r"[1-9][0-9]{5}\Z")


def order_body(order: OmsOrder) -> bytes:
    """The whole order; sums are minor units. Decimals and moments inside free fields become text."""
    document = _plain(order)
    del document["oms_order_id"]
    return json.dumps(document, default=_plain, ensure_ascii=False, separators=(",", ":")).encode()


def _plain(value: object) -> Any:
    """What JSON has no form for: records and other mappings and sequences as they are, the rest as text."""
    if is_dataclass(value):
        return {part.name: getattr(value, part.name) for part in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    return value.isoformat() if isinstance(value, datetime) else str(value)


def bad_postcode(address: Mapping[str, Any] | None) -> bool:
    """Whether the address cannot be served: an Indian postcode has six digits, others must at least be there."""
    if not address:
        return False
    postcode = str(address.get("postcode") or "").strip()
    if (address.get("country") or "IN") == "IN":
        return not INDIAN_POSTCODE.match(postcode)
    return not postcode


def sign(secret: str, body: bytes) -> str:
    """Hex HMAC-SHA256 of the raw body."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def signed_by(secret: str, body: bytes, signature: str) -> bool:
    """Compares in constant time, whatever characters the header holds."""
    return hmac.compare_digest(sign(secret, body).encode(), signature.encode("utf-8", "surrogateescape"))


def news_of(body: bytes) -> OmsNews:
    """One message of the OMS. Raises ``Unreadable``."""
    document = read_json(body)
    if not isinstance(document, dict):
        raise Unreadable("the news is not an object")
    number, oms_order_id = _text(document, "number"), _text(document, "order")
    if number is None and oms_order_id is None:
        raise Unreadable("the news names no order")
    word = _text(document, "kind")
    if word is None:
        raise Unreadable("the news has no kind")
    partial = document.get("partial", False)
    if not isinstance(partial, bool):
        raise Unreadable("partial: expected true or false")
    return OmsNews(
        key=event_key(_text(document, "id") or "", body),
        kind=KINDS.get(word, NewsKind.OTHER),
        word=word,
        number=number,
        oms_order_id=oms_order_id,
        at=_moment(_text(document, "at")),
        whole=not partial,
        detail=_text(document, "detail") or "",
    )


def _text(document: Mapping[str, Any], name: str) -> str | None:
    value = document.get(name)
    if value is not None and not isinstance(value, str):
        raise Unreadable(f"{name}: expected text")
    return value or None


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable("at: expected a moment in ISO 8601") from None
    if moment.tzinfo is None:
        raise Unreadable("at: expected a moment with its offset")
    return moment
