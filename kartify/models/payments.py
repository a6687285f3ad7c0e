"""Payments, charges, reports, settlements, operations at the gateway, and exceptions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from kartify.models.base import Base, Code, Id, Json, Long, Minor, Moment, Name, Word


class Payment(Base):
    """One session opened at a gateway for an order.

    ``state``: opening (the call is out), unknown (its answer was lost), open, over. ``next_ask_at``: when the order
    lookup asks about it; NULL when never again. ``lease_until`` and ``fence``: who is asking or opening now.
    """

    __tablename__ = "payments"
    __table_args__ = (
        UniqueConstraint("account_id", "gateway_order_id"),
        CheckConstraint("state IN ('opening', 'unknown', 'open', 'over')", name="state"),
        Index(
            "ix_payments_due",
            "account_id",
            "next_ask_at",
            sqlite_where=text("next_ask_at IS NOT NULL"),
            postgresql_where=text("next_ask_at IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), index=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    reference: Mapped[str] = mapped_column(String(20), unique=True)
    gateway_order_id: Mapped[Word | None]
    amount: Mapped[Minor]
    currency: Mapped[Code]
    state: Mapped[Code]
    state_reason: Mapped[Long | None]
    next_step: Mapped[dict[str, Any] | None] = mapped_column(Json)
    expires_at: Mapped[Moment | None]
    created_at: Mapped[Moment]
    asked_at: Mapped[Moment | None]
    answered_at: Mapped[Moment | None]
    asks: Mapped[int] = mapped_column(server_default=text("0"))
    silent_asks: Mapped[int] = mapped_column(server_default=text("0"))
    # What the last look-up told: a word of kartify.domain.conclude.Answer, and the sentence for people.
    answer: Mapped[Code] = mapped_column(server_default="never asked")
    last_answer: Mapped[Long | None]
    next_ask_at: Mapped[Moment | None]
    lease_until: Mapped[Moment | None]
    fence: Mapped[int] = mapped_column(server_default=text("0"))


class Charge(Base):
    """One movement of money the gateway names: the merged facts (see ``kartify.domain.reports.Facts``)."""

    __tablename__ = "charges"
    __table_args__ = (UniqueConstraint("account_id", "gateway_payment_id"),)

    id: Mapped[Id]
    account_id: Mapped[UUID]
    gateway_payment_id: Mapped[Word]
    payment_id: Mapped[UUID | None]
    order_id: Mapped[UUID | None] = mapped_column(index=True)
    state: Mapped[Code]
    method: Mapped[Code | None]
    currency: Mapped[Code | None]
    authorized: Mapped[Minor] = mapped_column(server_default=text("0"))
    authorized_at: Mapped[Moment | None]
    captured: Mapped[Minor] = mapped_column(server_default=text("0"))
    captured_at: Mapped[Moment | None]
    refunded: Mapped[Minor] = mapped_column(server_default=text("0"))
    lost: Mapped[Minor] = mapped_column(server_default=text("0"))
    fee: Mapped[Minor] = mapped_column(server_default=text("0"))
    discount: Mapped[Minor] = mapped_column(server_default=text("0"))
    failed_at: Mapped[Moment | None]
    voided_at: Mapped[Moment | None]
    pending_at: Mapped[Moment | None]
    release_at: Mapped[Moment | None]
    disputed_at: Mapped[Moment | None]
    dispute_deadline: Mapped[Moment | None]
    dispute_closed: Mapped[bool] = mapped_column(server_default=false())
    denied_at: Mapped[Moment | None]
    ours: Mapped[Minor] = mapped_column(server_default=text("0"))
    kept: Mapped[Minor] = mapped_column(server_default=text("0"))
    first_seen_at: Mapped[Moment]
    last_report_at: Mapped[Moment]


class Report(Base):
    """Evidence: what a source said, when, and by which channel. Append-only."""

    __tablename__ = "reports"
    __table_args__ = (Index("ix_reports_order_id_seen_at", "order_id", "seen_at"),)

    id: Mapped[Id]
    order_id: Mapped[UUID | None]
    payment_id: Mapped[UUID | None]
    charge_id: Mapped[UUID | None]
    account_id: Mapped[UUID]
    inbox_id: Mapped[UUID | None]
    run_id: Mapped[UUID | None]
    channel: Mapped[Code]
    by: Mapped[Name | None]
    state: Mapped[Code]
    word: Mapped[Name]
    currency: Mapped[Code | None]
    authorized: Mapped[Minor] = mapped_column(server_default=text("0"))
    captured: Mapped[Minor] = mapped_column(server_default=text("0"))
    refunded: Mapped[Minor] = mapped_column(server_default=text("0"))
    detail: Mapped[Long | None]
    gateway_at: Mapped[Moment | None]
    seen_at: Mapped[Moment]


class Settlement(Base):
    """This money paid this order. ``amount + discount + accepted`` is what was due; ``fee`` is on top of it."""

    __tablename__ = "settlements"
    __table_args__ = (
        UniqueConstraint("charge_id"),
        Index(
            "uq_settlements_one_active",
            "order_id",
            unique=True,
            sqlite_where=text("reversed_at IS NULL"),
            postgresql_where=text("reversed_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    # No foreign keys on what a settling transaction writes: it holds the order's lock and made the charge itself,
    # and each key would cost it one more look at a row; the laws are checked over both.
    order_id: Mapped[UUID]
    charge_id: Mapped[UUID]
    amount: Mapped[Minor]
    currency: Mapped[Code]
    fee: Mapped[Minor] = mapped_column(server_default=text("0"))
    discount: Mapped[Minor] = mapped_column(server_default=text("0"))
    accepted: Mapped[Minor] = mapped_column(server_default=text("0"))
    kind: Mapped[Code]
    channel: Mapped[Code]
    by: Mapped[Name]
    settled_at: Mapped[Moment]
    captured_at: Mapped[Moment | None]
    reversed_at: Mapped[Moment | None]


class Operation(Base):
    """Capture, void or refund at the gateway: stored first, done by the worker, once per ``key``."""

    __tablename__ = "operations"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        Index(
            "ix_operations_due",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    key: Mapped[Word] = mapped_column(unique=True)
    charge_id: Mapped[UUID] = mapped_column(ForeignKey("charges.id"), index=True)
    order_id: Mapped[UUID | None]
    account_id: Mapped[UUID]
    kind: Mapped[Code]
    amount: Mapped[Minor]
    currency: Mapped[Code]
    state: Mapped[Code]
    by: Mapped[Name]
    reason: Mapped[Long]
    gateway_refund_id: Mapped[Word | None]
    last_error: Mapped[Long | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    due_at: Mapped[Moment | None]
    lease_until: Mapped[Moment | None]
    fence: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[Moment]
    done_at: Mapped[Moment | None]


class Case(Base):
    """An exception that needs a person. One row per subject and type; it may close and open again.

    ``subject`` is "charge:…", "order:…", "delivery:…", "message:…", "account:…" or "operation:…".
    """

    __tablename__ = "cases"
    __table_args__ = (
        UniqueConstraint("subject", "type"),
        Index(
            "ix_cases_open",
            "store_id",
            "opened_at",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index(
            "ix_cases_closed",
            "closed_at",
            sqlite_where=text("closed_at IS NOT NULL"),
            postgresql_where=text("closed_at IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    subject: Mapped[Word]
    type: Mapped[Code]
    store_id: Mapped[UUID | None]
    order_id: Mapped[UUID | None] = mapped_column(index=True)
    charge_id: Mapped[UUID | None]
    account_id: Mapped[UUID | None]
    reason: Mapped[Long]
    money_held: Mapped[Minor] = mapped_column(server_default=text("0"))
    difference: Mapped[Minor] = mapped_column(server_default=text("0"))
    currency: Mapped[Code]
    deadline: Mapped[Moment | None]
    owner: Mapped[Name | None]
    snoozed_until: Mapped[Moment | None]
    opened_at: Mapped[Moment]
    closed_at: Mapped[Moment | None]
    closed_by: Mapped[Name | None]
    resolution: Mapped[Long | None]
