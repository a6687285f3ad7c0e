"""What needs no house, in production: ``kartify web`` (its own workers have one) and ``kartify clock``."""

from __future__ import annotations

import os

import click

from kartify.cli.here import as_environment
from kartify.cli.quiet import begin, quiet_option
from kartify.stack.clock import run_clock
from kartify.stack.web import run_web


@click.command()
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True)
@click.option("--threads", type=click.IntRange(1, 64), default=4, show_default=True)
@quiet_option
def web(workers: int, threads: int, quiet: bool) -> None:
    """The web server: storefront API, webhooks, callbacks, admin."""
    settings = begin(quiet)
    os.environ.update(as_environment(settings))  # its own workers read it
    target = f"kartify.cli.served:{'quiet' if quiet else 'application'}"
    run_web(target, host=settings.host, port=settings.port, workers=workers, threads=threads)


@click.command()
@quiet_option
def clock(quiet: bool) -> None:
    """The clock: wakes a worker every second. One is enough, two do no harm."""
    run_clock(begin(quiet).redis_url)
