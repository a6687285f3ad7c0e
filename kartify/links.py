"""The customer's link to the status of an order: signed, without a login, good for a month."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from kartify import clock
from kartify.domain.errors import NotFound
from kartify.house import House

LASTS: Final = timedelta(days=30)
PATH: Final = "/orders/status"
_PURPOSE: Final = "order status link"
_ID, _DAY, _MARK = 16, 4, 16


def status_token(house: House, order_id: UUID) -> str:
    """The same all day. It ends after a month, or when its key is taken out of KARTIFY_SECRET_KEYS."""
    told = order_id.bytes + clock.now().date().toordinal().to_bytes(_DAY, "big")
    return base64.urlsafe_b64encode(told + _mark(house.vault.derived(_PURPOSE)[0], told)).decode().rstrip("=")


def status_url(house: House, order_id: UUID) -> str:
    return f"{house.public_url}{PATH}/{status_token(house, order_id)}"


def order_of(house: House, token: str) -> UUID:
    """Raises ``NotFound`` for a token that is not ours, or too old."""
    told, mark = _read(token)
    if not any(hmac.compare_digest(mark, _mark(key, told)) for key in house.vault.derived(_PURPOSE)):
        raise NotFound("this link is none of ours")
    made = date.fromordinal(int.from_bytes(told[_ID:], "big"))
    if clock.now().date() - made > LASTS:
        raise NotFound("this link is over")
    return UUID(bytes=told[:_ID])


def _read(token: str) -> tuple[bytes, bytes]:
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise NotFound("this link is none of ours") from None
    if len(raw) != _ID + _DAY + _MARK:
        raise NotFound("this link is none of ours")
    return raw[: _ID + _DAY], raw[_ID + _DAY :]


def _mark(key: bytes, told: bytes) -> bytes:
    return hmac.new(key, told, hashlib.sha256).digest()[:_MARK]
