"""Which life an order of the crowd has, by its age: most are delivered, some thousand are missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from kartify.bench.crowd.ground import Shop

SPREAD: Final = timedelta(days=400)
# (younger than, shares by how it ended), the first that fits.
_SHARES: Final[tuple[tuple[timedelta, dict[str, int]], ...]] = (
    (timedelta(days=3), {"processing": 60, "shipped": 15, "missing": 16, "failed": 4, "cancelled": 5}),
    (timedelta(days=10), {"processing": 12, "shipped": 36, "delivered": 32, "missing": 5, "failed": 3,
                          "cancelled": 11, "refunded": 1}),
    (SPREAD * 2, {"processing": 5, "delivered": 81, "cancelled": 12, "refunded": 2}),
)
PAID: Final = frozenset({"processing", "shipped", "delivered", "refunded"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """``channel``: what told of the money. ``trouble``: the exception that stands open, if any."""

    number: str
    shop: Shop
    at: datetime
    now: datetime
    status: str
    method: str
    basis: str | None
    amount: int
    channel: str
    trouble: str | None
    person: int

    @property
    def paid(self) -> bool:
        return self.basis == "settlement"

    @property
    def settled_at(self) -> datetime:
        """Later than Confirm Order by what the channel takes."""
        slow = {"callback": 25, "webhook": 45, "lookup": 480, "manual": 7200}
        return min(self.at + timedelta(seconds=slow[self.channel]), self.now)


def life(place: int, total: int, shops: tuple[Shop, ...], now: datetime, chance: Random) -> Life:
    """The order at this place, the oldest first."""
    at = now - SPREAD * ((total - place) / total) + timedelta(milliseconds=chance.randrange(1000))
    at = min(at, now - timedelta(seconds=30))
    status = _ending(now - at, chance)
    kind = chance.random()
    cod = status != "refunded" and kind < 0.2
    basis = None
    if status in PAID:
        basis = "cod" if cod else "nothing_due" if kind < 0.21 and status != "refunded" else "settlement"
    shop = chance.choices(shops, weights=range(len(shops) * 2, len(shops), -1))[0]
    return Life(
        number=f"S{place:08d}", shop=shop, at=at, now=now, status=status, method="cod" if cod else "prepaid",
        basis=basis, amount=0 if basis == "nothing_due" else chance.randrange(199, 9_999) * 100 + 99,
        channel=chance.choices(("webhook", "callback", "lookup", "manual"), weights=(80, 13, 6, 1))[0],
        trouble=_trouble(status, basis, cod, chance), person=chance.randrange(max(1, total // 3)),
    )


def _ending(age: timedelta, chance: Random) -> str:
    shares = next(shares for younger, shares in _SHARES if age < younger)
    return chance.choices(list(shares), weights=list(shares.values()))[0]


def _trouble(status: str, basis: str | None, cod: bool, chance: Random) -> str | None:
    rolled = chance.random()
    if status == "missing" and not cod:
        return "underpaid" if rolled < 0.04 else "still_pending" if rolled < 0.06 else None
    if status == "processing" and basis == "settlement":
        return "oms_refused" if rolled < 0.004 else "late" if rolled < 0.02 else None
    if basis == "settlement" and status != "refunded":
        return "second_payment" if rolled < 0.0005 else "dispute" if rolled < 0.0007 else None
    return None
