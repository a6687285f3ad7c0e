"""The customer's link: signed, so that nobody guesses one; it names an order and a day and holds nothing else.

A link ends after ``LIFE``, and at once when the key that signed it is taken out of ``KARTIFY_SECRET_KEYS``.
"""

from __future__ import annotations

from datetime import UTC, date, timedelta
from uuid import UUID

from itsdangerous import BadData, URLSafeSerializer

from kartify import clock
from kartify.domain.errors import NotFound
from kartify.house import House

PATH = "/orders/status"
LIFE = timedelta(days=30)
_PURPOSE = "customer links"


def token(house: House, order_id: UUID) -> str:
    """The same all day, so that an answer that carries it can be compared with an earlier one."""
    return _signer(house).dumps([order_id.hex, _today().isoformat()])


def url(house: House, order_id: UUID) -> str:
    return f"{house.public_url}{PATH}/{token(house, order_id)}"


def order_of(house: House, given: str) -> UUID:
    """Raises ``NotFound``: not ours, changed, too old, or signed with a key that is no longer there."""
    try:
        name, day = _signer(house).loads(given)
        order_id, made = UUID(name), date.fromisoformat(day)
    except (BadData, ValueError, TypeError, AttributeError):
        raise NotFound("this link is none of ours") from None
    if _today() - made > LIFE:
        raise NotFound("this link is too old")
    return order_id


def _signer(house: House) -> URLSafeSerializer:
    return URLSafeSerializer(house.vault.signing_keys(_PURPOSE), salt="order")


def _today() -> date:
    return clock.now().astimezone(UTC).date()
