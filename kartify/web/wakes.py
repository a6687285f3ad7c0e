"""Wakes that cost a request nothing: noted in memory, sent from a thread, the same one only once in 50 ms."""

from __future__ import annotations

import os
import threading
import time

import structlog

from kartify.house import Waker

log = structlog.get_logger()
PAUSE = 0.05
MODULE = "kartify.jobs."


class CoalescedWaker:
    """A ``Waker``. What it holds may be lost with the process: the rows say what is due, the tick finds it."""

    def __init__(self, waker: Waker, *, pause: float = PAUSE) -> None:
        self._waker, self._pause = waker, pause
        self._waiting: dict[tuple[str, ...], None] = {}
        self._lock = threading.Lock()
        self._something = threading.Event()
        self._process = 0

    def wake(self, name: str, *args: str) -> bool:
        """Always True: noted. A bare name is one of ``kartify.jobs``."""
        full = name if "." in name else MODULE + name
        with self._lock:
            self._waiting[(full, *args)] = None
            if self._process != os.getpid():  # a server may fork after the application was made
                self._process = os.getpid()
                threading.Thread(target=self._run, name="wakes", daemon=True).start()
        if not self._something.is_set():
            self._something.set()
        return True

    def waiting(self) -> int | None:
        """How many jobs wait in the queue behind it; None where it cannot tell."""
        count = getattr(self._waker, "waiting", None)
        return count() if count else None

    def flush(self) -> int:
        """Sends what waits; how many."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for name, *args in waiting:
            self._waker.wake(name, *args)
        return len(waiting)

    def _run(self) -> None:
        while True:
            self._something.wait()
            time.sleep(self._pause)
            self._something.clear()
            try:
                self.flush()
            except Exception as problem:  # a thread that ends would silence every later wake
                log.warning("wakes lost", problem=type(problem).__name__)
