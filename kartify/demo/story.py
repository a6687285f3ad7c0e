"""The story, headless: what must happen, checked by the API and by the books of those at the other ends."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select

from kartify.demo import chapters
from kartify.demo.chapters import Books, Chapter
from kartify.demo.players import Players
from kartify.demo.setup import prepare
from kartify.demo.simulators import SLUGS
from kartify.domain.errors import KartifyError
from kartify.flows.lookups import runs
from kartify.flows.proof import laws
from kartify.house import House
from kartify.models import Cron, table
from kartify.testing.serve import simulating

crons = table(Cron)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that was to happen, and whether it did."""

    good: bool
    title: str
    text: str

    def __str__(self) -> str:
        return f"{'✓' if self.good else '✗'} {self.title}: {self.text}"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


Tell = Callable[[Line], None]


def play(house: House, base_url: str, tell: Tell) -> None:
    """Everything is begun before anything is waited for, so that the story takes as long as its longest chapter."""
    with _world(house, base_url) as (world, books):
        begun = [(chapter, _tried(partial(chapter.begin, world))) for chapter in chapters.ALL]
        for chapter, problem in begun:
            tell(_line(chapter, problem, books, world))
        tell(_laws(house))


@contextmanager
def _world(house: House, base_url: str) -> Iterator[tuple[Players, Books]]:
    with ExitStack() as until_the_end, tempfile.TemporaryDirectory() as folder:
        running = {
            slug: until_the_end.enter_context(simulating(house.registry.simulators[slug])) for slug in SLUGS
        }
        demo = prepare(house, Path(folder), {slug: url for slug, (url, _) in running.items()})
        world = Players(base_url, demo)
        world.tell_oms_where_we_are()
        _hurry(house)
        yield world, Books(house=house, **{slug.replace("-", "_"): one for slug, (_, one) in running.items()})


def _hurry(house: House) -> None:
    """The order lookup cron of each gateway account, every 5 s."""
    with house.database.read() as connection:
        ids = list(connection.execute(select(crons.c.id).where(crons.c.name == "lookup")).scalars())
    for cron_id in ids:
        runs.set_cron(house, cron_id, schedule="every 5", zone="UTC", enabled=True)


def _tried(act: Callable[[], object]) -> KartifyError | None:
    try:
        act()
    except KartifyError as problem:
        return problem
    return None


def _line(chapter: Chapter, problem: KartifyError | None, books: Books, world: Players) -> Line:
    said: list[str] = []
    wrong = problem or _tried(lambda: said.append(chapter.end(world, books)))
    return Line(good=wrong is None, title=chapter.title, text=str(wrong) if wrong else said[0])


def _laws(house: House) -> Line:
    broken = laws.check(house)
    text = "; ".join(str(one) for one in broken) or f"all {len(laws.LAWS)} hold"
    return Line(good=not broken, title="The laws", text=text)
