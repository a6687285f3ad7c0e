"""Which gateway account of a store a payment is to be opened at, and where its customers may come back to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from kartify.accounts import Loaded
from kartify.domain.errors import Invalid
from kartify.domain.plan import LookupPlan
from kartify.house import House
from kartify.models import Account, Store, StoreAccount, table
from kartify.plugin.addresses import LOOPBACK
from kartify.plugin.gateway import Gateway

accounts, links, stores = table(Account), table(StoreAccount), table(Store)
FIELD = "payment.gateway"
RESTING = ("paused", "denied")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shopfront:
    """What a store offers at checkout."""

    store_id: UUID
    origins: tuple[str, ...]
    accounts: tuple[Any, ...]


_ACCOUNTS = (
    select(accounts.c.id, accounts.c.slug, accounts.c.mode, accounts.c.state)
    .select_from(links.join(accounts, accounts.c.id == links.c.account_id))
    .where(links.c.store_id == bindparam("b_store_id"), links.c.kind == "gateway", links.c.active)
    .order_by(links.c.added_at)
)
_ORIGINS = select(stores.c.return_origins).where(stores.c.id == bindparam("b_store_id"))


def shopfront(connection: Connection, store_id: UUID) -> Shopfront:
    values = {"b_store_id": store_id}
    return Shopfront(
        store_id=store_id,
        origins=tuple(connection.execute(_ORIGINS, values).scalar_one()),
        accounts=tuple(connection.execute(_ACCOUNTS, values).all()),
    )


def choose(front: Shopfront, wanted: str | None, field: str = FIELD) -> Any:
    """The account row. Raises ``Invalid`` naming what the store has."""
    usable = [row for row in front.accounts if row.state not in RESTING]
    found = [row for row in usable if wanted in (None, row.slug, str(row.id))]
    if len(found) == 1:
        return found[0]
    if len(found) > 1:
        raise Invalid(field, f"the store has several such accounts, expected an account id: {_ids(found)}")
    known = ", ".join(dict.fromkeys(row.slug for row in usable)) or "none"
    raise Invalid(field, f"expected an active gateway account of the store; there are: {known}")


def _ids(rows: Sequence[Any]) -> str:
    return ", ".join(str(row.id) for row in rows)


def plan_of(loaded: Loaded) -> LookupPlan:
    """A plugin that is broken now may work again: its payments are asked about by the default plan meanwhile."""
    return loaded.partner.plan if isinstance(loaded.partner, Gateway) else LookupPlan()


def check_adoptable(house: House, account_id: UUID, field: str = "payment.gateway_order_id") -> None:
    """Raises ``Invalid`` where the gateway cannot take over a session that the storefront opened."""
    partner = house.accounts.get(account_id).partner
    if isinstance(partner, Gateway) and not partner.can.adopt:
        raise Invalid(field, f"{partner.name} takes only sessions that it opened for us")


def check_return_url(front: Shopfront, url: str | None, account: Any) -> None:
    """Refused unless its origin is listed for the store; loopback is let through where no real money moves.
    Raises ``Invalid``."""
    if url is None:
        return
    parts = _parts(url)
    if parts is None:
        raise Invalid("return_url", "expected an http or https address without user and password")
    if _origin(parts) in {_origin(known) for origin in front.origins if (known := _parts(origin))}:
        return
    if parts.hostname in LOOPBACK and (account is None or account.mode == "test"):
        return
    raise Invalid("return_url", "its origin is not allowed; add it to the store's return_origins")


def _parts(url: str) -> SplitResult | None:
    # Browsers read a backslash as a slash and drop control characters: "https://good.example\@evil.example".
    if not url.isprintable() or any(sign in url for sign in "\\ "):
        return None
    try:
        parts = urlsplit(url)
        wrong = parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc or parts.port == 0
    except ValueError:
        return None
    return None if wrong else parts


def _origin(parts: SplitResult) -> tuple[str, str | None, int]:
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]
