"""Migrations without a web application: for the command line, tests and the ready check."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Connection, DefaultClause, Engine
from sqlalchemy.sql.elements import False_, True_

from kartify.models import Utc

HERE = Path(__file__).parent


def config(engine: Engine | None = None) -> Config:
    made = Config(str(HERE / "alembic.ini"))
    made.set_main_option("script_location", str(HERE))
    made.attributes["engine"] = engine
    return made


def upgrade(engine: Engine, revision: str = "head") -> None:
    command.upgrade(config(engine), revision)


def downgrade(engine: Engine, revision: str) -> None:
    command.downgrade(config(engine), revision)


@lru_cache(maxsize=1)
def head() -> str | None:
    return ScriptDirectory.from_config(config()).get_current_head()


def current(connection: Connection) -> str | None:
    """Where this database is; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def _render(kind: str, item: Any, _context: Any) -> str | bool:
    """Types of ours as what they are in the database: a revision must not change with the code."""
    if kind == "type" and isinstance(item, Utc):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, JSON):
        return "Json"
    if kind == "server_default" and isinstance(item, DefaultClause) and isinstance(item.arg, False_ | True_):
        # Written for the database at hand it would be 0 or 1, which PostgreSQL does not take.
        return "sa.false()" if isinstance(item.arg, False_) else "sa.true()"
    return False


# What every comparison of models and database goes by. SQLite's data definition is transactional, since our engines
# begin explicitly.
COMPARE: dict[str, Any] = {
    "compare_type": True, "compare_server_default": False, "render_as_batch": True, "render_item": _render,
    "transactional_ddl": True,
}
