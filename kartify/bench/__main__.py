"""``python -m kartify.bench``: W1, N missing orders and their signed webhooks, beside pgbench in the same run."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from sqlalchemy import event

from kartify.bench import cpu, pages, yardstick
from kartify.bench import town as towns
from kartify.bench.exact import inexact
from kartify.bench.load import Driven, drive
from kartify.bench.stand import Stand, stand
from kartify.bench.town import Town
from kartify.flows.receiving import receive
from kartify.house import House
from kartify.plugin.partner import Inbound

WARM_UP, COUNTED = 200, 5
GOAL, AIM = 0.2, 0.38


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """``webhook_cpu`` and ``transaction_cpu``: milliseconds of CPU of one, of server and database together."""

    driven: Driven
    tps: float
    webhook_cpu: float
    transaction_cpu: float

    @property
    def ratio(self) -> float:
        return self.driven.rate / self.tps

    @property
    def cpu_ratio(self) -> float:
        """What the ratio is where nobody else uses the machine and CPU is what runs out."""
        return self.transaction_cpu / self.webhook_cpu if self.webhook_cpu else 0.0


@click.group(help=__doc__, invoke_without_command=True)
@click.option("--orders", default=4_000, show_default=True, help="Orders in each round.")
@click.option("--rounds", default=3, show_default=True, help="Rounds, each beside a run of pgbench.")
@click.option("--seconds", default=4, show_default=True, help="Length of each run of pgbench.")
@click.pass_context
def main(ctx: click.Context, orders: int, rounds: int, seconds: int) -> None:
    if ctx.invoked_subcommand is None:
        _settling(orders, rounds, seconds)


main.add_command(pages.main)


def _settling(orders: int, rounds: int, seconds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="kartify-bench-") as home, stand(Path(home)) as ground:
        total = WARM_UP + rounds * orders + COUNTED
        town = towns.found(ground.house)
        towns.fill(ground.house, town, range(total))
        script = yardstick.prepare(ground.url, Path(home))
        drive(ground.port, list(towns.requests(town, range(WARM_UP), seed=0)))
        ground.analyze()
        starts = range(WARM_UP, WARM_UP + rounds * orders, orders)
        found = [_round(ground, town, script, range(start, start + orders), seconds=seconds) for start in starts]
        commands = _commands(ground.house, town, range(total - COUNTED, total))
        repeated = [round(size * towns.REPEATED) for size in (WARM_UP, *[orders] * rounds)]
        problems = inexact(ground.house, paid=total, duplicates=sum(repeated) + COUNTED)
    _report(found, commands, problems, orders)
    sys.exit(1 if problems else 0)


def _round(ground: Stand, town: Town, script: Path, numbers: range, *, seconds: int) -> Round:
    requests = list(towns.requests(town, numbers, seed=numbers.start))
    ground.checkpoint()
    before = cpu.below()
    driven = drive(ground.port, requests)
    webhooks = cpu.below() - before
    ground.checkpoint()
    before = cpu.below() + cpu.ended()
    tps = yardstick.measure(ground.url, script, seconds)
    transactions = cpu.below() + cpu.ended() - before
    return Round(
        driven=driven, tps=tps, webhook_cpu=1000 * webhooks / len(requests),
        transaction_cpu=1000 * transactions / (tps * seconds),
    )


def _commands(house: House, town: Town, numbers: range) -> dict[str, float]:
    """SQL commands a webhook, begin and commit too, with a warm account; of its exact duplicate as well."""
    house.accounts.get(town.gateway)
    seen: list[str] = []
    hooks: dict[str, Any] = {
        "before_cursor_execute": lambda *_: seen.append("statement"),
        "begin": lambda *_: seen.append("begin"),
        "commit": lambda *_: seen.append("commit"),
    }
    for name, hook in hooks.items():
        event.listen(house.database.engine, name, hook)
    counts: dict[str, list[int]] = {"settled": [], "duplicate": []}
    for number in numbers:
        body = towns.body(number)
        message = Inbound(
            method="POST", path=f"/webhooks/{town.gateway}", headers=towns.headers(number, body), body=body
        )
        for _ in range(2):
            seen.clear()
            counts[receive.webhook(house, town.gateway, message).word].append(len(seen))
    for name, hook in hooks.items():
        event.remove(house.database.engine, name, hook)
    return {word: statistics.mean(found) for word, found in counts.items()}


def _report(rounds: list[Round], commands: dict[str, float], problems: list[str], orders: int) -> None:
    click.echo("round   webhooks/s   pgbench tps   ratio    p50 ms    p99 ms   CPU ms each   CPU ratio   answers")
    for number, one in enumerate(rounds, 1):
        driven = one.driven
        click.echo(
            f"{number:>5}{driven.rate:>13.0f}{one.tps:>14.0f}{one.ratio:>8.3f}{driven.percentile(0.5):>10.1f}"
            f"{driven.percentile(0.99):>10.1f}{one.webhook_cpu:>7.2f}{one.transaction_cpu:>7.2f}{one.cpu_ratio:>12.3f}"
            f"   {driven.statuses}"
        )
    click.echo(f"SQL commands a webhook: {commands['settled']:g} settled, {commands['duplicate']:g} duplicate")
    click.echo("\n".join(problems) if problems else "exact: each order is processing, settled, moved and due once")
    click.echo(json.dumps({
        "bench": "W1", "ratio": round(statistics.median(one.ratio for one in rounds), 3), "goal": GOAL, "aim": AIM,
        "cpu_ratio": round(statistics.median(one.cpu_ratio for one in rounds), 3),
        "webhooks_per_second": round(statistics.median(one.driven.rate for one in rounds)),
        "pgbench_tps": round(statistics.median(one.tps for one in rounds)),
        "p50_ms": round(statistics.median(one.driven.percentile(0.5) for one in rounds), 1),
        "p99_ms": round(statistics.median(one.driven.percentile(0.99) for one in rounds), 1),
        "commands": commands, "orders": orders, "rounds": len(rounds), "exact": not problems,
    }))


if __name__ == "__main__":
    main()
