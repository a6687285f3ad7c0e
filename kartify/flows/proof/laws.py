"""The ten laws on the live database: each is a query that finds nothing while the law holds.

Law 10 is no query. Its first half (processing a stored message again changes nothing) and its second (every order of
the same messages ends alike) are statements about what code would do, and stand in the tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from kartify import clock
from kartify.database import Database
from kartify.flows.proof import laws_money, laws_orders, laws_time
from kartify.flows.proof.laws_money import Sums
from kartify.flows.proof.laws_sql import Truth
from kartify.house import House

__all__ = ["BY_TESTS", "LAWS", "Broken", "Sums", "broken", "check", "money"]
MOST = 100

LAWS: dict[int, str] = {
    1: "At most one settlement a charge and one active settlement an order.",
    2: "Processing stands on a matching settlement, COD, nothing due, or a person's word.",
    3: "Entering processing makes exactly one delivery row in the same commit.",
    4: "A delivered row carries the OMS's receipt; one OMS id an order and destination.",
    5: "Every captured minor unit is settled, returned, held, kept or a fee.",
    6: "No machine concludes that an order is cancelled while it is or may be paid.",
    7: "Every stored message is done, ignored, waiting with a due time, or an exception.",
    8: "Refunds never exceed captures; one refund an idempotency key.",
    9: "Nothing due is older than its objective without an alarm.",
    10: "Processing a stored message again changes nothing but the timeline.",
}
# What no query can tell, and the tests do: law 10, and of law 6 the late windows that plugins declare.
BY_TESTS = frozenset({10})


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A row that breaks a law. ``subject`` says what kind of row ``id`` is of; ``number`` is the order's, if any."""

    law: int
    sentence: str
    subject: str
    id: str
    number: str | None
    figures: dict[str, Any]

    def __str__(self) -> str:
        figures = ", ".join(f"{name} {value}" for name, value in self.figures.items())
        return f"Law {self.law}: {self.sentence} {self.subject} {self.number or self.id}: {figures}"


def truths(at: datetime) -> tuple[Truth, ...]:
    """Every query, in the order of the laws."""
    found = (*laws_orders.TRUTHS, *laws_money.TRUTHS, *laws_time.TRUTHS, *laws_time.late(at))
    return tuple(sorted(found, key=lambda truth: truth.law))


def check(target: House | Database, *, most: int = MOST) -> list[Broken]:
    """What breaks a law now; at most ``most`` rows of each query."""
    database = target.database if isinstance(target, House) else target
    with database.read() as connection:
        return broken(connection, clock.now(), most=most)


def broken(connection: Connection, at: datetime, *, most: int = MOST) -> list[Broken]:
    return [
        _broken(truth, dict(row))
        for truth in truths(at)
        for row in connection.execute(truth.query.limit(most)).mappings()
    ]


def _broken(truth: Truth, row: dict[str, Any]) -> Broken:
    found, number = row.pop("id"), row.pop("number", None)
    return Broken(
        law=truth.law, sentence=truth.sentence, subject=truth.subject, id=str(found), number=number, figures=row
    )


def money(target: House | Database) -> list[Sums]:
    """Law 5 summed up by account, currency and day of capture."""
    database = target.database if isinstance(target, House) else target
    with database.read() as connection:
        return laws_money.sums(connection)
