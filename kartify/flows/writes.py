"""The write step: a list of small Core statements, one command on PostgreSQL, run in order on SQLite.

A ``Write`` names a template and its values. On PostgreSQL the list is folded into one data-modifying CTE; the folded
statement is built once per sequence of templates and kept, so a hot path costs no compilation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, CursorResult, bindparam, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.sql.dml import UpdateBase

from kartify.domain.errors import Conflict
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
from kartify.prepared import Prepared

# How a column's value is called in the statement.
Names = Callable[[str], str]
Template = Callable[[Names, frozenset[str]], UpdateBase]
TEMPLATES: dict[str, Template] = {}
INSERTS: set[str] = set()


@dataclass(frozen=True, slots=True)
class Write:
    """One statement to run. ``must``: it has to hit exactly one row, else the transaction is rolled back."""

    template: str
    values: dict[str, Any]
    must: bool = False


def _insert(name: str, model: type[Base], *columns: str, once: str | None = None) -> None:
    """``once``: a row with the same value in this column that is there already stays as it is."""
    target = table(model)

    def build(called: Names, given: frozenset[str]) -> UpdateBase:
        # A column that has nothing to say is left out: each parameter costs, and most of a charge is not known yet.
        values = {column: bindparam(called(column), type_=target.c[column].type) for column in columns
                  if column in given}
        if once is None:
            return insert(target).values(values)
        # SQLite's compiler takes PostgreSQL's ON CONFLICT as it is.
        return postgres_insert(target).values(values).on_conflict_do_nothing(index_elements=[once])

    TEMPLATES[name] = build
    INSERTS.add(name)


def _update(
    name: str, model: type[Base], where: Sequence[str], *columns: str, bump: Sequence[str] = (), only_open: bool = False
) -> None:
    """``where``: the key, then texts that must still be as they were. They are bound as ``<column>``, or as
    ``old_<column>`` where the column is also written."""
    target = table(model)

    def bound(called: Names, column: str) -> Any:
        name = f"old_{column}" if column in columns else column
        return bindparam(called(name), type_=target.c[column].type)

    def build(called: Names, _given: frozenset[str]) -> UpdateBase:
        values: dict[str, Any] = {column: bindparam(called(column), type_=target.c[column].type)
                                  for column in columns}
        values |= {column: target.c[column] + 1 for column in bump}
        key, *guards = where
        # In a form that no index serves: else a planner with old figures may look for the status first, through all
        # the orders that have it, and only then for the key.
        same = [func.coalesce(target.c[column], text("''")) == bound(called, column) for column in guards]
        found = update(target).where(target.c[key] == bound(called, key), *same).values(values)
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
        "closed_by", "resolution", "opened_at")
_update("case_close", Case, ["id"], "money_held", "closed_at", "closed_by", "resolution")
_update("case_answered", Case, ["subject", "type"], "money_held", "closed_at", "closed_by",
        "resolution", only_open=True)
_update("inbox_state", InboxMessage, ["id"], "state", "reason", "due_at", "done_at", "attempts")
_insert("timeline", TimelineEntry, "id", "order_id", "at", "kind", "by", "text", "data")
_insert("audit", AuditEntry, "id", "at", "by", "action", "subject", "text", "data")


def execute(connection: Connection, writes: Sequence[Write]) -> None:
    """Runs them all. Raises ``Conflict`` when a write that must hit one row did not: someone else was first."""
    if not writes:
        return
    if connection.dialect.name == "postgresql" and len(writes) > 1:
        shape, values = _shaped(writes)
        _must(connection.execute(_folded(shape), values).one())
        return
    for write in writes:
        statement = _single(write.template, _given(write))
        result: CursorResult[Any] = connection.execute(statement, {f"v_{name}": write.values[name] for name in
                                                                   _names(write)})
        if write.must and result.rowcount != 1:
            raise Conflict(f"{write.template}: changed by someone else meanwhile")


def execute_many(connection: Connection, orders: Sequence[Sequence[Write]]) -> None:
    """The writes of several orders, each in one command, those of one shape in one trip. PostgreSQL only. Raises
    ``Conflict``, as ``execute``."""
    shapes: dict[Shape, list[dict[str, Any]]] = {}
    for writes in orders:
        shape, values = _shaped(writes)
        shapes.setdefault(shape, []).append(values)
    for shape, rows in shapes.items():
        for [row] in _prepared(shape).run(connection, rows):
            _must(row)


def _must(counts: Sequence[int]) -> None:
    if any(count != 1 for count in counts):
        raise Conflict("changed by someone else meanwhile")


# What a folded statement depends on: of each write the template, whether it must hit a row, and its parameters by
# column. Ids and moments that stand in it more than once are one parameter.
Shape = tuple[tuple[str, bool, tuple[tuple[str, str], ...]], ...]


def _shaped(writes: Sequence[Write]) -> tuple[Shape, dict[str, Any]]:
    """The shape, and the values by the names of its parameters."""
    values: dict[str, Any] = {}
    known: dict[int, str] = {}
    shape = []
    for index, write in enumerate(writes):
        called = []
        for name in _names(write):
            value = write.values[name]
            given = f"p{index}_{name}"
            if isinstance(value, UUID | datetime):
                given = known.setdefault(id(value), given)
            values[given] = value
            called.append((name, given))
        shape.append((write.template, write.must, tuple(called)))
    return tuple(shape), values


def _names(write: Write) -> list[str]:
    """The columns of an insert that have a value; an update writes all of its own."""
    if write.template in INSERTS:
        return [name for name, value in write.values.items() if value is not None]
    return list(write.values)


def _given(write: Write) -> frozenset[str]:
    return frozenset(_names(write)) if write.template in INSERTS else frozenset()


@lru_cache(maxsize=512)
def _prepared(shape: Shape) -> Prepared:
    return Prepared(_folded(shape))


@lru_cache(maxsize=256)
def _single(template: str, given: frozenset[str]) -> UpdateBase:
    return TEMPLATES[template]("v_{}".format, given)


@lru_cache(maxsize=512)
def _folded(shape: Shape) -> Any:
    parts: list[Any] = []
    counts: list[Any] = []
    for index, (template, must, called) in enumerate(shape):
        names = dict(called)
        statement: Any = TEMPLATES[template](names.__getitem__, frozenset(names))
        target = statement.table
        if not must:
            parts.append(statement.cte(f"w{index}"))
            continue
        part = statement.returning(next(iter(target.primary_key)).label("hit")).cte(f"w{index}")
        parts.append(part)
        counts.append(select(func.count()).select_from(part).scalar_subquery())
    nothing: list[Any] = [literal(1)]
    return select(*(counts or nothing)).add_cte(*parts)
