"""People who work in the admin: made, let in, locked out after wrong tries, changed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
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
from kartify.models import User, new_id, table

users = table(User)
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


def hasher() -> PasswordHasher:
    """Argon2id at the library's current defaults."""
    return PasswordHasher()


@lru_cache(maxsize=1)
def _nobody() -> str:
    """A hash to check against where there is no such user, so that the answer takes as long."""
    return hasher().hash("nobody has this password")


def check_password(password: str) -> str:
    """Raises ``Invalid``."""
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid("password", f"expected at least {SHORTEST_PASSWORD} characters")
    if len(password) > 1_000:
        raise Invalid("password", "expected at most 1000 characters")
    return password


def create_user(house: House, email: str, role: str, password: str) -> UUID:
    """Raises ``Invalid`` naming the field, ``Conflict`` where the e-mail is taken."""
    email = email.strip().lower()
    if not _MAIL.match(email):
        raise Invalid("email", "expected an e-mail address")
    _check_role(role)
    user_id = new_id()
    values = {
        "id": user_id, "email": email, "role": role, "password_hash": hasher().hash(check_password(password)),
        "created_at": clock.now(),
    }
    try:
        with house.database.write() as connection:
            connection.execute(insert(users).values(values))
    except IntegrityError:
        raise Conflict(f"there is a user {email} already") from None
    return user_id


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
    good = _matches(row["password_hash"] if row is not None and usable else _nobody(), password)
    if row is None or not usable:
        raise LoginRefused
    if not good:
        house.database.run(lambda connection: _count_wrong(connection, row["id"], at))
        raise LoginRefused
    values: dict[str, Any] = {"failed_logins": 0, "locked_until": None, "last_login_at": at}
    if hasher().check_needs_rehash(row["password_hash"]):
        values["password_hash"] = hasher().hash(password)
    let_in = update(users).where(users.c.id == row["id"]).values(values)
    house.database.run(lambda connection: connection.execute(let_in))
    return _member(row)


def _matches(stored: str, password: str) -> bool:
    try:
        return hasher().verify(stored, password)
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
    return Member(id=row["id"], email=row["email"], role=row["role"], epoch=row["epoch"], stores=stores)


def member(house: House, user_id: UUID, epoch: int) -> Member | None:
    """The user of a session; None where the account was switched off or its sessions were ended."""
    with house.database.read() as connection:
        row = connection.execute(_BY_ID, {"id": user_id}).mappings().first()
    if row is None or not row["active"] or row["epoch"] != epoch:
        return None
    return _member(row)


def set_user(
    house: House, user_id: UUID, *, by: str, role: str | None = None, active: bool | None = None
) -> None:
    """Changes role or access; every session of the user ends. The last active administrator stays one."""
    changes: dict[str, Any] = {}
    if role is not None:
        changes["role"] = _check_role(role)
    if active is not None:
        changes["active"] = active

    def work(connection: Connection) -> None:
        row = _locked(connection, user_id)
        after = {**row, **changes}
        if (row["role"], row["active"]) == ("admin", True) and (after["role"], after["active"]) != ("admin", True):
            _refuse_last_admin(connection)
        _change(connection, user_id, changes)
        told = ", ".join(f"{name} {row[name]} → {value}" for name, value in changes.items())
        text = f"{row['email']}: {told or 'sessions ended'}"
        audit.write(connection, audit.Act(by=by, action="user", subject=f"user:{user_id}", text=text))

    house.database.run(work)


def set_password(house: House, user_id: UUID, password: str, *, by: str) -> None:
    """A new password; the lock is opened and every session ends."""
    hashed = hasher().hash(check_password(password))

    def work(connection: Connection) -> None:
        row = _locked(connection, user_id)
        _change(connection, user_id, {"password_hash": hashed, "failed_logins": 0, "locked_until": None})
        text = f"{row['email']}: new password"
        audit.write(connection, audit.Act(by=by, action="user", subject=f"user:{user_id}", text=text))

    house.database.run(work)


def _change(connection: Connection, user_id: UUID, changes: dict[str, Any]) -> None:
    connection.execute(update(users).where(users.c.id == user_id).values(**changes, epoch=users.c.epoch + 1))


def _locked(connection: Connection, user_id: UUID) -> Any:
    row = connection.execute(_BY_ID.with_for_update(), {"id": user_id}).mappings().first()
    if row is None:
        raise NotFound("there is no such user")
    return row


def _refuse_last_admin(connection: Connection) -> None:
    """The administrators' rows are locked, so that two of them cannot remove one another at once."""
    admins = select(users.c.id).where(users.c.role == "admin", users.c.active).order_by(users.c.id).with_for_update()
    if len(connection.execute(admins).all()) <= 1:
        raise Conflict("this is the last active administrator: make another one first")

