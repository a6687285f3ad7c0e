"""The story's chapters: how each begins, and how it must have ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select

from kartify.demo import scenes
from kartify.demo.goods import order
from kartify.demo.players import Players, Unexpected, wait_for
from kartify.demo.setup import FYND_SHOP
from kartify.domain.money import display
from kartify.house import House
from kartify.models import InboxMessage, Order, OrderMove, Settlement, table

orders, moves, settlements, inbox = table(Order), table(OrderMove), table(Settlement), table(InboxMessage)
FYND_ID: Final = "FY65S9007A0B1C2D3E4F"


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Our rows, and the simulators' own books."""

    house: House
    sandbox: Any
    sandbox_oms: Any
    fynd: Any

    def channel(self, number: str) -> str:
        """By which channel the order became processing; exactly one move must have done it."""
        found = select(moves.c.channel).join(orders, orders.c.id == moves.c.order_id).where(
            orders.c.number == number, moves.c.target == "processing"
        )
        channels = list(self._read(found).scalars())
        must(len(channels) == 1, f"{number} became processing {len(channels)} times")
        return str(channels[0])

    def settlements(self, number: str) -> int:
        found = select(func.count()).select_from(settlements.join(orders, orders.c.id == settlements.c.order_id))
        return int(self._read(found.where(orders.c.number == number)).scalar_one())

    def duplicates(self) -> int:
        return int(self._read(select(func.coalesce(func.sum(inbox.c.duplicates), 0))).scalar_one())

    def _read(self, query: Any) -> Any:
        with self.house.database.read() as connection:
            return connection.execute(query).freeze()()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """``end`` gives the sentence of what happened. Raises ``Unexpected`` where it did not."""

    title: str
    begin: Callable[[Players], object]
    end: Callable[[Players, Books], str]


def must(good: bool, otherwise: str) -> None:
    """Raises ``Unexpected``."""
    if not good:
        raise Unexpected(otherwise)


def _missing(world: Players, _: Books) -> str:
    found = world.order("S9001")
    must(found["status"] == "missing", f"S9001 is {found['status']}")
    must(found["payment"]["next"]["type"] == "redirect", "the customer was not sent to the pay page")
    return f"S9001 is missing, {display(found['due'], found['currency'])} due, the pay page is open"


def _delivered(number: str, channel: str) -> Callable[[Players, Books], str]:
    def end(world: Players, books: Books) -> str:
        found = world.until(number, "processing", seconds=40)
        told = books.channel(number)
        must(told == channel, f"{number} became processing by {told}, not by {channel}")
        must(books.settlements(number) == 1, f"{number} has {books.settlements(number)} settlements")
        _once_at_oms(world, number)
        return f"{number} missing → processing by {channel}, {display(found['due'], 'INR')}; the OMS has it once"

    return end


def _once_at_oms(world: Players, number: str) -> None:
    world.until_at_oms(number)
    count = world.at_oms(number)
    must(count == 1, f"the OMS has {number} {count} times")


def _cod(world: Players, books: Books) -> str:
    found = world.until("S9005", "processing")
    must(found["basis"] == "cod", f"S9005 stands on {found['basis']}")
    must(books.settlements("S9005") == 0, "a COD order has a settlement")
    _once_at_oms(world, "S9005")
    return "S9005 placed → processing, no gateway involved; the OMS has it once"


def _five_webhooks(world: Players, books: Books) -> str:
    world.until("S9006", "processing")
    wait_for(lambda: books.duplicates() >= 4, "the copies of the webhook did not arrive")
    must(books.settlements("S9006") == 1, "S9006 was settled more than once")
    books.channel("S9006")
    _once_at_oms(world, "S9006")
    return "S9006: five equal webhooks, one settlement, one move, once at the OMS"


def _begin_fynd(world: Players) -> None:
    made = world.order_at_fynd(order("S9007"), FYND_ID)
    done = world.pay(made, webhook_copies=3)
    world.come_back(done["callback"])


def _fynd(world: Players, books: Books) -> str:
    world.until("S9007", "processing", store=FYND_SHOP)
    wait_for(lambda: books.fynd.confirmed[FYND_ID], "FYND was not told of the payment")
    count = books.fynd.confirmed[FYND_ID]
    must(count == 1, f"Confirm payment had {count} effects at FYND")
    return "S9007: webhook three times and callback twice, Confirm payment at FYND exactly once"


def _begin_dropped(world: Players) -> None:
    """The OMS takes the next order and drops its answer. Begun first, so that the next order is this one."""
    world.oms(mode="drop_after_accept", times=1)
    scenes.paid(world, "S9008")
    wait_for(lambda: world.at_oms("S9008"), "the OMS did not get S9008")


def _dropped(world: Players, books: Books) -> str:
    receipt = wait_for(lambda: world.order("S9008")["oms_order_id"], "S9008 got no receipt", seconds=45)
    must(world.at_oms("S9008") == 1, f"the OMS has S9008 {world.at_oms('S9008')} times")
    must(books.sandbox_oms.calls["find"] >= 1, "the OMS was not asked before anything was repeated")
    return f"S9008: the answer was lost after the OMS took it; looked up as {receipt}, not pushed twice"


ALL: Final[tuple[Chapter, ...]] = (
    Chapter(title="The OMS drops its answer", begin=_begin_dropped, end=_dropped),
    Chapter(title="Confirm Order", begin=lambda world: scenes.unpaid(world, "S9001"), end=_missing),
    Chapter(title="Webhook", begin=lambda world: world.pay(world.confirm(order("S9002")), returns=False),
            end=_delivered("S9002", "webhook")),
    Chapter(title="Webhook lost", begin=lambda world: scenes.callback_only(world, "S9003"),
            end=_delivered("S9003", "callback")),
    Chapter(title="Both lost", begin=lambda world: scenes.lost(world, "S9004"), end=_delivered("S9004", "lookup")),
    Chapter(title="Cash on delivery", begin=lambda world: scenes.cod(world, "S9005"), end=_cod),
    Chapter(title="Duplicates", begin=lambda world: scenes.webhook_five_times(world, "S9006"), end=_five_webhooks),
    Chapter(title="FYND", begin=_begin_fynd, end=_fynd),
)
