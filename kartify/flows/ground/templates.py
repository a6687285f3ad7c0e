"""Every statement that the write step may run, each once: for one row with parameters, or for the rows of a list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from sqlalchemy import (
    Column,
    ColumnElement,
    DefaultClause,
    Insert,
    Table,
    bindparam,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
from sqlalchemy.sql.dml import UpdateBase

from kartify.listed import Rows
from kartify.models import (
    AuditEntry,
    Base,
    Case,
    Charge,
    Delivery,
    InboxMessage,
    Operation,
    Order,
    OrderMove,
    Payment,
    Report,
    Settlement,
    TimelineEntry,
    table,
)

Columns = Mapping[str, Column[Any]]


class Source(Protocol):
    """Where a template takes its values from: parameters for one row, or a list for several."""

    def values(self, columns: Columns) -> dict[str, Any]: ...

    def fill(self, statement: Insert, values: dict[str, Any]) -> Insert: ...

    def near(self, key: ColumnElement[Any], name: str) -> list[ColumnElement[bool]]: ...


@dataclass(frozen=True, slots=True)
class Bound:
    """One row: each value a parameter, called as ``called`` says."""

    called: Callable[[str], str]

    def values(self, columns: Columns) -> dict[str, Any]:
        return {name: bindparam(self.called(name), type_=column.type) for name, column in columns.items()}

    def fill(self, statement: Insert, values: dict[str, Any]) -> Insert:
        return statement.values(values)

    def near(self, key: ColumnElement[Any], name: str) -> list[ColumnElement[bool]]:
        return []


class OfList:
    """Several rows, of the list ``name``."""

    def __init__(self, name: str) -> None:
        self._name = name

    def values(self, columns: Columns) -> dict[str, Any]:
        self._rows = Rows(self._name, {name: column.type for name, column in columns.items()})
        return {name: self._rows[name] for name in columns}

    def fill(self, statement: Insert, values: dict[str, Any]) -> Insert:
        """A row of a list has all columns: where it says nothing the default is named."""
        columns = cast(Table, statement.table).c
        told = [
            func.coalesce(value, default.arg) if isinstance(default := columns[name].server_default, DefaultClause)
            else value for name, value in values.items()
        ]
        return statement.from_select(list(values), select(*told), include_defaults=False)

    def near(self, key: ColumnElement[Any], name: str) -> list[ColumnElement[bool]]:
        return [key == self._rows.any_of(name)]


# With the columns of an insert that are given; None for all.
Template = Callable[[Source, frozenset[str] | None], UpdateBase]
TEMPLATES: dict[str, Template] = {}
INSERTS: set[str] = set()


def _insert(name: str, model: type[Base], *columns: str, once: str | None = None) -> None:
    """``once``: a row with the same value in this column that is there already stays as it is."""
    target = table(model)

    def build(source: Source, given: frozenset[str] | None) -> UpdateBase:
        # A column that has nothing to say is left out: each parameter costs, and most of a charge is not known yet.
        values = source.values({column: target.c[column] for column in columns
                                if given is None or column in given})
        if once is None:
            return source.fill(insert(target), values)
        # SQLite's compiler takes PostgreSQL's ON CONFLICT as it is.
        statement = cast(PostgresInsert, source.fill(PostgresInsert(target), values))
        return statement.on_conflict_do_nothing(index_elements=[once])

    TEMPLATES[name] = build
    INSERTS.add(name)


def _update(
    name: str, model: type[Base], where: Sequence[str], *columns: str, bump: Sequence[str] = (), only_open: bool = False
) -> None:
    """``where``: the key, then texts that must still be as they were. They are bound as ``<column>``, or as
    ``old_<column>`` where the column is also written."""
    target = table(model)
    key, *guards = where
    old = {column: f"old_{column}" if column in columns else column for column in where}

    def build(source: Source, _given: frozenset[str] | None) -> UpdateBase:
        given = source.values({old[column]: target.c[column] for column in where} |
                              {column: target.c[column] for column in columns})
        values: dict[str, Any] = {column: given[column] for column in columns}
        values |= {column: target.c[column] + 1 for column in bump}
        # In a form that no index serves: else a planner with old figures may look for the status first, through all
        # the orders that have it, and only then for the key.
        same = [func.coalesce(target.c[column], text("''")) == given[old[column]] for column in guards]
        near = source.near(target.c[key], old[key])
        found = update(target).where(target.c[key] == given[old[key]], *near, *same).values(values)
        return found.where(target.c.closed_at.is_(None)) if only_open else found

    TEMPLATES[name] = build


FACTS = (
    "state", "method", "currency", "authorized", "authorized_at", "captured", "captured_at", "refunded", "lost", "fee",
    "discount", "failed_at", "voided_at", "pending_at", "release_at", "disputed_at", "dispute_deadline",
    "dispute_closed", "denied_at", "ours", "last_report_at",
)
_insert("charge", Charge, "id", "account_id", "gateway_payment_id", "payment_id", "order_id", "first_seen_at", *FACTS)
_update("charge_facts", Charge, ["id"], "payment_id", "order_id", *FACTS)
_insert(
    "report", Report, "id", "order_id", "payment_id", "charge_id", "account_id", "inbox_id", "run_id", "channel", "by",
    "state", "word", "currency", "authorized", "captured", "refunded", "detail", "gateway_at", "seen_at",
)
_update("payment_state", Payment, ["id"], "state", "state_reason", "next_ask_at", "answered_at")
_update("payment_ask", Payment, ["id"], "next_ask_at")
_insert(
    "settlement", Settlement, "id", "order_id", "charge_id", "amount", "currency", "fee", "discount", "accepted",
    "kind", "channel", "by", "settled_at", "captured_at", "reversed_at",
)
_update("settlement_change", Settlement, ["charge_id"], "amount", "fee", "discount", "accepted", "kind", "captured_at",
        "reversed_at")
_update("order_move", Order, ["id", "status"], "status", "status_at", "basis", "cancelled_by",
        "cancel_requested_at", "clock_at", bump=("version",))
_update("order_cancel", Order, ["id"], "cancel_requested_at", "cancel_requested_by", bump=("version",))
_update("order_clock", Order, ["id"], "clock_at", "clock_why")
_update("order_oms_id", Order, ["id"], "oms_order_id")
_insert("move", OrderMove, "id", "order_id", "source", "target", "actor", "by", "channel", "reason", "evidence", "at")
_insert(
    "delivery", Delivery, "id", "order_id", "store_id", "account_id", "kind", "state", "reason", "settlement_id",
    "due_at", "by", "created_at", "done_at",
)
_update("delivery_state", Delivery, ["id", "state"], "state", "reason", "due_at", "done_at")
_update("delivery_receipt", Delivery, ["id", "state"], "state", "receipt", "receipt_kind", "due_at", "done_at")
_update("delivery_settlement", Delivery, ["id"], "settlement_id")
_insert(
    "operation_once", Operation, "id", "key", "charge_id", "order_id", "account_id", "kind", "amount", "currency",
    "state", "by", "reason", "due_at", "created_at", once="key",
)
_insert(
    "case", Case, "id", "subject", "type", "store_id", "order_id", "charge_id", "account_id", "reason", "money_held",
    "difference", "currency", "deadline", "opened_at",
)
_update("case_change", Case, ["id"], "reason", "money_held", "difference", "currency", "deadline", "closed_at",
        "closed_by", "resolution", "snoozed_until", "opened_at")
_update("case_close", Case, ["id"], "money_held", "closed_at", "closed_by", "resolution")
_update("case_answered", Case, ["subject", "type"], "money_held", "closed_at", "closed_by",
        "resolution", only_open=True)
_update("inbox_state", InboxMessage, ["id"], "state", "reason", "due_at", "done_at", "attempts")
_insert("timeline", TimelineEntry, "id", "order_id", "at", "kind", "by", "text", "data")
_insert("audit", AuditEntry, "id", "at", "by", "action", "subject", "text", "data")
