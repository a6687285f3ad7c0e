"""Orders with lines, fees, tenders; their moves and their timeline."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kartify.domain.status import Status
from kartify.models.base import Base, Code, Data, Id, Json, Long, Minor, Moment, Name, Word

_STATUSES = ", ".join(f"'{status}'" for status in Status)


class Order(Base):
    """``status`` is written by one function in the tree: ``kartify.flows.settling.moves``.

    ``basis`` tells what an order in processing or later stands on: settlement, cod, nothing_due or manual.
    ``clock_at``: when the clock looks at it again. ``version`` guards edits by people.
    """

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("store_id", "number"),
        CheckConstraint(f"status IN ({_STATUSES})", name="status"),
        CheckConstraint("due >= 0 AND total >= 0", name="sums"),
        Index("ix_orders_status_confirmed_at", "status", "confirmed_at"),
        *(
            Index(
                f"ix_orders_{name}",
                name,
                sqlite_where=text(f"{name} IS NOT NULL"),
                postgresql_where=text(f"{name} IS NOT NULL"),
            )
            for name in ("email", "phone", "oms_order_id")
        ),
        Index(
            "ix_orders_clock_at",
            "clock_at",
            sqlite_where=text("clock_at IS NOT NULL"),
            postgresql_where=text("clock_at IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id"))
    number: Mapped[Word]
    status: Mapped[Code]
    status_at: Mapped[Moment]
    basis: Mapped[Code | None]
    currency: Mapped[Code]
    total: Mapped[Minor]
    due: Mapped[Minor]
    method: Mapped[Code]
    customer: Mapped[Data]
    email: Mapped[Name | None]
    phone: Mapped[Word | None]
    shipping_address: Mapped[dict[str, Any] | None] = mapped_column(Json)
    billing_address: Mapped[dict[str, Any] | None] = mapped_column(Json)
    return_url: Mapped[Long | None]
    # "metadata" is a reserved name of the declarative base.
    extra: Mapped[Data] = mapped_column("metadata", default=dict)
    notes: Mapped[Long | None]
    oms_order_id: Mapped[Word | None]
    body_hash: Mapped[Word]
    cancel_requested_at: Mapped[Moment | None]
    cancel_requested_by: Mapped[Name | None]
    cancelled_by: Mapped[Code | None]
    placed_at: Mapped[Moment | None]
    confirmed_at: Mapped[Moment]
    clock_at: Mapped[Moment | None]
    clock_why: Mapped[Long | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))


class OrderLine(Base):
    __tablename__ = "order_lines"

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    line_id: Mapped[Word]
    sku: Mapped[Name]
    name: Mapped[Name]
    quantity: Mapped[int]
    unit_price: Mapped[Minor]
    list_price: Mapped[Minor | None]
    discount: Mapped[Minor] = mapped_column(server_default=text("0"))
    hsn: Mapped[Code | None]
    tax_rate: Mapped[Decimal | None] = mapped_column(Numeric(7, 4, asdecimal=True))
    tax_amount: Mapped[Minor | None]
    extra: Mapped[Data] = mapped_column("metadata", default=dict)


class OrderFee(Base):
    """Signed: a discount is negative."""

    __tablename__ = "order_fees"

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[Code]
    amount: Mapped[Minor]
    tax: Mapped[dict[str, Any] | None] = mapped_column(Json)


class OrderTender(Base):
    """What paid a part before the gateway, such as store credit."""

    __tablename__ = "order_tenders"

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[Code]
    amount: Mapped[Minor]
    reference: Mapped[Name | None]


class OrderMove(Base):
    """Append-only: one row for each change of status."""

    __tablename__ = "order_moves"

    id: Mapped[Id]
    order_id: Mapped[UUID] = mapped_column(index=True)
    source: Mapped[Code | None]
    target: Mapped[Code]
    actor: Mapped[Code]
    by: Mapped[Name]
    channel: Mapped[Code | None]
    reason: Mapped[Long]
    evidence: Mapped[dict[str, Any] | None] = mapped_column(Json)
    at: Mapped[Moment]


class TimelineEntry(Base):
    """What happened to an order besides reports, moves and delivery attempts: notes, edits, asks without news."""

    __tablename__ = "timeline"

    id: Mapped[Id]
    order_id: Mapped[UUID] = mapped_column(index=True)
    at: Mapped[Moment]
    kind: Mapped[Code]
    by: Mapped[Name]
    text: Mapped[Long]
    data: Mapped[dict[str, Any] | None] = mapped_column(Json)
