"""``kartify db``: migrations."""

from __future__ import annotations

import logging

import click
from sqlalchemy import Engine

from kartify.cli.here import set_logging, settings_here
from kartify.cli.output import json_option, show
from kartify.database import make_engine
from kartify.migrations.run import current, head, upgrade


@click.group()
def db() -> None:
    """Bring the database to this version."""


@db.command("upgrade")
@json_option
def upgrade_command(as_json: bool) -> None:
    """Run the migrations. Without any setting it makes the embedded database."""
    set_logging(logging.WARNING)
    engine = make_engine(settings_here(make=True).sqlalchemy_url)
    try:
        before = revision(engine)
        upgrade(engine)
    finally:
        engine.dispose()
    text = f"at {head()} already" if before == head() else f"from {before or 'an empty database'} to {head()}"
    show({"before": before, "now": head()}, as_json=as_json, text=text)


def revision(engine: Engine) -> str | None:
    with engine.connect().execution_options(kartify_read=True) as connection:
        return current(connection)
