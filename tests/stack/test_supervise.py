"""Children are kept alive, stopped in order, and never orphaned."""

import os
import signal
import sys
import threading
import time

import psutil
import pytest

from kartify.stack.supervise import Supervisor
from kartify.stack.watch import PARENT

PARTS = """
import os, subprocess, sys, time
MARK = os.environ["MARK"]
def note(name):
    open(f"{MARK}/{name}", "a").write(f"{os.getpid()}\\n")
"""
# A child that watches nobody and has a child of its own that ignores the polite signals: the worst of them.
STUBBORN = PARTS + """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGHUP, signal.SIG_IGN)
if len(sys.argv) < 2:
    subprocess.Popen([sys.executable, __file__, "grandchild"])
note("up")
time.sleep(300)
"""
SUPERVISED = """
import os, sys
from kartify.stack.supervise import Supervisor
with Supervisor(stop_within=float(sys.argv[1])) as stack:
    stack.start("one", [sys.executable, os.environ["MARK"] + "/stubborn.py"])
    stack.start("two", [sys.executable, os.environ["MARK"] + "/stubborn.py"])
    stack.start("sleep", ["sleep", "300"])
    stack.wait()
"""
WATCHING = PARTS + """
from kartify.stack.watch import parenthood, watch_parent
watch_parent()
depth = int(sys.argv[1])
if depth:
    subprocess.Popen(
        [sys.executable, __file__, str(depth - 1)], env={**os.environ, **parenthood()}, start_new_session=True)
note("up")
time.sleep(300)
"""


def lines(path) -> list[str]:
    return path.read_text().split() if path.exists() else []


@pytest.fixture
def said():
    return []


@pytest.fixture
def supervisor(said):
    with Supervisor(say=lambda name, line: said.append((name, line)), stop_within=3.0) as stack:
        yield stack


@pytest.fixture
def supervised(script, tmp_path, eventually):
    """A supervisor in a process of its own with two children, two grandchildren and a program of the system."""
    return supervising(script, tmp_path, eventually, seconds=1.5)


def supervising(script, tmp_path, eventually, *, seconds):
    (tmp_path / "stubborn.py").write_text(STUBBORN)
    process = script(SUPERVISED, str(seconds))
    eventually(lambda: len(lines(tmp_path / "up")) == 4)
    return process


def test_a_killed_supervisor_leaves_no_orphan(supervised, survivors, eventually):
    assert len(survivors()) == 7  # the supervisor, its keeper, five others
    supervised.kill()
    supervised.wait()
    eventually(lambda: not survivors(), 5)


def keepers(supervised) -> list[psutil.Process]:
    found = []
    for child in psutil.Process(supervised.pid).children():
        try:
            alive = child.status() != psutil.STATUS_ZOMBIE
            if alive and "keeper.py" in " ".join(child.cmdline()):
                found.append(child)
        except psutil.NoSuchProcess:  # it ended while we looked
            continue
    return found


def test_even_without_its_keeper_it_takes_its_children_with_it(supervised, survivors, eventually):
    [keeper] = keepers(supervised)
    supervised.send_signal(signal.SIGSTOP)  # it shall not get to replace it
    keeper.kill()
    supervised.kill()
    supervised.wait()
    eventually(lambda: len(survivors()) == 2, 5)
    assert all("grandchild" in survivor for survivor in survivors())
    for survivor in survivors():
        os.kill(int(survivor.split(":")[0]), signal.SIGKILL)


def test_a_killed_keeper_is_replaced(supervised, survivors, eventually):
    [first] = keepers(supervised)
    first.kill()
    eventually(lambda: [child.pid for child in keepers(supervised)] not in ([], [first.pid]))
    supervised.kill()
    supervised.wait()
    eventually(lambda: not survivors(), 5)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_all_within_the_time_then_kills(supervised, survivors, eventually, number):
    begun = time.monotonic()
    supervised.send_signal(number)
    assert supervised.wait(10) == 0
    assert time.monotonic() - begun < 4
    eventually(lambda: not survivors(), 1)


def test_a_second_signal_cuts_it_short(script, tmp_path, survivors, eventually):
    process = supervising(script, tmp_path, eventually, seconds=6)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    process.wait(10)
    assert time.monotonic() - begun < 5
    eventually(lambda: not survivors(), 1)


