"""API keys: made once, shown once, kept as a digest. A key opens one store, for one scope."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection, bindparam, insert, select, update

from kartify import clock
from kartify.domain.errors import KartifyError, NotFound
from kartify.flows.ground import audit
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


def create_key(house: House, store: str, scope: Scope, *, label: str | None = None, by: str | None = None) -> str:
    """The whole key; it can be read this once only. ``by``: who makes it, for the audit."""
    key, key_id = f"kf_{scope}_{secrets.token_urlsafe(32)}", new_id()
    prefix = _prefix(key) or ""
    with house.database.write() as connection:
        connection.execute(
            insert(keys).values(
                id=key_id, store_id=store_row(connection, store)["id"], scope=scope, prefix=prefix,
                digest=_digest(key), label=label, created_at=clock.now(),
            )
        )
        if by is not None:
            told = f", {label}" if label else ""
            _audited(connection, key_id, by, "make API key", f"{prefix}… for {scope} of {store}{told}")
    return key


def revoke_key(house: House, prefix: str, *, by: str | None = None, reason: str = "") -> None:
    """By the visible prefix. Raises ``NotFound`` where no such key is in use."""
    mine = update(keys).where(keys.c.prefix == prefix, keys.c.revoked_at.is_(None))
    with house.database.write() as connection:
        revoked = connection.execute(mine.values(revoked_at=clock.now()).returning(keys.c.id)).scalar()
        if revoked is None:
            raise NotFound(f"no key in use begins with {prefix}")
        if by is not None:
            _audited(connection, revoked, by, "revoke API key", f"{prefix}…{f': {reason}' if reason else ''}")


def _audited(connection: Connection, key_id: UUID, by: str, action: str, text: str) -> None:
    """Only the visible beginning of a key is ever written down."""
    audit.write(connection, audit.Act(by=by, action=action, subject=f"key:{key_id}", text=text))


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
