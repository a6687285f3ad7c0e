"""API keys: made once, shown once, kept as a digest. A key opens one store, for one scope."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update

from kartify import clock
from kartify.domain.errors import KartifyError, NotFound
from kartify.flows.people.stores import store_row
from kartify.house import House
from kartify.models import ApiKey, Store, new_id, table

Scope = Literal["storefront", "oms"]
keys, stores = table(ApiKey), table(Store)
_KEY = re.compile(r"(kf_(?:storefront|oms)_[A-Za-z0-9_-]{10})[A-Za-z0-9_-]{33}\Z", re.ASCII)


class Unauthorized(KartifyError):
    """No key, or one that opens nothing."""


class Forbidden(KartifyError):
    """A good key, for something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls: a store's key. ``name`` is what the timeline shows."""

    store_id: UUID
    store: str
    scope: str
    name: str


def create_key(house: House, store: str, scope: Scope, *, label: str | None = None) -> str:
    """The whole key; it can be read this once only."""
    key = f"kf_{scope}_{secrets.token_urlsafe(32)}"
    with house.database.write() as connection:
        connection.execute(
            insert(keys).values(
                id=new_id(), store_id=store_row(connection, store)["id"], scope=scope, prefix=_prefix(key),
                digest=_digest(key), label=label, created_at=clock.now(),
            )
        )
    return key


def revoke_key(house: House, prefix: str) -> None:
    """By the visible prefix. Raises ``NotFound`` where no such key is in use."""
    statement = update(keys).where(keys.c.prefix == prefix, keys.c.revoked_at.is_(None)).values(revoked_at=clock.now())
    with house.database.write() as connection:
        if connection.execute(statement).rowcount != 1:
            raise NotFound(f"no key in use begins with {prefix}")


_BY_PREFIX = (
    select(keys.c.store_id, keys.c.scope, keys.c.digest, keys.c.prefix, keys.c.label, stores.c.code)
    .select_from(keys.join(stores, stores.c.id == keys.c.store_id))
    .where(keys.c.prefix == bindparam("b_prefix"), keys.c.revoked_at.is_(None))
)


def authenticate(house: House, header: str, scope: Scope) -> Caller:
    """Whose key an Authorization header holds. Raises ``Unauthorized``, ``Forbidden``."""
    kind, _, key = header.partition(" ")
    if kind.lower() != "bearer" or not key:
        raise Unauthorized("send the key as 'Authorization: Bearer <api key>'")
    prefix = _prefix(key.strip())
    with house.database.read() as connection:
        row = connection.execute(_BY_PREFIX, {"b_prefix": prefix}).first() if prefix else None
    if row is None or not hmac.compare_digest(row.digest, _digest(key.strip())):
        raise Unauthorized("this key opens nothing")
    if row.scope != scope:
        raise Forbidden(f"this key is of scope {row.scope}; this call needs {scope}")
    return Caller(store_id=row.store_id, store=row.code, scope=row.scope, name=row.label or row.prefix)


def _prefix(key: str) -> str | None:
    found = _KEY.match(key)
    return found.group(1) if found else None


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
