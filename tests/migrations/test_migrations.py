"""The migrations and the models say the same, on both databases, up and down."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from kartify.database import make_engine
from kartify.migrations.regenerate import VERSIONS, regenerate
from kartify.migrations.run import COMPARE, current, downgrade, head, upgrade
from kartify.models import Base


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return request.getfixturevalue("postgres_database")


@pytest.fixture
def engine(empty_url: str) -> Iterator[Engine]:
    made = make_engine(empty_url)
    yield made
    made.dispose()


def indexes(engine: Engine) -> dict[str, str]:
    """Every index by name with its condition, as the database itself tells it."""
    found = {}
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql NOTNULL"))
        else:
            rows = connection.execute(text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"))
        for name, sql in rows:
            found[name] = re.sub(r"\s+", " ", sql).partition(" WHERE ")[2]
    return found


def test_head_is_what_the_models_say(engine: Engine) -> None:
    upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=COMPARE)
        assert compare_metadata(context, Base.metadata) == []
        assert current(connection) == head()


def test_partial_indexes_have_the_conditions_of_the_models(engine: Engine) -> None:
    """Autogenerate does not compare conditions: the tables made from the models are the measure."""
    upgrade(engine)
    migrated = indexes(engine)
    downgrade(engine, "base")
    Base.metadata.create_all(engine)
    assert indexes(engine).items() <= migrated.items() | {("alembic_version_pkc", "")}
    conditional = {name for name, condition in migrated.items() if condition}
    assert {"uq_settlements_one_active", "uq_outbox_one_fulfilment", "uq_store_accounts_one_oms",
            "uq_crons_core", "uq_runs_one_at_a_time"} <= conditional


def test_checks_and_unique_keys_have_the_names_of_the_models(engine: Engine) -> None:
    upgrade(engine)
    found = inspect(engine)
    for name, table in Base.metadata.tables.items():
        checks = {check["name"] for check in found.get_check_constraints(name)}
        uniques = {unique["name"] for unique in found.get_unique_constraints(name)}
        wanted = {str(one.name) for one in table.constraints if type(one).__name__ == "CheckConstraint"}
        assert checks == wanted
        assert uniques == {str(one.name) for one in table.constraints if type(one).__name__ == "UniqueConstraint"}


def test_down_leaves_nothing_and_up_works_again(engine: Engine) -> None:
    upgrade(engine)
    downgrade(engine, "base")
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    upgrade(engine)
    assert set(Base.metadata.tables) <= set(inspect(engine).get_table_names())


def test_upgrade_of_a_database_at_head_changes_nothing(engine: Engine) -> None:
    upgrade(engine)
    upgrade(engine)
    with engine.connect() as connection:
        assert current(connection) == head()


def test_failing_upgrade_leaves_sqlite_as_it_was(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/k.db")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE users (x)"))
    with pytest.raises(Exception, match="users"):
        upgrade(engine)
    assert [name for name in inspect(engine).get_table_names() if name != "alembic_version"] == ["users"]
    engine.dispose()


def test_revision_is_the_one_that_the_models_make(tmp_path: Path) -> None:
    """Until the first release there is one revision; ``python -m kartify.migrations.regenerate`` writes it anew."""
    made = regenerate(tmp_path)
    (kept,) = VERSIONS.glob("*.py")
    assert made.read_text() == kept.read_text(), "the models changed: python -m kartify.migrations.regenerate"


def test_no_migration_names_code_that_may_change() -> None:
    for revision in VERSIONS.glob("*.py"):
        assert "kartify" not in revision.read_text()


