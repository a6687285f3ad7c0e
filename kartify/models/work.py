"""Crons and their runs, heartbeats of processes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, false, text, true
from sqlalchemy.orm import Mapped, mapped_column

from kartify.models.base import Base, Code, Id, Json, Long, Moment, Name


class Cron(Base):
    """A schedule. ``name`` "lookup" with an account is that account's order lookup cron; the others are the core's.

    ``schedule`` is "every N" seconds, or five cron fields read in the zone ``timezone``.
    """

    __tablename__ = "crons"
    __table_args__ = (
        UniqueConstraint("name", "account_id"),
        Index("uq_crons_core", "name", unique=True, sqlite_where=text("account_id IS NULL"),
              postgresql_where=text("account_id IS NULL")),
    )

    id: Mapped[Id]
    name: Mapped[Code]
    account_id: Mapped[UUID | None]
    schedule: Mapped[Name]
    timezone: Mapped[Code] = mapped_column(server_default="UTC")
    enabled: Mapped[bool] = mapped_column(server_default=true())
    next_at: Mapped[Moment | None] = mapped_column(index=True)
    version: Mapped[int] = mapped_column(server_default=text("1"))


class Run(Base):
    """One run of a cron: progress, heartbeat, deadline. At most one of a cron is running."""

    __tablename__ = "runs"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'running', 'done', 'failed', 'lost', 'stopped')", name="state"),
        Index("uq_runs_one_at_a_time", "cron_id", unique=True, sqlite_where=text("state IN ('waiting', 'running')"),
              postgresql_where=text("state IN ('waiting', 'running')")),
        Index("ix_runs_cron_id_created_at", "cron_id", "created_at"),
    )

    id: Mapped[Id]
    cron_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    state: Mapped[Code]
    by: Mapped[Name]
    dry: Mapped[bool] = mapped_column(server_default=false())
    stop_requested: Mapped[bool] = mapped_column(server_default=false())
    created_at: Mapped[Moment]
    started_at: Mapped[Moment | None]
    beat_at: Mapped[Moment | None]
    deadline_at: Mapped[Moment | None]
    finished_at: Mapped[Moment | None]
    fence: Mapped[int] = mapped_column(server_default=text("0"))
    total: Mapped[int] = mapped_column(server_default=text("0"))
    asked: Mapped[int] = mapped_column(server_default=text("0"))
    recovered: Mapped[int] = mapped_column(server_default=text("0"))
    unknown: Mapped[int] = mapped_column(server_default=text("0"))
    money: Mapped[dict[str, Any] | None] = mapped_column(Json)
    orders: Mapped[list[str] | None] = mapped_column(Json)
    result: Mapped[Long | None]
    # What else a run has to show: the laws' counts, say.
    detail: Mapped[dict[str, Any] | None] = mapped_column(Json)


class Heartbeat(Base):
    """Health is read from these rows, never from the queue's registries."""

    __tablename__ = "heartbeats"

    name: Mapped[Name] = mapped_column(primary_key=True)
    role: Mapped[Code]
    at: Mapped[Moment]
    started_at: Mapped[Moment]
    detail: Mapped[dict[str, Any] | None] = mapped_column(Json)


class Export(Base):
    """A file that is written in the background: what the filters showed, for whom, and how far it is.

    ``personal``: whether it may hold personal data, by the role of who asked.
    """

    __tablename__ = "exports"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'running', 'done', 'failed', 'stopped')", name="state"),
        Index("ix_exports_waiting", "created_at", sqlite_where=text("state IN ('waiting', 'running')"),
              postgresql_where=text("state IN ('waiting', 'running')")),
    )

    id: Mapped[Id]
    by: Mapped[Name]
    format: Mapped[Code]
    query: Mapped[dict[str, Any]] = mapped_column(Json)
    personal: Mapped[bool]
    state: Mapped[Code] = mapped_column(server_default="waiting")
    rows: Mapped[int] = mapped_column(server_default=text("0"))
    bytes: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    created_at: Mapped[Moment]
    lease_until: Mapped[Moment | None]
    fence: Mapped[int] = mapped_column(server_default=text("0"))
    finished_at: Mapped[Moment | None]
    result: Mapped[Long | None]


class ExportPart(Base):
    """A piece of an export's file, in the order of ``position``."""

    __tablename__ = "export_parts"

    export_id: Mapped[UUID] = mapped_column(ForeignKey("exports.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)
