"""``python -m kartify.bench pages``: how fast the admin answers at size, beside an empty page in the same run.

Brings up PostgreSQL and the web server, seeds a crowd of orders, signs in as each role, and reads every list, filter,
kind of search and the home page a number of times.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from kartify.bench.browse import Visitor
from kartify.bench.crowd.seed import seed
from kartify.bench.page_list import pages
from kartify.bench.stand import Stand, stand
from kartify.flows.people import users

LIMIT_MS = 300.0
ROLES = ("viewer", "support", "admin")
PASSWORD = "a password for measuring"
WARM_UP = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """``took``: milliseconds of each reading, sorted."""

    role: str
    name: str
    path: str
    took: tuple[float, ...]

    def percentile(self, share: float) -> float:
        return self.took[min(len(self.took) - 1, int(len(self.took) * share))]

    @property
    def late(self) -> bool:
        return self.percentile(0.95) > LIMIT_MS

    def as_dict(self) -> dict[str, object]:
        return {"role": self.role, "page": self.name, "path": self.path, "p50_ms": round(self.percentile(0.5), 1),
                "p95_ms": round(self.percentile(0.95), 1)}


@click.command("pages", help=__doc__)
@click.option("--orders", default=1_000_000, show_default=True, help="How many to seed.")
@click.option("--times", default=30, show_default=True, help="How often each page is read.")
@click.option("--role", "roles", multiple=True, type=click.Choice(ROLES), help="Only as this one; may be repeated.")
@click.option("--keep", type=click.Path(path_type=Path), help="A folder whose database is kept and used again.")
@click.option("--json", "as_json", is_flag=True, help="Print machine-readable JSON.")
def main(orders: int, times: int, roles: tuple[str, ...], keep: Path | None, as_json: bool) -> None:
    with _home(keep) as home, stand(home, serves="kartify.bench.served:application", database="crowd") as ground:
        seeded = _seeded(ground, orders, told=not as_json)
        found = [one for role in roles or ROLES for one in _read(ground, role, times)]
    late = [one for one in found if one.late]
    _report(found, late, seeded, as_json=as_json)
    sys.exit(1 if late else 0)


@contextmanager
def _home(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="kartify-bench-") as folder:
        yield Path(folder)


def _seeded(ground: Stand, orders: int, *, told: bool) -> int:
    """How many there are: a kept database is not seeded twice."""
    there = ground.orders()
    if there:
        return there
    seed(ground.house, orders, told=lambda done: _tell(done, orders) if told else None)
    for role in ROLES:
        users.create_user(ground.house, f"{role}@bench.example", role, PASSWORD)
    ground.analyze()
    return orders


def _tell(done: int, orders: int) -> None:
    if done % 100_000 == 0:
        click.echo(f"seeded {done} of {orders}", err=True)


def _read(ground: Stand, role: str, times: int) -> list[Measured]:
    visitor = Visitor(ground.port, role)
    visitor.sign_in(f"{role}@bench.example", PASSWORD)
    return [_measure(visitor, name, path, times) for name, path in pages(ground.house).items()]


def _measure(visitor: Visitor, name: str, path: str, times: int) -> Measured:
    took = []
    for turn in range(WARM_UP + times):
        status, text, seconds = visitor.read(path)
        if status not in _GOOD:
            raise RuntimeError(f"{name} ({path}) answered {status} as {visitor.role}: {text[:300]}")
        if turn >= WARM_UP:
            took.append(1000 * seconds)
    return Measured(role=visitor.role, name=name, path=path, took=tuple(sorted(took)))


# A search that finds one order leads to its page; a role may lack the right to a list.
_GOOD = (200, 303, 403)


def _report(found: list[Measured], late: list[Measured], orders: int, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({
            "bench": "pages", "orders": orders, "limit_ms": LIMIT_MS, "late": len(late),
            "pages": [one.as_dict() for one in found],
        }, indent=2))
        return
    click.echo(f"{'role':<9}{'page':<44}{'p50 ms':>9}{'p95 ms':>9}")
    for one in found:
        mark = "  over the limit" if one.late else ""
        click.echo(f"{one.role:<9}{one.name:<44}{one.percentile(0.5):>9.1f}{one.percentile(0.95):>9.1f}{mark}")
    empty = max(one.percentile(0.95) for one in found if one.name == "empty page")
    slowest = max(found, key=lambda one: one.percentile(0.95))
    click.echo(
        f"{orders} orders: {len(found)} pages, {len(late)} over {LIMIT_MS:g} ms at p95; the slowest is "
        f"{slowest.name} ({slowest.percentile(0.95):.0f} ms), an empty page took {empty:.1f} ms"
    )


__all__ = ["Measured", "main"]
