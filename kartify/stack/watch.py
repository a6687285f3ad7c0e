"""Ends a process whose parent is gone, so that a killed parent leaves no orphan.

A parent sets ``KARTIFY_PARENT`` to its own number for the children it starts; every link of the chain does so (the
supervisor for the web server's main process, that one for its workers), so the end of the top runs down to the last.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from typing import Final

PARENT: Final = "KARTIFY_PARENT"
_PAUSE: Final = 0.25


def parenthood() -> Mapping[str, str]:
    """What a parent adds to the environment of a child that watches it."""
    return {PARENT: str(os.getpid())}


def watch_parent() -> None:
    """Starts a thread that ends this process, without ado, when its parent is gone.

    Does nothing where nobody announced himself as the parent: a process started by hand or by a service manager.
    """
    expected = os.environ.get(PARENT, "")
    if expected.isdigit():
        threading.Thread(target=_watch, args=(int(expected),), name="watch-parent", daemon=True).start()


def _watch(parent: int) -> None:
    # When a parent ends its children get another one at once, and no number is used again while it has children.
    while os.getppid() == parent:
        time.sleep(_PAUSE)
    os._exit(1)
