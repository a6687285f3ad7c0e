"""Worker, clock and wakes, with a real Redis."""

import os
import signal
import socket
import time
from contextlib import closing

import pytest
import structlog
from redis import Redis
from rq import Queue

from kartify.queue import Wake
from kartify.stack import places, redis_server
from kartify.stack.supervise import Supervisor
from kartify.web.wakes import CoalescedWaker

JOBS = """
import os, time
MARK = os.environ["MARK"]
def note(*args):
    with open(f"{MARK}/ran", "a") as file:
        file.write(" ".join(("note", *args)) + "\\n")
def slow(seconds):
    note("begin"); time.sleep(float(seconds)); note("end")
def fail():
    note("fail"); raise RuntimeError("no")
def beat():
    with open(f"{MARK}/beats", "a") as file:
        file.write("beat ")
def bad_beat():
    beat(); raise RuntimeError("the database is away")
"""
WORKER = """
import sys, jobs_for_test
from kartify.stack.worker import run_worker
run_worker(["kartify"], sys.argv[1], beat=getattr(jobs_for_test, sys.argv[3]), hang_limit=float(sys.argv[2]))
"""
CLOCK = """
import sys
from kartify.stack.clock import run_clock
run_clock(sys.argv[1], function="jobs_for_test.note")
"""


@pytest.fixture
def ran(tmp_path):
    (tmp_path / "jobs_for_test.py").write_text(JOBS)

    def read() -> list[str]:
        return (tmp_path / "ran").read_text().splitlines() if (tmp_path / "ran").exists() else []

    return read


@pytest.fixture
def worker(script, ran):
    return lambda url, limit=60.0, beat="beat": script(WORKER, url, str(limit), beat)


@pytest.fixture
def wake(redis_url):
    made = Wake(redis_url)
    yield made
    made.close()


@pytest.fixture
def client(redis_url):
    with Redis.from_url(redis_url) as made:
        yield made


@pytest.fixture
def own_redis(tmp_path):
    """A Redis that a test may kill: its address and the supervisor that brings it back."""
    url = places.redis_url(tmp_path / "home")
    with Supervisor(say=lambda *_: None) as stack:
        stack.start("redis", redis_server.command(places.home(tmp_path / "home")))
        redis_server.wait_until_ready(url)
        yield url, stack


def waiting(client) -> int:
    return client.llen("rq:queue:kartify")


def test_a_wake_runs_the_function_and_leaves_nothing(wake, worker, redis_url, ran, client, eventually):
    worker(redis_url)
    assert wake("jobs_for_test.note", "account-1", "x")
    eventually(lambda: ran() == ["note account-1 x"])
    eventually(lambda: not client.keys("rq:job:*"))


def test_wakes_that_wait_are_one(wake, client):
    assert [wake("jobs_for_test.note", "a") for _ in range(50)] == [True] * 50
    assert waiting(client) == 1
    wake("jobs_for_test.note", "b")
    wake("jobs_for_test.slow", "a")
    assert waiting(client) == 3


def test_how_many_wakes_wait_is_a_hint_for_people(wake, client, nowhere):
    assert wake.waiting() == 0
    wake("jobs_for_test.note", "1")
    wake("jobs_for_test.note", "2")
    assert (wake.waiting(), CoalescedWaker(wake).waiting()) == (2, 2)
    assert Wake(nowhere).waiting() is None


def test_a_wake_during_the_run_runs_again(wake, worker, redis_url, ran, eventually):
    worker(redis_url)
    wake("jobs_for_test.slow", "0.5")
    eventually(lambda: ran() == ["note begin"])
    wake("jobs_for_test.slow", "0.5")
    wake("jobs_for_test.slow", "0.5")
    eventually(lambda: ran() == ["note begin", "note end"] * 2)
    time.sleep(0.3)
    assert len(ran()) == 4


def test_a_killed_worker_does_not_hold_a_wake_back(wake, worker, redis_url, ran, eventually):
    first = worker(redis_url)
    wake("jobs_for_test.slow", "30")
    eventually(lambda: ran())
    first.kill()
    first.wait()
    worker(redis_url)
    assert wake("jobs_for_test.slow", "30")
    eventually(lambda: ran() == ["note begin"] * 2)


def test_a_flushed_redis_does_not_hold_a_wake_back(wake, client):
    wake("jobs_for_test.note")
    client.flushall()
    assert wake("jobs_for_test.note")
    assert waiting(client) == 1


def test_a_failed_job_leaves_the_worker_alive(wake, worker, redis_url, ran, eventually):
    process = worker(redis_url)
    wake("jobs_for_test.fail")
    wake("jobs_for_test.note")
    eventually(lambda: ran() == ["note fail", "note"])
    assert process.poll() is None


