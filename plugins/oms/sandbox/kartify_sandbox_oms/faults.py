"""How the sandbox OMS misbehaves: by command, so many times, or by a seeded mixture."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Behaviour(StrEnum):
    ACCEPT = "accept"  # does what is asked
    REJECT = "reject"  # a validation error (422); for cancel and hold "too late" (409)
    STALL = "stall"  # does it, answers late
    STALL_BEFORE = "stall_before"  # waits, then does it: the work is done after the caller has given up
    DROP_AFTER_ACCEPT = "drop_after_accept"  # does it, closes the connection without an answer
    DROP_BEFORE = "drop_before"  # closes the connection and does nothing
    ERROR_500 = "error_500"
    ERROR_503 = "error_503"
    THROTTLE = "throttle"  # 429 with Retry-After
    DENY = "deny"  # 401, as if the key were revoked
    GARBLE = "garble"  # does it, answers 200 with an HTML page


class Call(StrEnum):
    """What the OMS is asked for."""

    PUSH = "push"
    CANCEL = "cancel"
    HOLD = "hold"
    UNHOLD = "unhold"
    FIND = "find"
    GET = "get"
    TEST = "test"


# Of a hundred calls. A lookup, which changes nothing, misbehaves in fewer ways.
MIXTURE: dict[Behaviour, int] = {
    Behaviour.ACCEPT: 62,
    Behaviour.DROP_AFTER_ACCEPT: 10,
    Behaviour.DROP_BEFORE: 8,
    Behaviour.ERROR_500: 6,
    Behaviour.ERROR_503: 4,
    Behaviour.THROTTLE: 4,
    Behaviour.GARBLE: 3,
    Behaviour.STALL: 3,
}
READING = frozenset({Call.FIND, Call.GET, Call.TEST})
PLAIN = {Behaviour.DROP_AFTER_ACCEPT: Behaviour.DROP_BEFORE, Behaviour.STALL: Behaviour.ACCEPT}


@dataclass
class _Ordered:
    behaviour: Behaviour
    on: frozenset[Call]
    left: int | None

    def __str__(self) -> str:
        times = "" if self.left is None else f" ({self.left} more)"
        return f"{self.behaviour}{times} on {', '.join(sorted(self.on))}"


class Faults:
    """Counted commands are used up first, in order; then the standing one; else the mixture, else *accept*."""

    def __init__(self, seed: int | None) -> None:
        self._lock = threading.Lock()
        self._counted: list[_Ordered] = []
        self._standing: _Ordered | None = None
        self._dice = None if seed is None else random.Random(seed)

    def order(self, behaviour: Behaviour, *, times: int | None, on: Iterable[Call]) -> None:
        """``times`` None replaces everything that was commanded and lasts; a count joins the queue."""
        command = _Ordered(behaviour, frozenset(on), times)
        with self._lock:
            if times is None:
                self._counted.clear()
                self._standing = command
            elif times > 0:
                self._counted.append(command)

    def clear(self) -> None:
        with self._lock:
            self._counted.clear()
            self._standing = None

    def take(self, call: Call) -> Behaviour:
        """How to behave now."""
        with self._lock:
            for command in self._counted:
                if call in command.on:
                    return self._use(command)
            if self._standing is not None and call in self._standing.on:
                return self._standing.behaviour
            return self._draw(call)

    def describe(self) -> list[str]:
        with self._lock:
            commands = [*self._counted, *filter(None, [self._standing])]
            mixture = ["a seeded mixture"] if self._dice else ["accept"]
            return [str(command) for command in commands] or mixture

    def _use(self, command: _Ordered) -> Behaviour:
        command.left = (command.left or 1) - 1
        if not command.left:
            self._counted.remove(command)
        return command.behaviour

    def _draw(self, call: Call) -> Behaviour:
        if self._dice is None:
            return Behaviour.ACCEPT
        [drawn] = self._dice.choices(list(MIXTURE), weights=list(MIXTURE.values()))
        return PLAIN.get(drawn, drawn) if call in READING else drawn
