"""The desk where work that comes at the same moment is done together."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from kartify.together import Overdue, Together


class Slow:
    """Does the first batch only when it is told to, so that others gather behind it."""

    def __init__(self, desk: Together[int, int]) -> None:
        self.desk, self.batches, self.go, self.begun = desk, [], threading.Event(), threading.Event()

    def work(self, jobs):
        self.batches.append(list(jobs))
        self.begun.set()
        assert self.go.wait(10)
        return [self._one(job) for job in jobs]

    def _one(self, job):
        return ValueError(f"job {job}") if job < 0 else job * 10

    def waiting(self) -> int:
        return len(self.desk._waiting)


@pytest.fixture
def desk():
    return Together(most=4)


@pytest.fixture
def slow(desk):
    return Slow(desk)


def until(what) -> None:
    for _ in range(1000):
        if what():
            return
        threading.Event().wait(0.005)
    pytest.fail("did not happen")


def test_one_alone_is_done_at_once(desk, slow):
    slow.go.set()
    assert desk.do(7, slow.work) == 70
    assert slow.batches == [[7]]


def test_those_who_come_meanwhile_are_done_together_each_with_its_own_result(desk, slow):
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(desk.do, 1, slow.work)
        assert slow.begun.wait(5)
        others = [pool.submit(desk.do, number, slow.work) for number in (2, 3, -4, 5, 6, 7)]
        until(lambda: slow.waiting() == 6)
        slow.go.set()
        assert first.result(5) == 10
        with pytest.raises(ValueError, match="job -4"):
            others[2].result(5)
        assert sorted(one.result(5) for one in others if one is not others[2]) == [20, 30, 50, 60, 70]
    assert [len(batch) for batch in slow.batches] == [1, 4, 2], "never more than most"


def test_whatever_the_work_raises_reaches_all_and_the_next_is_done(desk):
    def broken(jobs):
        raise SystemError("the work broke")

    with pytest.raises(SystemError):
        desk.do(1, broken)
    assert desk.do(2, lambda jobs: [0 for _ in jobs]) == 0


def test_who_waits_too_long_is_told_and_is_not_in_the_way(desk, slow):
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(desk.do, 1, slow.work)
        assert slow.begun.wait(5)
        with pytest.raises(Overdue):
            desk.do(2, slow.work, patience=0.05)
        slow.go.set()
        assert first.result(5) == 10
    assert slow.batches == [[1]]
    assert desk.do(3, slow.work) == 30


def test_nobody_is_forgotten_under_load():
    desk = Together(most=5)
    counted = []

    def work(jobs):
        counted.append(len(jobs))
        return [job + 1 for job in jobs]

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(lambda job: desk.do(job, work), range(3000))) == list(range(1, 3001))
    assert sum(counted) == 3000
