"""People who work in the admin: made, let in, locked out after wrong tries, changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from types import EllipsisType
from typing import Any, Final
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from kartify import clock
from kartify.domain.errors import Conflict, Invalid, KartifyError, NotFound
from kartify.flows.ground import audit
from kartify.house import House
from kartify.models import AuditEntry, Store, User, new_id, table

users, stores_table, trail = table(User), table(Store), table(AuditEntry)
ROLES: Final = ("viewer", "support", "finance", "admin")
SHORTEST_PASSWORD: Final = 8
TRIES_BEFORE_LOCK: Final = 5
FIRST_LOCK, LONGEST_LOCK = timedelta(minutes=1), timedelta(minutes=30)
_MAIL = re.compile(r"[^@\s]{1,100}@[^@\s]{1,99}\Z")


class LoginRefused(KartifyError):
    """One sentence for every reason, so that nobody learns which e-mail addresses have an account."""

    def __init__(self) -> None:
        super().__init__(
            "E-mail or password is wrong. After several wrong tries an account rests for some minutes; "
            "an administrator can set a new password."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A user as the edges know one. A session is good while its ``epoch`` is the stored one.

    ``stores``: codes of the stores that the user may see; None is all of them.
    """

    id: UUID
    email: str
    role: str
    epoch: int
    stores: tuple[str, ...] | None = None
    active: bool = True


@lru_cache(maxsize=1)
def _nobody(hasher: PasswordHasher) -> str:
    """A hash to check against where there is no such user, so that the answer takes as long."""
    return hasher.hash("nobody has this password")


def check_password(password: str) -> str:
    """Raises ``Invalid``."""
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid("password", f"expected at least {SHORTEST_PASSWORD} characters")
    if len(password) > 1_000:
        raise Invalid("password", "expected at most 1000 characters")
    return password


def create_user(
    house: House, email: str, role: str, password: str, *, stores: Sequence[str] | None = None, by: str | None = None
) -> UUID:
    """``stores``: codes of those that the user may see; None is all. ``by``: who makes it, for the audit.

    Raises ``Invalid`` naming the field, ``Conflict`` where the e-mail is taken.
    """
    email = email.strip().lower()
    if not _MAIL.match(email):
        raise Invalid("email", "expected an e-mail address")
    _check_role(role)
    user_id = new_id()
    values = {
        "id": user_id, "email": email, "role": role, "password_hash": house.passwords.hash(check_password(password)),
        "created_at": clock.now(),
    }
    try:
        with house.database.write() as connection:
            connection.execute(insert(users).values(**values, stores=_check_stores(connection, stores)))
            if by is not None:
                _audited(connection, user_id, by, f"{email}: made, role {role}, {stores_in_words(stores)}")
    except IntegrityError:
        raise Conflict(f"there is a user {email} already") from None
    return user_id


def stores_in_words(codes: Sequence[str] | None) -> str:
    if codes is None:
        return "all stores"
    return f"store{'' if len(codes) == 1 else 's'} {', '.join(codes)}"


def _check_stores(connection: Connection, codes: Sequence[str] | None) -> list[str] | None:
    """Raises ``Invalid``."""
    if codes is None:
        return None
    known = set(connection.execute(select(stores_table.c.code).where(stores_table.c.code.in_(codes))).scalars())
    unknown = [code for code in codes if code not in known]
    if unknown or not codes:
        told = f"there is no store '{unknown[0]}'" if unknown else "expected at least one store, or all of them"
        raise Invalid("stores", told)
    return sorted(known)


def _check_role(role: str) -> str:
    if role not in ROLES:
        raise Invalid("role", f"expected one of {', '.join(ROLES)}")
    return role


_BY_MAIL = select(users).where(users.c.email == bindparam("email"))
_BY_ID = select(users).where(users.c.id == bindparam("id"))


def authenticate(house: House, email: str, password: str) -> Member:
    """Raises ``LoginRefused``. The password is checked outside any transaction; every wrong one counts."""
    at = clock.now()
    with house.database.read() as connection:
        row = connection.execute(_BY_MAIL, {"email": email.strip().lower()}).mappings().first()
    usable = row is not None and row["active"] and (row["locked_until"] is None or row["locked_until"] <= at)
    hasher = house.passwords
    good = _matches(hasher, row["password_hash"] if row is not None and usable else _nobody(hasher), password)
    if row is None or not usable:
        raise LoginRefused
    if not good:
        house.database.run(lambda connection: _count_wrong(connection, row["id"], at))
        raise LoginRefused
    values: dict[str, Any] = {"failed_logins": 0, "locked_until": None, "last_login_at": at}
    if hasher.check_needs_rehash(row["password_hash"]):
        values["password_hash"] = hasher.hash(password)
    let_in = update(users).where(users.c.id == row["id"]).values(values)
    house.database.run(lambda connection: connection.execute(let_in))
    return _member(row)


def find(house: House, email: str) -> Member | None:
    """By e-mail, switched off or not."""
    with house.database.read() as connection:
        row = connection.execute(_BY_MAIL, {"email": email.strip().lower()}).mappings().first()
    return _member(row) if row is not None else None


