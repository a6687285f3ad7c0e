"""Who is signed in: Flask-Login with a session that ends when the user's epoch moves on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from flask import Flask
from flask_login import LoginManager, current_user

from kartify.admin.frame.permissions import Permission, allows
from kartify.flows.people import users
from kartify.house import House

LASTS = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Person:
    """The signed-in user, in the shape that Flask-Login asks for."""

    id: UUID
    email: str
    role: str
    epoch: int
    stores: tuple[str, ...] | None = None
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        return f"{self.id}:{self.epoch}"

    def may(self, needed: Permission) -> bool:
        return allows(self.role, needed)

    @property
    def personal(self) -> bool:
        return self.may(Permission.PERSONAL)


def person_of(member: users.Member) -> Person:
    return Person(
        id=member.id, email=member.email, role=member.role, epoch=member.epoch, stores=member.stores
    )


def current() -> Person | None:
    """Whoever is signed in, or nobody."""
    found = current_user._get_current_object()
    return found if isinstance(found, Person) else None


def init_sessions(app: Flask, house: House) -> None:
    """Cookies that scripts cannot read, that no other site's form brings, and that travel under /admin only."""
    app.config.update(
        SESSION_COOKIE_NAME="kartify",
        SESSION_COOKIE_PATH="/admin",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=house.public_url.startswith("https://"),
        PERMANENT_SESSION_LIFETIME=LASTS,
    )
    manager = LoginManager()
    manager.user_loader(lambda stored: _load(house, stored))
    manager.init_app(app, add_context_processor=False)


def _load(house: House, stored: str) -> Person | None:
    user_id, _, epoch = stored.partition(":")
    try:
        member = users.member(house, UUID(user_id), int(epoch))
    except ValueError:
        return None
    return person_of(member) if member else None
