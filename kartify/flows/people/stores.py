"""Stores and accounts: made, changed, paused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from kartify import certificates, clock
from kartify.domain.errors import Conflict, Invalid, NotFound
from kartify.domain.money import check_currency
from kartify.flows.ground import audit
from kartify.flows.lookups import runs
from kartify.flows.people import account_settings, store_values
from kartify.flows.people.account_settings import Stale, validate
from kartify.house import House
from kartify.models import Account, Cron, Payment, Store, StoreAccount, new_id, table
from kartify.plugin.gateway import Gateway
from kartify.plugin.oms import Oms
from kartify.plugin.partner import Partner, PartnerSettings

stores, accounts, links = table(Store), table(Account), table(StoreAccount)
crons, payments = table(Cron), table(Payment)
_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,31}\Z")


def store_row(connection: Connection, code: str) -> Any:
    """Raises ``NotFound`` naming the store."""
    row = connection.execute(select(stores).where(stores.c.code == code)).mappings().first()
    if row is None:
        raise NotFound(f"there is no store '{code}'")
    return row


def create_store(
    house: House, code: str, *, name: str, currency: str = "INR", timezone: str = store_values.ZONE
) -> UUID:
    if not _CODE.match(code):
        raise Invalid("code", "expected 1 to 32 of a-z, 0-9 and '-'")
    store_id = new_id()
    values = {
        "id": store_id, "code": code, "name": store_values.name_of(name), "currency": check_currency(currency),
        "policy": {}, "timezone": store_values.zone_of(timezone), "return_origins": [], "created_at": clock.now(),
    }
    try:
        with house.database.write() as connection:
            connection.execute(insert(stores).values(values))
    except IntegrityError:
        raise Conflict(f"there is a store '{code}' already") from None
    return store_id


def set_store(
    house: House, code: str, changes: Mapping[str, str], *, by: str | None = None, version: int | None = None
) -> dict[str, Any]:
    """Changes name, timezone, return_origins (comma separated) or any field of ``StorePolicy``. Raises ``Invalid``.

    ``by``: who, for the audit: a guard that someone switches off must be seen there. ``version``: that the form showed;
    raises ``Stale`` when it is another by now.
    """
    with house.database.write() as connection:
        row = store_row(connection, code)
        own, policy = store_values.split(changes, dict(row["policy"]))
        values = {**own, "policy": policy, "version": row["version"] + 1}
        _guarded(connection, stores, row, values, version)
        if by is not None:
            told = ", ".join(f"{name}={value}" for name, value in changes.items())
            act = audit.Act(by=by, action="store", subject=f"store:{row['id']}", text=f"{code}: {told}")
            audit.write(connection, act)
    return values


def _guarded(connection: Connection, target: Table, row: Any, values: Mapping[str, Any], version: int | None) -> None:
    """Saves on the version that was read, and on no other. Raises ``Stale``."""
    same = (target.c.id == row["id"]) & (target.c.version == row["version"])
    if version not in (None, row["version"]) or connection.execute(
        update(target).where(same).values(values)
    ).rowcount != 1:
        raise Stale("somebody else saved meanwhile, so nothing was changed")


def _partner(house: House, slug: str) -> type[Partner]:
    kind = house.registry.partner(slug)
    if kind is None:
        known = ", ".join(sorted(house.registry.partners)) or "none"
        raise NotFound(f"no plugin '{slug}' is installed; there are: {known}")
    return kind


def add_account(
    house: House, store: str, slug: str, values: Mapping[str, Any], *, label: str | None = None, test: bool = False,
    uncertified: audit.Act | None = None,
) -> UUID:
    """A new account of a store. One merchant and mode is one account: another store links to it instead.

    ``test``: refuse settings that move real money. ``uncertified``: who takes a live account of a gateway plugin
    without a certificate upon himself, and why. Raises ``Invalid``, ``Conflict``, ``NotFound``.
    """
    kind = _partner(house, slug)
    settings = validate(kind, values)
    if test and settings.mode() != "test":
        raise Invalid("mode", "these settings move real money; leave --test away if that is meant")
    _certified(kind, settings, uncertified)
    now = clock.now()
    account_id = new_id()
    row = {
        "id": account_id, "kind": kind.kind, "slug": kind.slug, "label": label or kind.name, "mode": settings.mode(),
        "identity": settings.identity(), "state": "active", "created_at": now,
        **account_settings.stored(house, kind, settings),
    }
    try:
        with house.database.write() as connection:
            found = store_row(connection, store)
            _refuse_second(connection, row)
            connection.execute(insert(accounts).values(row))
            _link(connection, found["id"], account_id, kind(settings), at=now)
            _keep_cron(connection, kind(settings), account_id)
            if uncertified is not None:
                audit.write(connection, replace(uncertified, subject=f"account:{account_id}"))
    except IntegrityError:
        raise Conflict("this account or a second active OMS of this store is there already") from None
    house.accounts.forget()
    return account_id


def _certified(kind: type[Partner], settings: PartnerSettings, uncertified: audit.Act | None) -> None:
    """Real money goes through a plugin that has passed the kit as it is now, or through one that an admin answers
    for."""
    if uncertified is not None or settings.mode() != "live" or not issubclass(kind, Gateway):
        return
    standing, _ = certificates.standing(kind)
    if standing != "certified":
        raise Conflict(
            f"the plugin '{kind.slug}' is {standing}, and this account moves real money: run 'kartify plugins certify "
            f"{kind.slug}', or take it upon yourself with --uncertified-because"
        )


def _refuse_second(connection: Connection, row: Mapping[str, Any]) -> None:
    same = (accounts.c.slug == row["slug"]) & (accounts.c.identity == row["identity"])
    known = connection.execute(select(accounts.c.id).where(same, accounts.c.mode == row["mode"])).scalar()
    if known:
        raise Conflict(
            f"account {known} is this merchant in mode {row['mode']} already; link it to the store instead "
            f"(kartify account link STORE {known})"
        )


def _cron(partner: Partner, account_id: UUID, now: datetime) -> dict[str, Any] | None:
    """A gateway is asked for payments, an OMS that can be asked for news."""
    if isinstance(partner, Gateway):
        name, every = runs.LOOKUP, partner.plan.interval
    elif isinstance(partner, Oms) and partner.can.poll:
        name, every = runs.NEWS, partner.poll_every
    else:
        return None
    return {
        "id": new_id(), "name": name, "account_id": account_id, "schedule": f"every {every}",
        "next_at": now + timedelta(seconds=every),
    }


def _link(connection: Connection, store_id: UUID, account_id: UUID, partner: Partner, *, at: datetime) -> None:
    if isinstance(partner, Oms):
        # Old orders keep their destination (their delivery rows name it); new ones go to the new OMS.
        connection.execute(
            update(links).where(links.c.store_id == store_id, links.c.kind == "oms").values(active=False)
        )
    values = {"store_id": store_id, "account_id": account_id, "kind": partner.kind, "active": True, "added_at": at}
    connection.execute(insert(links).values({**values, **_delivery(partner)}))


def _delivery(partner: Partner) -> dict[str, Any]:
    if not isinstance(partner, Oms):
        return {}
    return {"delivery": partner.delivery_kind(), "push_unpaid": partner.pushes_unpaid()}


def link_account(house: House, store: str, account_id: UUID) -> None:
    """Lets one more store use an account."""
    loaded = house.accounts.get(account_id, fresh=True)
    if loaded.partner is None:
        raise Conflict(loaded.problem or "this account cannot be used")
    try:
        with house.database.write() as connection:
            _link(connection, store_row(connection, store)["id"], account_id, loaded.partner, at=clock.now())
    except IntegrityError:
        raise Conflict("this store uses the account already") from None


def set_account(
    house: House, account_id: UUID, changes: Mapping[str, Any], *, by: str | None = None, version: int | None = None
) -> list[str]:
    """New settings of an account; an empty text takes an optional one away. Gives the names of what is different now.

    Identity and mode cannot change while payments refer to them. ``by``: who, for the audit; ``version`` as in
    ``set_store``. Raises ``BadSettings``, ``Conflict``.
    """
    act = audit.Act(by=by, action="account settings", subject="", text="") if by is not None else None
    return change_account(house, account_id, lambda _: changes, act=act, version=version)


def change_account(
    house: House, account_id: UUID, make: Callable[[Mapping[str, Any]], Mapping[str, Any]], *,
    act: audit.Act | None = None, version: int | None = None,
) -> list[str]:
    """The same, where the changes depend on what is stored. The audit names the fields, never what is in them."""
    with house.database.write() as connection:
        row = account_row(connection, account_id)
        kind = _partner(house, row["slug"])
        known = {**row["settings"], **house.vault.open(row["secrets"])}
        changes = make(known)
        away = {name for name, value in changes.items() if value == ""}
        settings = validate(kind, {name: value for name, value in {**known, **changes}.items() if name not in away})
        _same_merchant(connection, row, settings)
        if settings.mode() != row["mode"]:
            _certified(kind, settings, None)
        values = {
            **account_settings.stored(house, kind, settings), "identity": settings.identity(),
            "mode": settings.mode(), "version": row["version"] + 1,
        }
        _guarded(connection, accounts, row, values, version)
        if delivery := _delivery(kind(settings)):
            connection.execute(update(links).where(links.c.account_id == account_id).values(delivery))
        _keep_cron(connection, kind(settings), account_id)
        names = account_settings.different(kind, known, settings)
        if act is not None:
            _told(connection, replace(act, subject=f"account:{account_id}"), names)
    house.accounts.forget()
    return names


def _told(connection: Connection, act: audit.Act, names: list[str]) -> None:
    text = " ".join(part for part in (act.text, f"changed: {', '.join(names) or 'nothing'}") if part)
    audit.write(connection, replace(act, text=text, data={**(act.data or {}), "fields": names}))


def _keep_cron(connection: Connection, partner: Partner, account_id: UUID) -> None:
    """Settings may switch on what a cron is needed for; one that is there keeps its schedule."""
    known = connection.execute(select(crons.c.id).where(crons.c.account_id == account_id)).first()
    if known is None and (cron := _cron(partner, account_id, clock.now())) is not None:
        connection.execute(insert(crons).values(cron))


def account_row(connection: Connection, account_id: UUID) -> Any:
    found = select(accounts).where(accounts.c.id == bindparam("account_id"))
    row = connection.execute(found, {"account_id": account_id}).mappings().first()
    if row is None:
        raise NotFound(f"there is no account {account_id}")
    return row


def _same_merchant(connection: Connection, row: Any, settings: PartnerSettings) -> None:
    if (settings.identity(), settings.mode()) == (row["identity"], row["mode"]):
        return
    used = select(payments.c.id).where(payments.c.account_id == row["id"]).limit(1)
    if connection.execute(used).first() is not None:
        raise Conflict("these settings are of another merchant or mode, and this account has payments: add a new one")


def pause_account(house: House, account_id: UUID, *, by: str, reason: str) -> None:
    """No more calls to this partner; what reaches us is still taken."""
    _set_state(house, account_id, state="paused", state_by=by, state_reason=reason)


def resume_account(house: House, account_id: UUID, *, by: str) -> None:
    _set_state(house, account_id, state="active", state_by=by, state_reason=None, paused_until=None, failures=0)


def _set_state(house: House, account_id: UUID, **values: Any) -> None:
    with house.database.write() as connection:
        account_row(connection, account_id)
        connection.execute(update(accounts).where(accounts.c.id == account_id).values(values))
    house.accounts.forget()
