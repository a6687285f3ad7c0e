"""The real thing in processes of its own: ``up``, ``story``, and what is left of them."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import urllib3

from kartify.demo.simulators import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


class Up:
    """``kartify`` with a home and a port of its own; its processes are known by the home in their environment."""

    def __init__(self, home: Path, port: int) -> None:
        self.home, self.port = home, port
        self.env = {"PATH": os.environ["PATH"], "KARTIFY_HOME": str(home), "KARTIFY_PORT": str(port),
                    "TMPDIR": str(home.parent), "MARK": str(home.parent)}
        self.log = home.parent / "log"
        self.started: list[subprocess.Popen] = []

    def start(self, *arguments: str) -> subprocess.Popen:
        with self.log.open("ab") as log:
            running = subprocess.Popen(
                [sys.executable, "-m", "kartify.cli", *arguments], env=self.env, stdout=log, stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL, cwd=self.home.parent,
            )
        self.started.append(running)
        return running

    def run(self, *arguments: str, timeout: float = 100) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", "kartify.cli", *arguments], env=self.env, capture_output=True, text=True,
            timeout=timeout, cwd=self.home.parent, check=False,
        )

    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def until(self, text: str, seconds: float = 120) -> float:
        """How long it took until this was said."""
        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            if text in self.said():
                return time.monotonic() - begun
            time.sleep(0.1)
        pytest.fail(f"'{text}' was not said:\n{self.said()}")

    def survivors(self) -> list[str]:
        found = []
        for process in psutil.process_iter(["cmdline", "status"]):
            try:
                mine = process.environ().get("MARK") == self.env["MARK"]
            except psutil.Error:
                continue
            if mine and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(f"{process.pid}: {' '.join(process.info['cmdline'] or [])}")
        return found

    def gone(self, seconds: float = 10) -> None:
        until = time.monotonic() + seconds
        while left := self.survivors():
            if time.monotonic() > until:
                pytest.fail("\n".join(left))
            time.sleep(0.1)


@pytest.fixture
def up(tmp_path):
    stack = Up(tmp_path / "home", free_port())
    yield stack
    for line in stack.survivors():
        with suppress(psutil.Error):
            psutil.Process(int(line.partition(":")[0])).kill()
    for process in stack.started:
        process.wait()


def test_the_story_holds_and_leaves_nothing_behind(up):
    done = up.run("story")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The story holds." in done.stdout
    assert done.stdout.count("✓") == 9
    up.gone()
    assert not list(up.home.parent.glob("kartify-story-*"))


def test_up_answers_says_how_to_log_in_and_ends_with_ctrl_c(up):
    running = up.start("up")
    up.until("kartify is up.")
    assert "admin@kartify.example" in up.said()
    assert urllib3.request("GET", f"http://127.0.0.1:{up.port}/healthz").status == 200
    beside = up.run("account", "add", "demo", "sandbox", "api_base=http://127.0.0.1:9", "merchant=m", "key_secret=k")
    assert "there is no store 'demo'" in beside.stderr
    running.send_signal(signal.SIGINT)
    assert running.wait(15) == 0
    up.gone()
    up.log.unlink()
    again = up.start("up")
    assert up.until("kartify is up.") < 60  # seconds on a machine that has nothing else to do
    again.send_signal(signal.SIGINT)
    assert again.wait(15) == 0


def test_a_killed_up_leaves_no_orphan(up):
    running = up.start("up", "--demo")
    up.until("K1004 missing → processing")
    assert len(up.survivors()) >= 9  # up, its keeper, Redis, web with two workers, worker, clock, three simulators
    running.kill()
    running.wait()
    up.gone()


def test_a_taken_port_is_one_sentence(up):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", up.port))
        taken.listen()
        done = up.run("up")
    assert done.returncode == 1
    assert f"Error: Cannot listen on 127.0.0.1:{up.port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_demo_tells_its_story_and_a_second_start_goes_on(up):
    running = up.start("up", "--demo")
    up.until("K1005 missing → processing, found by lookup")
    up.until("F2002 missing → processing, found by lookup")
    up.until("F2003 missing")
    assert "storyteller:" not in up.said()
    assert up.run("laws").stdout == "All 10 laws hold, every chain is whole.\n"
    assert "K1005  processing" in up.run("order", "show", "demo", "K1005").stdout
    running.send_signal(signal.SIGINT)
    assert running.wait(20) == 0
    up.gone()
    up.log.unlink()
    again = up.start("up", "--demo")
    up.until("missing: ")  # somebody confirmed a new order
    assert "K1001 missing" not in up.said()
    again.send_signal(signal.SIGINT)
    assert again.wait(20) == 0
    up.gone()
