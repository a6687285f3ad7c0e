"""Who may do what: four roles, a handful of permissions. Pure."""

from __future__ import annotations

from enum import StrEnum
from functools import reduce

from flask_babel import gettext

from kartify.languages import translated


class Permission(StrEnum):
    READ = "read"
    PERSONAL = "see personal data"
    WORK = "work on orders"
    ATTEND = "look after exceptions"
    CASES = "decide about money"
    REVEAL = "see raw messages"
    MANAGE = "manage schedules, accounts and users"


_READING = frozenset({Permission.READ})
ROLES: dict[str, frozenset[Permission]] = {
    "viewer": _READING,
    "support": _READING | {Permission.PERSONAL, Permission.WORK, Permission.ATTEND},
    "finance": _READING | {Permission.PERSONAL, Permission.CASES, Permission.ATTEND, Permission.REVEAL},
    "admin": frozenset(Permission),
}


def allows(role: str, needed: Permission) -> bool:
    return needed in ROLES.get(role, frozenset())


def who_may(needed: Permission) -> str:
    """The roles that may, for the page that says no."""
    roles = (translated(role) for role, granted in ROLES.items() if needed in granted)
    return reduce(lambda one, other: gettext("%(one)s or %(other)s", one=one, other=other), roles)