def test_a_chain_of_watchers_ends_with_its_top(script, tmp_path, survivors, eventually):
    top = script(WATCHING, "3")
    eventually(lambda: len(lines(tmp_path / "up")) == 4)
    assert len(survivors()) == 4
    top.kill()
    top.wait()
    eventually(lambda: not survivors(), 5)


def test_a_process_that_nobody_announced_himself_to_goes_on(script, tmp_path, eventually):
    source = f"import subprocess, sys\nsubprocess.Popen([sys.executable, {str(tmp_path / 'script0.py')!r}, '0'])"
    (tmp_path / "script0.py").write_text(WATCHING)
    parent = script(WATCHING, "0")
    eventually(lambda: lines(tmp_path / "up"))
    middle = script(source)
    middle.wait()
    pids = eventually(lambda: len(lines(tmp_path / "up")) == 2 and lines(tmp_path / "up"))
    time.sleep(0.6)
    assert psutil.pid_exists(int(pids[1]))
    os.kill(int(pids[1]), signal.SIGKILL)
    assert parent.poll() is None


def test_a_dead_child_is_started_again_and_counted(supervisor, said, eventually):
    supervisor.start("sleep", ["sleep", "300"])
    first = supervisor.pid("sleep")
    os.kill(first, signal.SIGKILL)
    second = eventually(lambda: supervisor.pid("sleep") not in (None, first) and supervisor.pid("sleep"))
    assert second != first
    assert supervisor.restarts == {"sleep": 1}
    assert said == [("sleep", "ended (SIGKILL), starting again in 0.2 s")]


def test_a_child_that_keeps_dying_is_tried_ever_more_rarely(supervisor, said, eventually):
    supervisor.start("false", [sys.executable, "-S", "-c", "raise SystemExit(3)"])
    eventually(lambda: len(said) >= 4)
    assert [line for _, line in said[:4]] == [
        f"ended (exit code 3), starting again in {pause} s" for pause in ("0.2", "0.4", "0.8", "1.6")
    ]


def test_what_children_say_is_passed_on_under_their_names(supervisor, said, eventually):
    supervisor.start("talker", [sys.executable, "-c", "import sys, time; print('out'); print('err', file=sys.stderr); "
                                                      "sys.stdout.flush(); time.sleep(300)"])
    eventually(lambda: len(said) == 2)
    assert set(said) == {("talker", "out"), ("talker", "err")}


def test_the_environment_is_added_to_ours_with_the_parent(supervisor, said, eventually):
    source = f"import os, time; print(os.environ['EXTRA'], os.environ['{PARENT}'], flush=True); time.sleep(300)"
    supervisor.start("env", [sys.executable, "-c", source], env={"EXTRA": "more"})
    eventually(lambda: said)
    assert said == [("env", f"more {os.getpid()}")]


def test_a_command_that_does_not_exist_says_so(supervisor, said, eventually):
    supervisor.start("none", ["/no/such/command"])
    eventually(lambda: ("none", "/no/such/command: No such file or directory") in said)


def test_children_are_stopped_the_last_started_first_even_restarted_ones(tmp_path, eventually):
    source = (
        "import signal, sys, time\n"
        "def end(*_):\n    open(sys.argv[1], 'a').write(sys.argv[2] + ' '); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\nprint('up', flush=True)\ntime.sleep(300)\n"
    )
    ups = []
    with Supervisor(say=lambda name, line: line == "up" and ups.append(name)) as stack:
        for name in ("redis", "web", "clock"):
            stack.start(name, [sys.executable, "-c", source, str(tmp_path / "order"), name])
        eventually(lambda: len(ups) == 3)
        os.kill(stack.pid("web"), signal.SIGKILL)
        eventually(lambda: len(ups) == 4)
    assert (tmp_path / "order").read_text().split() == ["clock", "web", "redis"]
    assert stack.restarts["web"] == 1


def test_a_request_to_stop_ends_the_waiting(supervisor):
    supervisor.start("sleep", ["sleep", "300"])
    pid = supervisor.pid("sleep")
    threading.Timer(0.2, supervisor.request_stop).start()
    supervisor.wait()
    assert not psutil.pid_exists(pid)
