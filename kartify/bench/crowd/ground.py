"""The stores and accounts of the crowd. Their accounts are paused and their crons off: nobody is ever called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, update

from kartify.domain.errors import Conflict
from kartify.flows.people import stores
from kartify.house import House
from kartify.models import Account, Cron, Order, Store, table

PREFIX: Final = "seed"
_WHY: Final = "seeded for measuring: it is never called"
_NOWHERE: Final = "http://127.0.0.1:9"
_GATEWAYS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("razorpay", {"key_id": "rzp_test_SEED{code}0001", "key_secret": "seed-key", "webhook_secret": "seed-hook"}),
    ("payu", {"key": "seed{code}", "salt": "seedseed", "environment": "test"}),
    ("cashfree", {"client_id": "TESTSEED{code}", "client_secret": "seed", "environment": "sandbox"}),
    ("sandbox", {"merchant": "seed-{code}", "api_base": _NOWHERE, "key_secret": "seed-key",
                 "webhook_secret": "seed-hook"}),
)
_OMSES: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("sandbox-oms", {"api_base": _NOWHERE, "merchant": "seed-{code}", "api_key": "seed", "way": "push"}),
    ("unicommerce", {"api_base": "https://seed-{code}.unicommerce.com", "environment": "test", "channel": "SEED",
                     "username": "seed", "password": "seed"}),
    ("sandbox-oms", {"api_base": _NOWHERE, "merchant": "seed-{code}", "api_key": "seed", "way": "feed"}),
)
_PLACES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """``kind``: what its OMS needs of an order in processing."""

    id: UUID
    code: str
    gateways: tuple[UUID, ...]
    oms: UUID | None
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    shops: tuple[Shop, ...]


def refuse_real_orders(house: House, *, anyway: bool) -> None:
    """Raises ``Conflict`` where orders are that nobody would want among invented ones."""
    with house.database.read() as connection:
        first = connection.execute(select(table(Order).c.number).limit(1)).scalar()
    if first is not None and not anyway:
        raise Conflict(
            f"this database has orders already ({first}, say), and seeding cannot be undone: name an empty one, or "
            "say --beside-real-orders"
        )


def found(house: House) -> Town:
    """Three stores, each with several gateway accounts and one OMS account, as far as plugins are installed."""
    with house.database.read() as connection:
        there = connection.execute(
            select(func.count()).select_from(table(Store)).where(table(Store).c.code.like(f"{PREFIX}-%"))
        ).scalar_one()
    town = Town(shops=tuple(_shop(house, there + place) for place in range(_PLACES)))
    _to_rest(house, town)
    return town


def _shop(house: House, place: int) -> Shop:
    code = f"{PREFIX}-{place + 1}"
    store = stores.create_store(house, code, name=f"Seeded store {place + 1}")
    # The first store uses all of them, the others one less each: filters then have something to tell apart.
    gateways = [
        account for slug, values in _GATEWAYS[place % _PLACES :] if (account := _account(house, code, slug, values))
    ]
    if not gateways:
        raise Conflict("no gateway plugin is installed: orders need an account they are paid at")
    slug, values = _OMSES[place % len(_OMSES)]
    oms = _account(house, code, slug, values)
    kind = "feed" if values.get("way") == "feed" else "push"
    return Shop(id=store, code=code, gateways=tuple(gateways), oms=oms, kind=kind if oms else "none")


def _account(house: House, code: str, slug: str, values: dict[str, Any]) -> UUID | None:
    if house.registry.partner(slug) is None:
        return None
    own = {name: value.format(code=code.replace("-", "")) for name, value in values.items()}
    return stores.add_account(house, code, slug, own, label=f"{slug.capitalize()} {code}", test=True)


def _to_rest(house: House, town: Town) -> None:
    ids = [one for shop in town.shops for one in (*shop.gateways, shop.oms) if one]
    accounts, crons = table(Account), table(Cron)
    with house.database.write() as connection:
        connection.execute(
            update(accounts).where(accounts.c.id.in_(ids)).values(state="paused", state_by=PREFIX, state_reason=_WHY)
        )
        connection.execute(update(crons).where(crons.c.account_id.in_(ids)).values(enabled=False))
    house.accounts.forget()


__all__ = ["PREFIX", "Shop", "Town", "found", "refuse_real_orders"]
