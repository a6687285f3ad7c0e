"""The declarative base, the column types and the one Flask-SQLAlchemy object."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON, BigInteger, DateTime, MetaData, String, Table, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator
from uuid_utils.compat import uuid7

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Between the moment that stands in a row and the making of its id, on machines whose clocks differ a little.
_SKEW = timedelta(minutes=1)


def _aware(value: datetime | None) -> datetime | None:
    if value is not None and value.tzinfo is None:
        raise ValueError("a naive datetime reached the database")
    return value


class Utc(TypeDecorator[datetime]):
    """An aware moment in UTC; a naive one is refused. SQLite keeps it without the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime reached the database")
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def bind_processor(self, dialect: Dialect) -> Any:
        """PostgreSQL takes an aware moment of any zone, and gives them in UTC as our sessions ask: without the detour
        of a decorator, which a webhook would take 30 times."""
        return _aware if dialect.name == "postgresql" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        return None if dialect.name == "postgresql" else super().result_processor(dialect, coltype)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

Id = Annotated[UUID, mapped_column(primary_key=True, default=uuid7)]
Minor = Annotated[int, mapped_column(BigInteger)]
Code = Annotated[str, mapped_column(String(32))]
Word = Annotated[str, mapped_column(String(80))]
Name = Annotated[str, mapped_column(String(200))]
Long = Annotated[str, mapped_column(Text)]
Moment = Annotated[datetime, mapped_column(Utc)]
Data = Annotated[dict[str, Any], mapped_column(Json)]


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


def table(model: type[Base]) -> Table:
    """The Core table of a model: what the flows write with."""
    found = model.__table__
    assert isinstance(found, Table)
    return found


def new_id() -> UUID:
    """A UUIDv7: ours, and in the order of time."""
    return uuid7()


def first_id(moment: datetime) -> UUID:
    """The least id that can have been made then: our ids begin with their milliseconds (UUIDv7)."""
    milliseconds = max(0, (moment - _EPOCH) // timedelta(milliseconds=1))
    return UUID(int=(milliseconds << 80) | (7 << 76) | (2 << 62))


def ids_since(moment: datetime) -> UUID:
    """No row of ``moment`` or later has a smaller id: a range of time is a range of the primary key, which costs no
    index. A minute generous, so the row's own moment is to be asked for besides."""
    return first_id(moment - _SKEW)


db = SQLAlchemy(metadata=Base.metadata)