def _matches(hasher: PasswordHasher, stored: str, password: str) -> bool:
    try:
        return hasher.verify(stored, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def _count_wrong(connection: Connection, user_id: UUID, at: datetime) -> None:
    """From the fifth wrong try on the account rests, twice as long each time."""
    failed = connection.execute(
        update(users).where(users.c.id == user_id).values(failed_logins=users.c.failed_logins + 1)
        .returning(users.c.failed_logins)
    ).scalar_one()
    if failed >= TRIES_BEFORE_LOCK:
        rest = min(LONGEST_LOCK, FIRST_LOCK * 2 ** min(failed - TRIES_BEFORE_LOCK, 10))
        connection.execute(update(users).where(users.c.id == user_id).values(locked_until=at + rest))


def _member(row: Any) -> Member:
    stores = None if row["stores"] is None else tuple(row["stores"])
    return Member(id=row["id"], email=row["email"], role=row["role"], epoch=row["epoch"], stores=stores,
                  active=row["active"])


def member(house: House, user_id: UUID, epoch: int) -> Member | None:
    """The user of a session; None where the account was switched off or its sessions were ended."""
    with house.database.read() as connection:
        row = connection.execute(_BY_ID, {"id": user_id}).mappings().first()
    if row is None or not row["active"] or row["epoch"] != epoch:
        return None
    return _member(row)


def set_user(
    house: House, user_id: UUID, *, by: str, role: str | None = None, active: bool | None = None,
    stores: Sequence[str] | EllipsisType | None = ..., epoch: int | None = None,
) -> None:
    """Changes role, access or stores (None is all); every session of the user ends. The last active administrator of
    all stores stays one, and nobody takes an own right away.

    ``epoch``: as the form had it; a user who was changed since is refused (``Conflict``).
    """

    def work(connection: Connection) -> None:
        row = _locked(connection, user_id, epoch)
        changes: dict[str, Any] = {"role": _check_role(role)} if role is not None else {}
        if active is not None:
            changes["active"] = active
        if not isinstance(stores, EllipsisType):
            changes["stores"] = _check_stores(connection, stores)
        _keep_administrators(connection, row, {**row, **changes}, by)
        _change(connection, user_id, changes)
        told = ", ".join(f"{name} {_said(name, row[name])} → {_said(name, value)}" for name, value in changes.items())
        _audited(connection, user_id, by, f"{row['email']}: {told or 'sessions ended'}")

    house.database.run(work)


def _said(name: str, value: Any) -> str:
    return stores_in_words(value) if name == "stores" else str(value)


def _audited(connection: Connection, user_id: UUID, by: str, text: str) -> None:
    audit.write(connection, audit.Act(by=by, action="user", subject=f"user:{user_id}", text=text))


def set_password(house: House, user_id: UUID, password: str, *, by: str, epoch: int | None = None) -> None:
    """A new password; the lock is opened and every session ends."""
    hashed = house.passwords.hash(check_password(password))

    def work(connection: Connection) -> None:
        row = _locked(connection, user_id, epoch)
        _change(connection, user_id, {"password_hash": hashed, "failed_logins": 0, "locked_until": None})
        _audited(connection, user_id, by, f"{row['email']}: new password")

    house.database.run(work)


def _change(connection: Connection, user_id: UUID, changes: dict[str, Any]) -> None:
    connection.execute(update(users).where(users.c.id == user_id).values(**changes, epoch=users.c.epoch + 1))


def _locked(connection: Connection, user_id: UUID, epoch: int | None) -> Any:
    row = connection.execute(_BY_ID.with_for_update(), {"id": user_id}).mappings().first()
    if row is None:
        raise NotFound("there is no such user")
    if epoch is not None and row["epoch"] != epoch:
        last = _last(connection, row)
        raise Conflict(f"nothing was changed: someone else was here since this page was opened ({last})")
    return row


def _last(connection: Connection, row: Any) -> str:
    """What was done to a user last, and by whom."""
    newest = select(trail).where(trail.c.subject == f"user:{row['id']}", trail.c.action == "user")
    found = connection.execute(newest.order_by(trail.c.id.desc()).limit(1)).mappings().first()
    return f"{found['text']}, by {found['by']}" if found else "it is not known who"


def _full(row: Any) -> bool:
    return (row["role"], row["active"], row["stores"]) == ("admin", True, None)


def _keep_administrators(connection: Connection, before: Any, after: Any, by: str) -> None:
    """The administrators' rows are locked, so that two of them cannot remove one another at once."""
    if not _full(before) or _full(after):
        return
    full = select(users.c.id).where(users.c.role == "admin", users.c.active, users.c.stores.is_(None))
    if len(connection.execute(full.order_by(users.c.id).with_for_update()).all()) <= 1:
        raise Conflict("this is the last active administrator of all stores: make another one first")
    if by == before["email"]:
        raise Conflict("that is you: ask another administrator")
