"""Wakes the worker. The database decides what is due: a wake may be lost or come twice, but must not pile up."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from typing import Final

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.exceptions import DeserializationError

QUEUE: Final = "kartify"
# What is said of a failed job is kept so long; a done one leaves nothing.
FAILURES_KEPT: Final = 3600
_TIMEOUT: Final = 0.5
_REST: Final = 5.0
_SILENCE: Final = 60.0

log = structlog.get_logger(__name__)

# Is the job that was enqueued last for this wake still waiting? If not, this one takes its place. RQ's own unique=True
# is no guard: it refuses while such a job runs (what came after its query would not be seen) and, for as long as the
# leftovers of a killed worker last, always.
_TAKE = """
local last = redis.call('GET', KEYS[1])
if last and redis.call('LPOS', KEYS[2], last) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', 3600)
return 1
"""


def enqueue_once(queue: Queue, name: str, *args: str) -> bool:
    """Enqueues a call of the function of that dotted name, unless the same call waits already. False: it does.
    Raises ``RedisError``."""
    job_id = uuid.uuid4().hex
    key = ":".join(("kartify", "wake", queue.name, name, *args))
    if not queue.connection.eval(_TAKE, 2, key, queue.key, job_id):
        return False
    queue.enqueue_call(
        name, args=args, job_id=job_id, timeout=-1, result_ttl=0, failure_ttl=FAILURES_KEPT, description=name
    )
    return True


class Wake:
    """``wake("kartify.jobs.deliver", account)`` from a request: never raises, and is quick when Redis is dead."""

    def __init__(self, url: str, *, queue: str = QUEUE, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = Redis.from_url(
            url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT, retry=Retry(NoBackoff(), 0)
        )
        self._queue = Queue(queue, connection=self._redis)
        self._clock = clock
        self._lock = threading.Lock()
        self._rest_until = float("-inf")
        self._silent_until = float("-inf")

    def __call__(self, name: str, *args: str) -> bool:
        """True when the call waits in the queue. False when Redis does not answer, or did not within the last 5 s."""
        if self._clock() < self._rest_until:
            return False
        try:
            enqueue_once(self._queue, name, *args)
        except (RedisError, OSError, DeserializationError) as problem:
            self._failed(problem)
            return False
        return True

    wake = __call__

    def waiting(self) -> int | None:
        """How many jobs wait in the queue: a hint for people, never what anything is decided by. None where Redis does
        not answer."""
        if self._clock() < self._rest_until:
            return None
        try:
            return int(self._queue.count)
        except (RedisError, OSError) as problem:
            self._failed(problem)
            return None

    def close(self) -> None:
        """Closes the connections; they are made again when needed."""
        self._redis.close()

    def _failed(self, problem: Exception) -> None:
        with self._lock:
            now = self._clock()
            self._rest_until = now + _REST
            loud = now >= self._silent_until
            if loud:
                self._silent_until = now + _SILENCE
        if loud:
            log.warning("wake.failed", problem=type(problem).__name__, meaning="the clock finds what is due instead")
