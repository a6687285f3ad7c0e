"""Users, API keys, and the audit of what people did."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, text, true
from sqlalchemy.orm import Mapped, mapped_column

from kartify.models.base import Base, Code, Id, Json, Long, Moment, Name, Word


class User(Base):
    __tablename__ = "users"
    __table_args__ = (CheckConstraint("role IN ('viewer', 'support', 'finance', 'admin')", name="role"),)

    id: Mapped[Id]
    email: Mapped[Name] = mapped_column(unique=True)
    name: Mapped[Name | None]
    password_hash: Mapped[Long]
    role: Mapped[Code]
    active: Mapped[bool] = mapped_column(server_default=true())
    # Raised to end every session of this user.
    epoch: Mapped[int] = mapped_column(server_default=text("0"))
    failed_logins: Mapped[int] = mapped_column(server_default=text("0"))
    locked_until: Mapped[Moment | None]
    created_at: Mapped[Moment]
    last_login_at: Mapped[Moment | None]


class ApiKey(Base):
    """``prefix`` is visible and finds the row, ``digest`` is SHA-256 of the whole key (a key has 256 random bits)."""

    __tablename__ = "api_keys"
    __table_args__ = (CheckConstraint("scope IN ('storefront', 'oms')", name="scope"),)

    id: Mapped[Id]
    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id"))
    scope: Mapped[Code]
    prefix: Mapped[Word] = mapped_column(unique=True)
    digest: Mapped[Word]
    label: Mapped[Name | None]
    created_at: Mapped[Moment]
    revoked_at: Mapped[Moment | None]


class AuditEntry(Base):
    """What a person did, by admin, API or command line. Append-only."""

    __tablename__ = "audit"

    id: Mapped[Id]
    at: Mapped[Moment]
    by: Mapped[Name]
    action: Mapped[Word]
    subject: Mapped[Word] = mapped_column(index=True)
    text: Mapped[Long]
    data: Mapped[dict[str, Any] | None] = mapped_column(Json)
