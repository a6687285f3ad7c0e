"""``kartify story``: the whole story, headless, against an embedded stack of its own."""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path

import click

from kartify.cli import embedded
from kartify.cli.here import VARIABLES, set_logging
from kartify.cli.house import house_of
from kartify.cli.output import json_option, show
from kartify.demo import simulators
from kartify.demo.story import Line, play
from kartify.settings import Settings


@click.command()
@json_option
def story(as_json: bool) -> None:
    """Play the story in a temporary home on free ports; prints what happened, exits 0 or 1."""
    set_logging(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="kartify-story-") as folder:
        lines = _play(_settings(Path(folder)), silent=as_json)
    good = all(line.good for line in lines)
    told = "The story holds." if good else "The story does not hold: see the lines with ✗."
    show({"ok": good, "lines": [line.as_dict() for line in lines]}, as_json=as_json, text=told)
    if not good:
        raise click.exceptions.Exit(1)


def _settings(home: Path) -> Settings:
    """The environment's own database and keys stay out of it."""
    port = simulators.free_port()
    os.environ.update({**dict.fromkeys(VARIABLES, ""), "KARTIFY_PORT": str(port)})
    return Settings.embedded(home)


def _play(settings: Settings, *, silent: bool) -> list[Line]:
    lines: list[Line] = []

    def tell(line: Line) -> None:
        lines.append(line)
        if not silent:
            click.echo(str(line))

    with embedded.stack(settings, say=lambda name, line: click.echo(f"{name}: {line}", err=True)):
        with house_of(settings) as house:
            play(house, embedded.local_url(settings), tell)
    return lines
