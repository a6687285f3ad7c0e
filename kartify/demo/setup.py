"""The demo's stores, accounts, people and keys: made once; a later start only says where the simulators are now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, select

from kartify.demo import people
from kartify.domain.errors import NotFound
from kartify.flows.people import keys, stores, users
from kartify.flows.people.keys import Scope, Unauthorized
from kartify.house import House
from kartify.models import Account, Store, StoreAccount, table
from kartify.plugin.simulator import SimulatorOptions
from kartify.stack.places import kept_secret

SHOP: Final = "demo"
FYND_SHOP: Final = "demo-fynd"
# So that the clock's conclusions can be watched.
POLICY: Final = {"failed_after_minutes": "1"}
GATEWAYS_SHOP: Final = "demo-gateways"
ACCOUNTS: Final = {SHOP: ("sandbox", "sandbox-oms"), FYND_SHOP: ("sandbox", "fynd")}
NAMES: Final = {SHOP: "Chandni Bazaar", FYND_SHOP: "Chandni Bazaar at FYND",
                GATEWAYS_SHOP: "Chandni Bazaar, every gateway"}
_stores, _accounts, _links = table(Store), table(Account), table(StoreAccount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """``keys``: the storefront key of each store. ``accounts``: by slug. ``logins``: passwords by e-mail."""

    urls: Mapping[str, str]
    accounts: Mapping[str, UUID]
    keys: Mapping[str, str]
    logins: Mapping[str, str]


def prepare(house: House, home: Path, urls: Mapping[str, str]) -> Demo:
    """``urls``: where each simulator is, by slug. With more of them than the story needs there is a store for them."""
    accounts: dict[str, UUID] = {}
    wanted = wanted_by(urls)
    for code, slugs in wanted.items():
        _store(house, code, NAMES[code])
        for slug in slugs:
            accounts[slug] = _account(house, code, slug, urls[slug])
    return Demo(
        urls=urls,
        accounts=accounts,
        keys={code: _key(house, home, code, "storefront") for code in wanted},
        logins=dict(people.login(house, home, role) for role in reversed(users.ROLES)),
    )


def wanted_by(urls: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The accounts of each store, by slug."""
    told = {slug for slugs in ACCOUNTS.values() for slug in slugs}
    others = tuple(slug for slug in urls if slug not in told)
    return {**ACCOUNTS, **({GATEWAYS_SHOP: ("sandbox", *others, "sandbox-oms")} if others else {})}


def _store(house: House, code: str, name: str) -> None:
    try:
        with house.database.read() as connection:
            stores.store_row(connection, code)
    except NotFound:
        stores.create_store(house, code, name=name)
        stores.set_store(house, code, POLICY)


def settings_of(house: House, slug: str, url: str) -> dict[str, Any]:
    """What an account needs to talk to the simulator at that address."""
    return dict(house.registry.simulators[slug](SimulatorOptions(base_url=url)).settings())


def _account(house: House, code: str, slug: str, url: str) -> UUID:
    """The store's account of that plugin: known, or another demo store's, or new."""
    wanted = settings_of(house, slug, url)
    with house.database.read() as connection:
        store_id = stores.store_row(connection, code)["id"]
        known = _known(connection, slug, store_id)
        of_others = known or _known(connection, slug, None)
    if of_others is None:
        return stores.add_account(house, code, slug, wanted, test=True)
    if of_others["settings"].get("api_base") != url:
        stores.set_account(house, of_others["id"], wanted)
    if known is None:
        stores.link_account(house, code, of_others["id"])
    return UUID(str(of_others["id"]))


def _known(connection: Any, slug: str, store_id: UUID | None) -> Any:
    """An account of this plugin that a store of the demo uses."""
    joined = _accounts.join(_links, _links.c.account_id == _accounts.c.id).join(
        _stores, and_(_stores.c.id == _links.c.store_id, _stores.c.code.in_(list(NAMES)))
    )
    found = select(_accounts).select_from(joined).where(_accounts.c.slug == slug)
    if store_id is not None:
        found = found.where(_links.c.store_id == store_id)
    return connection.execute(found).mappings().first()


def _key(house: House, home: Path, code: str, scope: Scope) -> str:
    """A key of the home's; a new one where the database does not know it."""
    file = home / f"{code}_{scope}_key"
    found = kept_secret(file, lambda: keys.create_key(house, code, scope, label=f"{code} {scope}"))
    try:
        keys.authenticate(house, f"Bearer {found}", scope)
    except Unauthorized:
        file.unlink()
        return _key(house, home, code, scope)
    return found
