"""Seconds of CPU of the processes under us: on a machine that others use too, the steadier measure."""

from __future__ import annotations

import os
import resource
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_TICK = os.sysconf("SC_CLK_TCK")


def below() -> float:
    """Of all that run below this process, with what ended below them. 0 where the system has no /proc."""
    children: dict[int, list[int]] = defaultdict(list)
    seconds: dict[int, float] = {}
    for folder in _PROC.glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            fields = (folder / "stat").read_text("utf-8").rpartition(")")[2].split()
            children[int(fields[1])].append(int(folder.name))
            seconds[int(folder.name)] = sum(map(int, fields[11:15])) / _TICK
    waiting, total = [os.getpid()], 0.0
    while waiting:
        for child in children[waiting.pop()]:
            total += seconds[child]
            waiting.append(child)
    return total


def ended() -> float:
    """Of the children that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
