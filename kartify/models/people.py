"""Users, API keys, and the audit of what people did."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text, true
from sqlalchemy.orm import Mapped, mapped_column

from kartify.models.base import Base, Code, Id, Json, Long, Minor, Moment, Name, Word


class User(Base):
    __tablename__ = "users"
    __table_args__ = (CheckConstraint("role IN ('viewer', 'support', 'finance', 'admin')", name="role"),)

    id: Mapped[Id]
    email: Mapped[Name] = mapped_column(unique=True)
    name: Mapped[Name | None]
    password_hash: Mapped[Long]
    role: Mapped[Code]
    # Codes of the stores this person may see; NULL is all of them.
    stores: Mapped[list[str] | None] = mapped_column(Json)
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


class Approval(Base):
    """What one person asked for and a second must agree to, with the evidence as the first one had it.

    ``what``: "move" (an order by hand). ``version``: of the order then; an order that changed since makes the request
    *stale*. ``data``: the gateway's answers.
    """

    __tablename__ = "approvals"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'approved', 'refused', 'withdrawn', 'stale')", name="state"),
        Index("uq_approvals_one_open", "order_id", "what", unique=True, sqlite_where=text("state = 'open'"),
              postgresql_where=text("state = 'open'")),
        Index("ix_approvals_open", "asked_at", sqlite_where=text("state = 'open'"),
              postgresql_where=text("state = 'open'")),
    )

    id: Mapped[Id]
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    store_id: Mapped[UUID]
    what: Mapped[Code]
    target: Mapped[Code]
    reason: Mapped[Long]
    evidence: Mapped[Long | None]
    data: Mapped[dict[str, Any] | None] = mapped_column(Json)
    why: Mapped[Long]
    amount: Mapped[Minor]
    currency: Mapped[Code]
    version: Mapped[int]
    asked_by: Mapped[Name]
    asked_at: Mapped[Moment]
    state: Mapped[Code] = mapped_column(server_default="open")
    decided_by: Mapped[Name | None]
    decided_at: Mapped[Moment | None]
    decision: Mapped[Long | None]


class Seal(Base):
    """A link of a chain of digests over rows that must not change: ``chain`` is "order:…", "staff", "inbox", or
    "book", whose links cover those of the others.

    ``rows`` names what this link covers; ``digest`` is over them and the link before. Append-only.
    """

    __tablename__ = "seals"
    __table_args__ = (UniqueConstraint("chain", "position"),)

    id: Mapped[Id]
    chain: Mapped[Word]
    position: Mapped[int]
    rows: Mapped[list[str]] = mapped_column(Json)
    digest: Mapped[Word]
    at: Mapped[Moment]
