"""One process each, for production: ``kartify web``, ``kartify worker``, ``kartify clock``."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from kartify import jobs
from kartify.cli.house import as_environment, house_of, set_logging, settings_here
from kartify.queue import QUEUE
from kartify.settings import Settings
from kartify.stack.clock import run_clock
from kartify.stack.web import run_web
from kartify.stack.worker import run_worker

F = TypeVar("F", bound=Callable[..., Any])


def quiet_option(command: F) -> F:
    return click.option("--quiet", is_flag=True, help="Log warnings and errors only.")(command)


def _begin(quiet: bool) -> Settings:
    set_logging(logging.WARNING if quiet else logging.INFO)
    return settings_here()


@click.command()
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True)
@click.option("--threads", type=click.IntRange(1, 64), default=4, show_default=True)
@quiet_option
def web(workers: int, threads: int, quiet: bool) -> None:
    """The web server: storefront API, webhooks, callbacks, admin."""
    settings = _begin(quiet)
    os.environ.update(as_environment(settings))  # its own workers read it
    target = f"kartify.cli.served:{'quiet' if quiet else 'application'}"
    run_web(target, host=settings.host, port=settings.port, workers=workers, threads=threads)


@click.command()
@quiet_option
def worker(quiet: bool) -> None:
    """A worker: deliveries, lookups, everything that calls a partner. Start as many as you like."""
    settings = _begin(quiet)
    with house_of(settings) as house:
        jobs.use(house)
        run_worker([QUEUE], settings.redis_url, beat=lambda: jobs.beat("worker"))


@click.command()
@quiet_option
def clock(quiet: bool) -> None:
    """The clock: wakes a worker every second. One is enough, two do no harm."""
    run_clock(_begin(quiet).redis_url)
