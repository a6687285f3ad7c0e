"""FYND for the drill: it has every order beforehand, unpaid, and each delivery is one Confirm payment."""

from __future__ import annotations

import random
import threading
from types import SimpleNamespace
from typing import Any

from kartify_fynd.faults import Fault
from kartify_fynd.simulator import FyndSimulator

from kartify.plugin import SimulatorOptions

AFTER, BEFORE = (Fault.DROP, Fault.BROKEN), (Fault.ERROR, Fault.UNAVAILABLE, Fault.THROTTLE)


class Mix:
    """One answer in ten is lost after FYND has acted, some calls fail before."""

    seeded = False

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)

    def next(self, _call: str) -> Fault | None:
        drawn = self._dice.random()
        return self._dice.choice(AFTER) if drawn < 0.1 else self._dice.choice(BEFORE) if drawn < 0.16 else None

    def pause(self) -> float:
        return 0.0


class FyndAtWork:
    """As ``Restarting`` of the drill: one address, a new process behind it from time to time, tokens that end."""

    slug = "fynd"

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.url = ""
        self.stand_in: Any = None
        self._app: Any = None
        self._lock = threading.Lock()
        self._left = 0

    def start(self) -> None:
        before = self.stand_in
        self.stand_in = FyndSimulator(SimulatorOptions(base_url=self.url))
        self.stand_in.faults = Mix(self.dice.randrange(1_000_000))
        if before is not None:
            self.stand_in.world = before.world
        self._app, self._left = self.stand_in.app(), self.dice.randrange(150, 400)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self.start()
            elif self._left % 90 == 0:
                self.stand_in.expire_tokens()
            app = self._app
        return app(environ, start_response)

    def take(self, number: str, order_id: str, amount: int) -> None:
        self.stand_in.add_order(number, order_id, amount)

    @property
    def book(self) -> Any:
        """Each confirmation that had an effect, as an order that FYND has: what was confirmed twice is there twice."""
        world = self.stand_in.world
        return SimpleNamespace(orders=[
            SimpleNamespace(number=world.orders[name].number)
            for name, count in world.confirmed.items() for _ in range(count)
        ])
