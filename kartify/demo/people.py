"""Who may log in to the embedded admin: made once, their passwords kept in the home for its owner alone."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path

from sqlalchemy import func, select

from kartify.domain.errors import Conflict
from kartify.flows.people import users
from kartify.house import House
from kartify.models import User, table
from kartify.stack.places import kept_secret

ADMIN = "admin@kartify.example"


def first_admin(house: House, home: Path) -> dict[str, str]:
    """E-mail and password of the administrator that a new database gets; empty where people made their own."""
    with house.database.read() as connection:
        known = connection.execute(select(func.count()).select_from(table(User))).scalar_one()
    if known and not _file(home, "admin").exists():
        return {}
    return dict([login(house, home, "admin")])


def login(house: House, home: Path, role: str) -> tuple[str, str]:
    """The e-mail and the first password of the role's user."""
    email = f"{role}@{ADMIN.partition('@')[2]}"
    password = kept_secret(_file(home, role), lambda: secrets.token_urlsafe(9))
    with suppress(Conflict):
        users.create_user(house, email, role, password)
    return email, password


def _file(home: Path, role: str) -> Path:
    return home / f"{role}_password"
