"""Wakes are noted in memory and sent from a thread."""

from __future__ import annotations

import threading
import time

from kartify.web.wakes import CoalescedWaker


class Bell:
    """A waker that writes down what it hears, slowly if it is told to."""

    def __init__(self, wait: float = 0.0) -> None:
        self.heard: list[tuple[str, ...]] = []
        self.wait = wait
        self.rang = threading.Event()

    def wake(self, name: str, *args: str) -> bool:
        time.sleep(self.wait)
        self.heard.append((name, *args))
        self.rang.set()
        return True


def test_same_wakes_are_sent_once() -> None:
    bell = Bell()
    waker = CoalescedWaker(bell, pause=0.05)
    for _ in range(100):
        waker.wake("deliver", "a")
    waker.wake("deliver", "b")
    assert bell.rang.wait(5)
    deadline = time.monotonic() + 5
    while len(bell.heard) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.15)
    assert bell.heard == [("kartify.jobs.deliver", "a"), ("kartify.jobs.deliver", "b")]


def test_slow_queue_costs_the_caller_nothing() -> None:
    bell = Bell(wait=1.0)
    waker = CoalescedWaker(bell, pause=0.0)
    started = time.monotonic()
    for index in range(50):
        waker.wake("deliver", str(index))
    assert time.monotonic() - started < 1
    assert bell.rang.wait(5)


def test_failing_queue_is_tried_again_with_the_next_wake() -> None:
    class Broken(Bell):
        def wake(self, name: str, *args: str) -> bool:
            if not self.heard:
                self.heard.append(("lost",))
                raise OSError("gone")
            return super().wake(name, *args)

    bell = Broken()
    waker = CoalescedWaker(bell, pause=0.0)
    waker.wake("tick")
    deadline = time.monotonic() + 5
    while not bell.heard and time.monotonic() < deadline:
        time.sleep(0.01)
    waker.wake("tick")
    assert bell.rang.wait(5)
