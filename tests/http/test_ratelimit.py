"""The token bucket, on a clock of its own."""

import threading

import pytest

from kartify.ratelimit import RateLimiter, RateLimiters


class Clock:
    """Sleeping is what makes its time pass."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def limiter(clock: Clock, rate: float, burst: int = 1) -> RateLimiter:
    return RateLimiter(rate, burst, clock=clock, sleep=clock.sleep)


def test_calls_are_spaced_by_the_rate():
    clock = Clock()
    calls = limiter(clock, 10)
    for _ in range(11):
        assert calls.acquire()
    assert clock.now == pytest.approx(101.0)


def test_a_burst_passes_at_once_and_comes_back_after_a_rest():
    clock = Clock()
    calls = limiter(clock, 10, burst=5)
    for _ in range(5):
        calls.acquire()
    assert clock.slept == []
    calls.acquire()
    assert clock.slept == [pytest.approx(0.1)]
    clock.now += 10
    for _ in range(5):
        calls.acquire()
    assert len(clock.slept) == 1


def test_a_turn_after_the_deadline_is_not_taken():
    clock = Clock()
    calls = limiter(clock, 1)
    assert calls.acquire()
    assert not calls.acquire(deadline=clock.now + 0.5)
    assert clock.slept == []
    assert calls.acquire(deadline=clock.now + 1.0)
    assert clock.slept == [pytest.approx(1.0)]


def test_a_pause_holds_everybody_and_lets_no_burst_follow():
    clock = Clock()
    calls = limiter(clock, 10, burst=5)
    calls.pause(7)
    assert not calls.acquire(deadline=clock.now + 6.9)
    assert calls.acquire()
    assert clock.now == pytest.approx(107.0)
    calls.acquire()
    assert clock.now == pytest.approx(107.1)


def test_threads_share_the_turns():
    sleeps: list[float] = []
    calls = RateLimiter(10, clock=lambda: 100.0, sleep=sleeps.append)
    threads = [threading.Thread(target=lambda: [calls.acquire() for _ in range(25)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sleeps) == pytest.approx([number / 10 for number in range(1, 100)])


def test_each_account_has_its_own_turns():
    clock = Clock()
    limiters = RateLimiters(clock=clock, sleep=clock.sleep)
    assert limiters.of("a", 1).acquire()
    assert limiters.of("b", 1).acquire()
    assert clock.slept == []
    assert limiters.of("a", 1) is limiters.of("a", 1)


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (1, 0)])
def test_a_rate_that_lets_nothing_pass_is_refused(rate, burst):
    with pytest.raises(ValueError, match="rate"):
        RateLimiter(rate, burst)