@pytest.fixture
def nowhere():
    """The address of a server that takes connections and says nothing."""
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        yield f"redis://127.0.0.1:{silent.getsockname()[1]}"


@pytest.mark.parametrize("dead", ["silent", "refused"])
def test_a_dead_redis_costs_one_request_half_a_second_and_the_next_nothing(nowhere, tmp_path, dead):
    now = [1000.0]
    wake = Wake(nowhere if dead == "silent" else f"unix://{tmp_path}/none.sock", clock=lambda: now[0])
    took = []
    with structlog.testing.capture_logs() as lines:
        for seconds in (0, 1, 3.9, 0.2, 60):
            now[0] += seconds
            begun = time.monotonic()
            assert not wake("jobs_for_test.note")
            took.append(time.monotonic() - begun)
    wake.close()
    assert max(took) < 3
    assert took[1] < 0.3
    assert took[2] < 0.3
    assert [line["event"] for line in lines] == ["wake.failed", "wake.failed"]
    assert (took[3] > 0.4) == (dead == "silent")


def test_a_wake_reaches_redis_again_after_the_rest(own_redis):
    url, _ = own_redis
    now = [1000.0]
    wake = Wake(url, clock=lambda: now[0])
    with Redis.from_url(url) as admin:
        admin.config_set("maxmemory", "1")
        assert not wake("jobs_for_test.note")
        admin.config_set("maxmemory", "0")
        assert not wake("jobs_for_test.note")
        now[0] += 5
        assert wake("jobs_for_test.note")
    wake.close()


def test_a_job_that_hangs_ends_the_worker(wake, worker, redis_url, ran, script):
    process = worker(redis_url, limit=0.5)
    wake("jobs_for_test.slow", "60")
    assert process.wait(20) == 70
    assert ran() == ["note begin"]
    assert "worker.hung" in script.said()


def test_a_job_may_take_longer_than_rqs_own_limit_would_allow(wake, client):
    wake("jobs_for_test.note")
    [job] = Queue("kartify", connection=client).jobs
    assert job.timeout == -1


def test_a_worker_asked_to_stop_finishes_its_job(wake, worker, redis_url, ran, eventually):
    process = worker(redis_url)
    wake("jobs_for_test.slow", "1")
    eventually(lambda: ran())
    process.terminate()
    assert process.wait(10) == 0
    assert ran() == ["note begin", "note end"]


def test_an_idle_worker_stops_at_once(worker, redis_url, tmp_path, eventually):
    process = worker(redis_url)
    eventually(lambda: (tmp_path / "beats").exists())
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert process.wait(3) == 0


def test_a_beat_that_fails_does_not_end_the_worker(wake, worker, redis_url, ran, tmp_path, eventually):
    worker(redis_url, beat="bad_beat")
    eventually(lambda: (tmp_path / "beats").exists())
    wake("jobs_for_test.note")
    eventually(lambda: ran() == ["note"])


def test_the_clock_wakes_every_second_and_piles_nothing_up(script, ran, worker, redis_url, client, eventually):
    clock = script(CLOCK, redis_url)
    eventually(lambda: waiting(client) == 1)
    time.sleep(1.5)
    assert waiting(client) == 1
    worker(redis_url)
    eventually(lambda: len(ran()) >= 2)
    assert waiting(client) <= 1
    clock.terminate()
    assert clock.wait(5) == 0


@pytest.mark.slow
def test_clock_and_worker_outlive_a_flushed_and_a_killed_redis(own_redis, script, ran, worker, eventually):
    url, stack = own_redis
    clock = script(CLOCK, url)
    process = worker(url)
    eventually(lambda: len(ran()) >= 2, 15)
    with Redis.from_url(url) as client:
        client.flushall()
    seen = len(ran())
    eventually(lambda: len(ran()) >= seen + 2, 15)
    os.kill(stack.pid("redis"), signal.SIGKILL)
    eventually(lambda: stack.restarts["redis"] == 1)
    redis_server.wait_until_ready(url)
    seen = len(ran())
    eventually(lambda: len(ran()) >= seen + 2, 20)
    assert clock.poll() is None
    assert process.poll() is None


def test_clock_and_worker_wait_for_a_redis_that_is_not_there_yet(tmp_path, script, ran, worker, eventually):
    url = places.redis_url(tmp_path / "late")
    clock, process = script(CLOCK, url), worker(url)
    time.sleep(1.5)
    with redis_server.running_redis(tmp_path / "late"):
        eventually(lambda: len(ran()) >= 2, 20)
        for one in (clock, process):
            one.terminate()
            assert one.wait(5) == 0
