"""Runs jobs in this process, one at a time.

RQ's own time limit is an exception that strikes anywhere, in the middle of a commit too, and that a broad ``except``
swallows. Here jobs have no limit from RQ: a job that hangs ends the process, and whoever keeps it starts another. What
the job held is free when its lease runs out.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, Final

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.timeouts import BaseDeathPenalty

from kartify.stack.watch import watch_parent

HANG_LIMIT: Final = 900.0
_BEAT_EVERY: Final = 10.0
_PAUSE: Final = 1.0
HUNG: Final = 70

log = structlog.get_logger(__name__)


class _NoLimit(BaseDeathPenalty):
    def setup_death_penalty(self) -> None:
        """No exception out of the blue."""

    def cancel_death_penalty(self) -> None:
        """Nothing to cancel."""


class Watchdog:
    """Ends the process when one job takes longer than ``limit`` seconds."""

    def __init__(self, limit: float, *, end: Callable[[int], Any] = os._exit) -> None:
        self._limit = limit
        self._end = end
        self._begun: tuple[float, str] | None = None

    def begin(self, name: str) -> None:
        self._begun = (time.monotonic(), name)

    def done(self) -> None:
        self._begun = None

    def start(self) -> None:
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def _watch(self) -> None:
        while True:
            time.sleep(min(_PAUSE, self._limit / 4))
            begun = self._begun
            if begun and time.monotonic() - begun[0] > self._limit:
                log.error("worker.hung", job=begun[1], seconds=round(self._limit))
                self._end(HUNG)


class _Worker(SimpleWorker):
    death_penalty_class = _NoLimit
    watchdog: Watchdog
    asked_to_stop = False

    def perform_job(self, job: Any, queue: Any, execution: Any) -> bool:
        self.watchdog.begin(str(job.func_name))
        try:
            return super().perform_job(job, queue, execution)
        finally:
            self.watchdog.done()

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        self.asked_to_stop = True
        super().request_stop(signum, frame)


def run_worker(
    queues: Sequence[str], redis_url: str, *, beat: Callable[[], None] | None = None, hang_limit: float = HANG_LIMIT
) -> None:
    """Works until SIGTERM or SIGINT, the job at hand finished first; outlives a Redis that is flushed or restarted.

    ``beat`` is called every 10 s from a thread of its own, to tell the database that this worker lives.
    """
    watch_parent()
    watchdog = Watchdog(hang_limit)
    watchdog.start()
    if beat:
        threading.Thread(target=_beating, args=(beat,), name="heartbeat", daemon=True).start()
    while not _work(queues, redis_url, watchdog):
        time.sleep(_PAUSE)


def _work(queues: Sequence[str], redis_url: str, watchdog: Watchdog) -> bool:
    """Whether it was asked to stop; else RQ has given up, over Redis or an error of its own."""
    with Redis.from_url(redis_url, socket_connect_timeout=5, health_check_interval=30) as connection:
        try:
            worker = _Worker(list(queues), connection=connection)
            worker.watchdog = watchdog
            worker.work(logging_level="WARNING")
        except (RedisError, OSError) as problem:
            log.warning("worker.redis", problem=type(problem).__name__)
            return False
        return worker.asked_to_stop


def _beating(beat: Callable[[], None]) -> None:
    while True:
        try:
            beat()
        except Exception as problem:
            # A database that is away is no reason to end; the missing beat is what tells.
            log.warning("worker.beat", problem=type(problem).__name__)
        time.sleep(_BEAT_EVERY)
