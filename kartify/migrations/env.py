"""Run by Alembic: from ``kartify.migrations.run``, or from Flask-Migrate's ``flask db``."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import Engine

from kartify.migrations.run import COMPARE
from kartify.models import Base


def _engine() -> Engine:
    given = context.config.attributes.get("engine")
    return given if given is not None else current_app.extensions["migrate"].db.engine


def _offline() -> None:
    context.configure(url=_engine().url, target_metadata=Base.metadata, literal_binds=True, **COMPARE)
    with context.begin_transaction():
        context.run_migrations()


def _online() -> None:
    with _engine().connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata, **COMPARE)
        with context.begin_transaction():
            context.run_migrations()


_offline() if context.is_offline_mode() else _online()
