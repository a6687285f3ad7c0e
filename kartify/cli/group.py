"""A click group that loads a command when it is called, and turns our errors into one sentence."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError, SQLAlchemyError

from kartify.domain.errors import KartifyError
from kartify.registry import BrokenPlugins
from kartify.settings import BrokenSettings
from kartify.stack.places import Busy, Misplaced
from kartify.stack.redis_server import NoRedis

SENTENCES = (KartifyError, BrokenSettings, BrokenPlugins, Busy, Misplaced, NoRedis)
_NO_TABLES = ("no such table", "no such column", "does not exist")


class LazyGroup(click.Group):
    """``lazy`` names commands as "module:attribute": ``kartify order show`` need not load the web server."""

    def __init__(self, *args: Any, lazy: Mapping[str, str], **options: Any) -> None:
        super().__init__(*args, **options)
        self._lazy = dict(lazy)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._lazy:
            return None
        module, _, attribute = self._lazy[cmd_name].partition(":")
        found = getattr(importlib.import_module(module), attribute)
        assert isinstance(found, click.Command)
        return found

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SENTENCES as problem:
            raise click.ClickException(str(problem)) from problem
        except SQLAlchemyError as problem:
            raise click.ClickException(_of_database(problem)) from problem


def _of_database(problem: SQLAlchemyError) -> str:
    """Never with the statement, whose parameters may be anything."""
    told = str(problem.orig).splitlines()[0] if isinstance(problem, DBAPIError) else type(problem).__name__
    old = isinstance(problem, OperationalError | ProgrammingError) and any(text in told for text in _NO_TABLES)
    if old:
        return "The database has no tables yet, or older ones: run 'kartify db upgrade'."
    return f"The database cannot be used: {told}"
