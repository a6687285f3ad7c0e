"""Keeps named child processes alive, and leaves none behind.

All children are one process group. Three nets hold against orphans: the *keeper*, a child that kills the group when
our end of its pipe closes; on Linux the kernel, which kills each child with us; and ``watch_parent`` in our own
processes. A child that dies is started again, later each time if it keeps dying.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, Final, Self

from kartify.stack.watch import parenthood

Say = Callable[[str, str], None]

_HERE: Final = Path(__file__).parent
_PAUSE: Final = 0.05
_LONGEST_WAIT: Final = 10.0
# A child that lived so long has come up; its next death counts as the first.
_SETTLED: Final = 10.0


def say(name: str, line: str) -> None:
    """Writes a line of a child to standard output."""
    sys.stdout.write(f"{name:<8} | {line}\n")
    sys.stdout.flush()


class _Child:
    """One command, whichever process runs it now."""

    def __init__(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        self.name = name
        self.command = list(command)
        self.env = dict(env)
        self.restarts = 0
        self.begun = 0.0
        self.due: float | None = None
        self._quick_deaths = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None

    def spawn(self, group: int, say: Say) -> None:
        prefix = [sys.executable, "-S", "-E", str(_HERE / "launch.py"), str(os.getpid())]
        self.due = None
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            [*prefix, *self.command], env={**os.environ, **self.env, **parenthood()}, process_group=group,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        self._reader = threading.Thread(target=self._read, args=(self.process, say), daemon=True)
        self._reader.start()

    def _read(self, process: subprocess.Popen[bytes], say: Say) -> None:
        assert process.stdout
        with process.stdout as lines:
            for line in lines:
                say(self.name, line.decode("utf-8", "replace").rstrip())

    def died(self) -> int | None:
        """Its exit code, once for each death."""
        return self.process.poll() if self.process and self.due is None else None

    def wait_before_restart(self) -> float:
        self._quick_deaths = 0 if time.monotonic() - self.begun > _SETTLED else self._quick_deaths + 1
        pause = min(0.1 * 2**self._quick_deaths, _LONGEST_WAIT)
        self.due = time.monotonic() + pause
        return pause

    def end(self, within: float) -> None:
        """Asks it to stop; kills it when it has not after so many seconds."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def finish_reading(self) -> None:
        if self._reader:
            self._reader.join(timeout=1)


class Supervisor:
    """A context: children are started inside of it, and none is left when it ends.

    ``start`` from the main thread: the kernel takes the death of the starting thread for the death of the parent.
    """

    def __init__(self, *, say: Say = say, stop_within: float = 5.0) -> None:
        self._say = say
        self._stop_within = stop_within
        self._children: list[_Child] = []
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._stopped = threading.Event()
        self._interrupts = 0
        self._monitor = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._keeper: subprocess.Popen[bytes] | None = None
        self._group = 0

    def __enter__(self) -> Self:
        self._keep()
        self._monitor.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        """Starts a command and keeps it running. ``env`` is added to ours. Raises ``OSError``."""
        child = _Child(name, command, env or {})
        with self._lock:
            child.spawn(self._group, self._say)
            self._children.append(child)

    @property
    def restarts(self) -> dict[str, int]:
        """How often each child was started again."""
        return {child.name: child.restarts for child in self._children}

    def pid(self, name: str) -> int | None:
        """The process that runs this child now, or None between two."""
        with self._lock:
            found = next(child.process for child in self._children if child.name == name)
            return found.pid if found and found.poll() is None else None

    def wait(self) -> None:
        """Until SIGINT, SIGTERM, SIGHUP or ``request_stop``. A second signal cuts the stopping short."""
        before = {number: signal.signal(number, self._interrupted) for number in (
            signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            self._stopping.wait()
            self.stop()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def request_stop(self) -> None:
        """Ends ``wait``, from any thread or signal handler."""
        self._stopping.set()

    def stop(self) -> None:
        """Stops all, the last started first, each in its part of the time; then kills whatever is left."""
        self._stopping.set()
        until = time.monotonic() + self._stop_within
        with self._lock:  # the monitor starts nothing any more from here on
            children = list(enumerate(self._children, 1))
        for left, child in reversed(children):
            patience = 0.0 if self._interrupts > 1 else max(0.0, until - time.monotonic()) / left
            child.end(patience)
        self._end_keeper()
        for child in self._children:
            child.finish_reading()
        self._stopped.set()
        if self._monitor.is_alive():
            self._monitor.join()

    def _interrupted(self, _number: int, _frame: FrameType | None) -> None:
        self._interrupts += 1
        self._stopping.set()

    def _watch(self) -> None:
        while not self._stopping.wait(_PAUSE):
            with self._lock:
                if self._keeper and self._keeper.poll() is not None:
                    self._keep()
                for child in self._children:
                    self._look_after(child)
        # What this thread has started lives no longer than this thread (see the class).
        self._stopped.wait()

    def _look_after(self, child: _Child) -> None:
        if self._stopping.is_set():
            return
        code = child.died()
        if code is not None:
            pause = child.wait_before_restart()
            self._say(child.name, f"ended ({_reason(code)}), starting again in {pause:.1f} s")
        elif child.due is not None and time.monotonic() >= child.due:
            child.restarts += 1
            with suppress(OSError):
                child.spawn(self._group, self._say)

    def _keep(self) -> None:
        """Starts the keeper, the first one as the leader of a new group, one that replaces it in the same group."""
        command: list[str] = [sys.executable, "-S", "-E", str(_HERE / "keeper.py")]
        options: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL}
        if self._keeper and self._keeper.stdin:
            self._keeper.stdin.close()
        try:
            self._keeper = subprocess.Popen(command, process_group=self._group, **options)
        except OSError:  # nobody is left in the group
            self._keeper = subprocess.Popen(command, process_group=0, **options)
            self._group = 0
        self._group = self._group or self._keeper.pid

    def _end_keeper(self) -> None:
        """Lets go of the pipe: the keeper kills what is left of the group, itself included."""
        keeper, self._keeper = self._keeper, None
        if keeper and keeper.stdin:
            keeper.stdin.close()
            keeper.wait()


def _reason(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
