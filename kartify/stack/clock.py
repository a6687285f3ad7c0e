"""Wakes one function every second, with RQ's cron scheduler. Which work is due is decided by rows, not here."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.cron import CronJob, CronScheduler
from rq.utils import now

from kartify.queue import QUEUE, enqueue_once
from kartify.stack.watch import watch_parent

TICK: Final = "kartify.jobs.tick"
_TIMEOUT: Final = 5.0
_SILENCE: Final = 60.0

log = structlog.get_logger(__name__)


class _Scheduler(CronScheduler):
    """RQ's scheduler, but it waits for Redis to come back, and enqueues nothing that waits already."""

    _silent_until = float("-inf")

    def enqueue_jobs(self) -> list[CronJob]:
        due = [job for job in self.get_jobs() if job.should_run()]
        for job in due:
            job.set_enqueue_time(now())  # also when Redis is away: the next second tries again
            queue = Queue(job.queue_name, connection=self.connection)
            self._trying(enqueue_once, queue, job.func_name)
        return due

    def save(self, pipeline: Any = None) -> None:
        self._trying(super().save, pipeline)

    def heartbeat(self) -> None:
        self._trying(super().heartbeat)

    def register_birth(self) -> None:
        self._trying(super().register_birth)

    def register_death(self, pipeline: Any = None) -> None:
        self._trying(super().register_death, pipeline)

    def _trying(self, call: Callable[..., Any], *args: Any) -> None:
        try:
            call(*args)
        except (RedisError, OSError) as problem:
            if time.monotonic() >= self._silent_until:
                self._silent_until = time.monotonic() + _SILENCE
                log.warning("clock.redis", problem=type(problem).__name__)


def run_clock(redis_url: str, *, function: str = TICK, queue: str = QUEUE, every: int = 1) -> None:
    """Wakes the function of that dotted name until SIGTERM or SIGINT; it is imported by the worker only."""
    watch_parent()
    with Redis.from_url(
        redis_url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT, retry=Retry(NoBackoff(), 0)
    ) as connection:
        scheduler = _Scheduler(connection, logging_level="WARNING")
        scheduler.get_jobs().append(CronJob(queue, func_name=function, interval=every))
        scheduler.start()
