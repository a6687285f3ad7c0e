"""Helpers for tests that start real processes."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from kartify.testing.postgres import postgres_database, postgres_server, postgres_url
from kartify.testing.redis import redis_server_url, redis_url

__all__ = ["postgres_database", "postgres_server", "postgres_url", "redis_server_url", "redis_url"]


def wait_for(what: Callable[[], object], seconds: float = 10.0) -> object:
    """What ``what`` gives as soon as it is true; fails when that takes too long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(0.02)
    pytest.fail(f"did not happen within {seconds} s")
    return None


@pytest.fixture
def eventually() -> Callable[..., object]:
    return wait_for


def marked(mark: Path) -> list[psutil.Process]:
    """Living processes that have this test's own directory in their command or their environment."""
    found = []
    for process in psutil.process_iter(["status", "cmdline"]):
        try:
            told = " ".join([*(process.info["cmdline"] or []), *process.environ().values()])
        except psutil.Error:
            continue
        if str(mark) in told and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


@pytest.fixture
def survivors(tmp_path: Path) -> Callable[[], list[str]]:
    """What still lives of the processes of this test."""
    return lambda: [f"{process.pid}: {process.info['cmdline']}" for process in marked(tmp_path)]


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Runs Python source as a process of its own, marked by ``tmp_path`` in its environment, as are its children."""
    running: list[subprocess.Popen[bytes]] = []

    def run(source: str, *arguments: str) -> subprocess.Popen[bytes]:
        file = tmp_path / f"script{len(running)}.py"
        file.write_text(source)
        with (tmp_path / f"{file.stem}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-u", str(file), *arguments], stdout=log, stderr=subprocess.STDOUT, cwd=tmp_path,
                env={"PATH": "/usr/bin:/bin", "MARK": str(tmp_path), "PYTHONPATH": str(tmp_path)},
            )
        running.append(process)
        return process

    run.said = lambda number=0: (tmp_path / f"script{number}.log").read_text()
    yield run
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait()
    for process in marked(tmp_path):  # a test that failed leaves none either
        with contextlib.suppress(psutil.Error):
            process.kill()
