"""``kartify simulate``: a local stand-in for a gateway or an OMS."""

from __future__ import annotations

import logging
import signal
import threading

import click

from kartify import registry
from kartify.cli.here import set_logging
from kartify.cli.output import json_option, lines, show
from kartify.domain.errors import NotFound
from kartify.stack.watch import watch_parent
from kartify.stack.web import port_problem
from kartify.testing.serve import simulating


@click.command()
@click.argument("slug")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0, the default: any free one.")
@click.option("--faults", type=int, metavar="SEED", help="Misbehave, always the same way for the same seed.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@json_option
def simulate(slug: str, port: int, faults: int | None, quiet: bool, as_json: bool) -> None:
    """Run the stand-in of plugin SLUG until Ctrl-C; prints the settings of an account that talks to it."""
    set_logging(logging.WARNING)
    known = registry.load().simulators
    kind = known.get(slug) or known.get(slug.replace("_", "-"))
    if kind is None:
        raise NotFound(f"there is no simulator '{slug}'; there are: {', '.join(sorted(known)) or 'none'}")
    if port and port_problem("127.0.0.1", port, patience=2.0):
        raise click.ClickException(f"port {port} of 127.0.0.1 is taken: choose another with --port")
    watch_parent()
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    with simulating(kind, faults=faults, port=port) as (url, simulator):
        settings = simulator.settings()
        text = f"{kind.slug} at {url}\n\n{lines(settings)}\n\nCtrl-C ends it."
        if not quiet:
            show({"slug": kind.slug, "base_url": url, "settings": settings}, as_json=as_json, text=text)
        done.wait()
