"""Inbox (what reached us), outbox (what an OMS must get) and the attempts at it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kartify.models.base import Base, Code, Data, Id, Json, Long, Minor, Moment, Name, Word

_FULFILMENT = "kind IN ('push', 'confirm', 'feed', 'none') AND state <> 'withdrawn'"
_OPEN = "state IN ('due', 'claimed', 'sent_unknown', 'found')"


class InboxMessage(Base):
    """Every authentic inbound message with its exact bytes. Law 7: done, ignored, waiting with a due time, or
    exception; never nowhere."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("account_id", "event_key"),
        CheckConstraint("state IN ('done', 'ignored', 'waiting', 'exception')", name="state"),
        CheckConstraint("state <> 'waiting' OR due_at IS NOT NULL", name="waiting"),
        Index(
            "ix_inbox_due",
            "due_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        # For people: few rows, and none on the way of a message that is done.
        Index(
            "ix_inbox_exception",
            "id",
            sqlite_where=text("state = 'exception'"),
            postgresql_where=text("state = 'exception'"),
        ),
    )

    id: Mapped[Id]
    account_id: Mapped[UUID]
    event_key: Mapped[Name]
    channel: Mapped[Code]
    event: Mapped[Name]
    method: Mapped[Code]
    path: Mapped[Long]
    headers: Mapped[Data]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    secret: Mapped[Code]
    received_at: Mapped[Moment]
    state: Mapped[Code]
    reason: Mapped[Long | None]
    due_at: Mapped[Moment | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    duplicates: Mapped[int] = mapped_column(server_default=text("0"))
    lease_until: Mapped[Moment | None]
    fence: Mapped[int] = mapped_column(server_default=text("0"))
    done_at: Mapped[Moment | None]


class Delivery(Base):
    """What an OMS must get, stored in the commit that caused it. States and arrows: ``kartify.domain.delivery``."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "uq_outbox_one_fulfilment",
            "order_id",
            unique=True,
            sqlite_where=text(_FULFILMENT),
            postgresql_where=text(_FULFILMENT),
        ),
        Index(
            "ix_outbox_due",
            "account_id",
            "due_at",
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
        Index("ix_outbox_dead", "id", sqlite_where=text("state = 'dead'"), postgresql_where=text("state = 'dead'")),
        # Only where there is something to be unique: a new row costs these two nothing.
        Index(
            "uq_outbox_receipt",
            "account_id",
            "kind",
            "receipt",
            unique=True,
            sqlite_where=text("receipt IS NOT NULL"),
            postgresql_where=text("receipt IS NOT NULL"),
        ),
        Index(
            "uq_outbox_position",
            "account_id",
            "position",
            unique=True,
            sqlite_where=text("position IS NOT NULL"),
            postgresql_where=text("position IS NOT NULL"),
        ),
        CheckConstraint("state <> 'done' OR kind = 'none' OR receipt IS NOT NULL", name="receipt"),
    )

    id: Mapped[Id]
    order_id: Mapped[UUID]
    store_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    kind: Mapped[Code]
    state: Mapped[Code]
    reason: Mapped[Long | None]
    settlement_id: Mapped[UUID | None]
    receipt: Mapped[Word | None]
    receipt_kind: Mapped[Code | None]
    due_at: Mapped[Moment | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    looks: Mapped[int] = mapped_column(server_default=text("0"))
    crashes: Mapped[int] = mapped_column(server_default=text("0"))
    lease_until: Mapped[Moment | None]
    call_until: Mapped[Moment | None]
    fence: Mapped[int] = mapped_column(server_default=text("0"))
    by: Mapped[Name | None]
    last_error: Mapped[Long | None]
    position: Mapped[Minor | None]
    created_at: Mapped[Moment]
    done_at: Mapped[Moment | None]


class DeliveryAttempt(Base):
    """One call to the OMS about a delivery. Append-only."""

    __tablename__ = "delivery_attempts"

    id: Mapped[Id]
    delivery_id: Mapped[UUID] = mapped_column(index=True)
    order_id: Mapped[UUID] = mapped_column(index=True)
    at: Mapped[Moment]
    call: Mapped[Code]
    event: Mapped[Code]
    by: Mapped[Name]
    text: Mapped[Long]
    milliseconds: Mapped[int]
    data: Mapped[dict[str, Any] | None] = mapped_column(Json)
