"""The command line: one group, each command in a module of its own that is loaded when it is called."""

from __future__ import annotations

import click

from kartify.cli.group import LazyGroup

COMMANDS = {
    "up": "kartify.cli.up:up",
    "story": "kartify.cli.story:story",
    "simulate": "kartify.cli.simulate:simulate",
    "db": "kartify.cli.db:db",
    "doctor": "kartify.cli.doctor:doctor",
    "store": "kartify.cli.stores:store",
    "account": "kartify.cli.accounts:account",
    "apikey": "kartify.cli.people:apikey",
    "user": "kartify.cli.people:user",
    "order": "kartify.cli.orders:order",
    "web": "kartify.cli.processes:web",
    "worker": "kartify.cli.worker:worker",
    "clock": "kartify.cli.processes:clock",
    "lookup": "kartify.cli.work:lookup",
    "deliver": "kartify.cli.work:deliver",
    "tick": "kartify.cli.work:tick",
    "plugins": "kartify.cli.plugins:plugins",
    "laws": "kartify.cli.laws:laws",
    "seed": "kartify.cli.seed:seed",
}


@click.group(
    cls=LazyGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
def main() -> None:
    """Every paid order is recognised exactly once and reaches fulfilment exactly once.

    Where the environment names no database, commands use the embedded one in KARTIFY_HOME (./.kartify).
    """
