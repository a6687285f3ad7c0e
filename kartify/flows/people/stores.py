"""Stores and accounts: made, changed, paused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from kartify import certificates, clock
from kartify.accounts import read_settings, secret_names
from kartify.domain.errors import Conflict, Invalid, NotFound
from kartify.domain.money import check_currency
from kartify.flows.ground import audit
from kartify.flows.lookups import runs
from kartify.flows.settling.policy import StorePolicy
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


def create_store(house: House, code: str, *, name: str, currency: str = "INR") -> UUID:
    if not _CODE.match(code):
        raise Invalid("code", "expected 1 to 32 of a-z, 0-9 and '-'")
    store_id = new_id()
    values = {
        "id": store_id, "code": code, "name": name, "currency": check_currency(currency), "policy": {},
        "return_origins": [], "created_at": clock.now(),
    }
    try:
        with house.database.write() as connection:
            connection.execute(insert(stores).values(values))
    except IntegrityError:
        raise Conflict(f"there is a store '{code}' already") from None
    return store_id


def set_store(house: House, code: str, changes: Mapping[str, str], *, by: str | None = None) -> dict[str, Any]:
    """Changes name, timezone, return_origins (comma separated) or any field of ``StorePolicy``. Raises ``Invalid``.

    ``by``: who, for the audit: a guard that someone switches off must be seen there.
    """
    with house.database.write() as connection:
        row = store_row(connection, code)
        own, policy = _split_store(changes, dict(row["policy"]))
        values = {**own, "policy": policy, "version": row["version"] + 1}
        connection.execute(update(stores).where(stores.c.id == row["id"]).values(values))
        if by is not None:
            told = ", ".join(f"{name}={value}" for name, value in changes.items())
            act = audit.Act(by=by, action="store", subject=f"store:{row['id']}", text=f"{code}: {told}")
            audit.write(connection, act)
    return values


def _split_store(changes: Mapping[str, str], policy: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    own: dict[str, Any] = {}
    for name, value in changes.items():
        if name in ("name", "timezone"):
            own[name] = value
        elif name == "return_origins":
            own[name] = [origin.strip().rstrip("/") for origin in value.split(",") if origin.strip()]
        elif name in StorePolicy.model_fields:
            policy[name] = value
        else:
            known = ", ".join(["name", "timezone", "return_origins", *StorePolicy.model_fields])
            raise Invalid(name, f"expected one of {known}")
    try:
        return own, StorePolicy.model_validate(policy).model_dump(mode="json", exclude_defaults=True)
    except ValidationError as problem:
        raise _invalid(problem) from None


def _invalid(problem: ValidationError) -> Invalid:
    """The first error, naming the field; never the value, which may be a secret."""
    first = problem.errors(include_input=False, include_url=False)[0]
    return Invalid(".".join(str(part) for part in first["loc"]) or "settings", first["msg"])


def validate(kind: type[Partner], values: Mapping[str, Any]) -> PartnerSettings:
    """Raises ``Invalid`` naming the field."""
    try:
        return read_settings(kind, dict(values), {})
    except ValidationError as problem:
        raise _invalid(problem) from None


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
        **stored_settings(house, kind, settings),
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


def stored_settings(house: House, kind: type[Partner], settings: PartnerSettings) -> dict[str, Any]:
    """The columns ``settings`` (plain) and ``secrets`` (sealed)."""
    names = secret_names(kind)
    plain = settings.model_dump(mode="json", exclude=set(names), exclude_none=True)
    secrets = {name: text for name in names if (text := settings.secret(name))}
    return {"settings": plain, "secrets": house.vault.seal(secrets)}


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


def set_account(house: House, account_id: UUID, changes: Mapping[str, Any]) -> None:
    """New settings of an account; an empty text takes an optional one away. Identity and mode cannot change while
    payments refer to them. Raises ``Invalid``, ``Conflict``."""
    with house.database.write() as connection:
        row = _account_row(connection, account_id)
        kind = _partner(house, row["slug"])
        known = {**row["settings"], **house.vault.open(row["secrets"]), **changes}
        settings = validate(kind, {name: value for name, value in known.items() if value != ""})
        _same_merchant(connection, row, settings)
        values = {
            **stored_settings(house, kind, settings), "identity": settings.identity(), "mode": settings.mode(),
            "version": row["version"] + 1,
        }
        connection.execute(update(accounts).where(accounts.c.id == account_id).values(values))
        if delivery := _delivery(kind(settings)):
            connection.execute(update(links).where(links.c.account_id == account_id).values(delivery))
        _keep_cron(connection, kind(settings), account_id)
    house.accounts.forget()


def _keep_cron(connection: Connection, partner: Partner, account_id: UUID) -> None:
    """Settings may switch on what a cron is needed for; one that is there keeps its schedule."""
    known = connection.execute(select(crons.c.id).where(crons.c.account_id == account_id)).first()
    if known is None and (cron := _cron(partner, account_id, clock.now())) is not None:
        connection.execute(insert(crons).values(cron))


def _account_row(connection: Connection, account_id: UUID) -> Any:
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
        _account_row(connection, account_id)
        connection.execute(update(accounts).where(accounts.c.id == account_id).values(values))
    house.accounts.forget()
