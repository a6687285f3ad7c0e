"""What happens to the demo's orders: played through the doors, nothing is painted into the tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from kartify.demo.goods import order
from kartify.demo.players import Players

Scene = Callable[[Players, str], None]


def paid(world: Players, number: str) -> None:
    world.pay(world.confirm(order(number)))


def shipped(world: Players, number: str) -> None:
    paid(world, number)
    world.until_at_oms(number)
    world.news("shipped", number)


def delivered(world: Players, number: str) -> None:
    shipped(world, number)
    world.news("delivered", number)


def callback_only(world: Players, number: str) -> None:
    world.pay(world.confirm(order(number)), lose_webhook=True)


def lost(world: Players, number: str) -> None:
    """Paid, but neither the browser nor the webhook came: the order lookup finds it."""
    world.pay(world.confirm(order(number)), lose_webhook=True, lose_callback=True)


def unpaid(world: Players, number: str) -> None:
    """The customer closed the page."""
    world.confirm(order(number))


def pending(world: Players, number: str) -> None:
    """A UPI request that nobody has answered yet."""
    world.pay(world.confirm(order(number)), "pending")


def underpaid(world: Players, number: str) -> None:
    world.pay(world.confirm(order(number)), "pay_wrong")


def overpaid(world: Players, number: str) -> None:
    world.pay(world.confirm(order(number)), "pay_wrong", more=True)


def paid_twice(world: Players, number: str) -> None:
    world.pay(world.confirm(order(number)), "pay_twice")


def second_try(world: Players, number: str) -> None:
    made = world.confirm(order(number))
    world.pay(made, "fail", method="card")
    world.pay(made, method="upi")


def failed(world: Players, number: str) -> None:
    """The only attempt failed and the session is over: the clock concludes it after a minute of quiet."""
    made = world.confirm(order(number))
    world.pay(made, "fail", method="card")
    world.close_session(made)


def authorised(world: Players, number: str) -> None:
    """For less than is due: it must not be captured."""
    made = world.confirm(order(number))
    world.pay(made, "authorize", amount=made["due"] - made["due"] // 5, method="card")


def captured_later(world: Players, number: str) -> None:
    """Authorised for what is due: we capture it."""
    world.pay(world.confirm(order(number)), "authorize", method="card")


def cod(world: Players, number: str) -> None:
    world.confirm(order(number, method="cod"))
    world.place(number)


def cod_cancelled(world: Players, number: str) -> None:
    cod(world, number)
    world.until_at_oms(number)
    world.cancel(number, "ordered by mistake")


def refunded(world: Players, number: str) -> None:
    done = world.pay(world.confirm(order(number)))
    world.until(number, "processing")
    world.at_bank(done["charges"][0]["id"], "refund")


def oms_cancelled(world: Players, number: str) -> None:
    """The OMS has no stock: the money is to be refunded."""
    paid(world, number)
    world.until_at_oms(number)
    world.news("cancelled", number)


def webhook_five_times(world: Players, number: str) -> None:
    world.pay(world.confirm(order(number)), webhook_copies=5)


def nothing_due(world: Players, number: str) -> None:
    body = order(number)
    world.confirm({**body, "tenders": [{"kind": "store_credit", "amount": body["total"], "reference": "SC-1"}]})
    world.place(number)


def refused_by_oms(world: Players, number: str) -> None:
    """The OMS does not know the SKU: a person must look."""
    body = order(number)
    lines = [{**body["lines"][0], "sku": "BAD-SKU"}, *body["lines"][1:]]
    world.pay(world.confirm({**body, "lines": lines}))


def at_fynd(world: Players, number: str) -> None:
    made = world.order_at_fynd(order(number), f"FY65{number}A0B1C2")
    world.pay(made)


def at_fynd_lost(world: Players, number: str) -> None:
    made = world.order_at_fynd(order(number), f"FY65{number}A0B1C2")
    world.pay(made, lose_webhook=True, lose_callback=True)


def at_fynd_unpaid(world: Players, number: str) -> None:
    """Left for *Confirm payment* by hand."""
    world.order_at_fynd(order(number), f"FY65{number}A0B1C2")


OPENING: Final[Mapping[str, Scene]] = {
    "K1001": delivered, "K1002": shipped, "K1003": cod, "K1004": callback_only, "K1005": lost, "K1006": unpaid,
    "K1007": lost, "K1008": underpaid, "K1009": paid_twice, "K1010": second_try, "K1011": authorised,
    "K1012": captured_later, "K1013": failed, "K1014": cod_cancelled, "K1015": refunded, "K1016": oms_cancelled,
    "K1017": webhook_five_times, "K1018": pending, "K1019": nothing_due, "K1020": refused_by_oms, "K1021": overpaid,
}
AT_FYND: Final[Mapping[str, Scene]] = {"F2001": at_fynd, "F2002": at_fynd_lost, "F2003": at_fynd_unpaid}
# What goes on afterwards, the usual more often than the rest.
DAILY: Final[tuple[Scene, ...]] = (
    paid, paid, callback_only, lost, lost, shipped, cod, second_try, unpaid, webhook_five_times, delivered,
)
