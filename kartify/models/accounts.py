"""Stores and their gateway and OMS accounts."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, false, text, true
from sqlalchemy.orm import Mapped, mapped_column

from kartify.models.base import Base, Code, Data, Id, Json, Long, Moment, Name, Utc


class Store(Base):
    """A shop. ``policy`` holds what decide and the clock go by (see ``kartify.flows.settling.policy``)."""

    __tablename__ = "stores"

    id: Mapped[Id]
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    currency: Mapped[Code]
    timezone: Mapped[Code] = mapped_column(server_default="Asia/Kolkata")
    policy: Mapped[Data] = mapped_column(default=dict)
    return_origins: Mapped[list[str]] = mapped_column(Json, default=list)
    created_at: Mapped[Moment]
    version: Mapped[int] = mapped_column(server_default=text("1"))


class Account(Base):
    """One merchant at one partner, in one mode. ``secrets`` is the encrypted JSON of the secret settings."""

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("slug", "identity", "mode"),)

    id: Mapped[Id]
    kind: Mapped[Code]
    slug: Mapped[Code]
    label: Mapped[Name]
    mode: Mapped[Code]
    identity: Mapped[Name]
    settings: Mapped[Data]
    secrets: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[Code] = mapped_column(server_default="active")
    state_reason: Mapped[Long | None]
    state_by: Mapped[Name | None]
    paused_until: Mapped[Moment | None]
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    not_ours: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[Moment]
    version: Mapped[int] = mapped_column(server_default=text("1"))


class StoreAccount(Base):
    """Which store uses which account. At most one OMS account of a store is active.

    ``delivery``: what an order in processing needs there (push, confirm, feed), kept by whoever saves the account, so
    that settling an order needs no plugin. ``push_unpaid``: the OMS wants the order at Confirm Order.
    """

    __tablename__ = "store_accounts"
    __table_args__ = (
        Index(
            "uq_store_accounts_one_oms",
            "store_id",
            unique=True,
            sqlite_where=text("kind = 'oms' AND active"),
            postgresql_where=text("kind = 'oms' AND active"),
        ),
    )

    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id"), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    kind: Mapped[Code]
    active: Mapped[bool] = mapped_column(server_default=true())
    delivery: Mapped[Code | None]
    push_unpaid: Mapped[bool] = mapped_column(server_default=false())
    added_at: Mapped[Moment]


class Refusal(Base):
    """Messages that did not prove where they come from: counted per account and minute, nothing else is kept."""

    __tablename__ = "refusals"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    minute: Mapped[datetime] = mapped_column(Utc, primary_key=True)
    count: Mapped[int] = mapped_column(server_default=text("0"))
    last_hash: Mapped[Code]
    last_size: Mapped[int]
    last_network: Mapped[Code]
    reason: Mapped[Name]


class Counter(Base):
    """Numbers that must be handed out one by one under a lock, such as feed positions."""

    __tablename__ = "counters"

    name: Mapped[Name] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(server_default=text("0"))
    data: Mapped[dict[str, Any] | None] = mapped_column(Json)
