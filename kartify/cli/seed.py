"""``kartify seed``: a crowd of invented orders, for measuring."""

from __future__ import annotations

import time

import click

from kartify.bench.crowd import ground
from kartify.bench.crowd.seed import seed as fill
from kartify.cli.house import open_house
from kartify.cli.output import json_option, show

_EVERY = 100_000


@click.command()
@click.option("--orders", type=click.IntRange(1, 10_000_000), default=10_000, show_default=True, help="How many.")
@click.option("--beside-real-orders", "anyway", is_flag=True, help="Although the database has orders already.")
@json_option
def seed(orders: int, anyway: bool, as_json: bool) -> None:
    """Invent orders with all that belongs to them, to measure how fast pages are.

    Three stores with paused accounts: nobody is ever called. It cannot be undone.
    """
    begun = time.monotonic()
    with open_house() as house:
        ground.refuse_real_orders(house, anyway=anyway)
        town = fill(house, orders, told=lambda done: _tell(done, orders))
    codes = [shop.code for shop in town.shops]
    seconds = round(time.monotonic() - begun, 1)
    text = (
        f"{orders} orders in {', '.join(codes)}, in {seconds:g} s. Their history is sealed by the next runs of "
        "the cron “Seal the history”; until it is, “kartify laws” says that rows wait."
    )
    show({"orders": orders, "stores": codes, "seconds": seconds}, as_json=as_json, text=text)


def _tell(done: int, orders: int) -> None:
    if done % _EVERY == 0 and done < orders:
        click.echo(f"{done} of {orders}", err=True)
