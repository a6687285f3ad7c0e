"""``kartify worker``: what calls partners."""

from __future__ import annotations

import click

from kartify import jobs
from kartify.cli.house import house_of
from kartify.cli.quiet import begin, quiet_option
from kartify.queue import QUEUE
from kartify.stack.worker import run_worker


@click.command()
@quiet_option
def worker(quiet: bool) -> None:
    """A worker: deliveries, lookups, everything that calls a partner. Start as many as you like."""
    settings = begin(quiet)
    with house_of(settings) as house:
        jobs.use(house)
        run_worker([QUEUE], settings.redis_url, beat=lambda: jobs.beat("worker"))
