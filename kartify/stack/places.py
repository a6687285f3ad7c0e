"""Where the embedded stack keeps its things: paths and private files, nothing that runs."""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# The kernel's limit for the path of a unix socket: 108 bytes on Linux and 104 elsewhere, with the final zero.
_SOCKET_LIMIT = 103


class Misplaced(Exception):
    """A directory that should be ours alone is not."""


def home(path: Path) -> Path:
    """The directory, absolute and made if it is not there, for this user alone."""
    made = path.expanduser().absolute()
    made.mkdir(mode=0o700, parents=True, exist_ok=True)
    return made


def redis_socket(home: Path) -> Path:
    """The embedded Redis's socket: in ``home``, or in a private short directory where that path is too long."""
    digest = hashlib.sha256(os.fsencode(home.absolute())).hexdigest()[:12]
    short = f"kartify-{os.getuid()}-{digest}"
    # The last is there everywhere; ``private`` makes sure that what is made in it is ours alone.
    places = (home.absolute(), Path(tempfile.gettempdir()) / short, Path("/tmp") / short)  # noqa: S108
    found = [place / "redis.sock" for place in places]
    return next((path for path in found if len(os.fsencode(path)) <= _SOCKET_LIMIT), found[-1])


def redis_url(home: Path) -> str:
    return f"unix://{redis_socket(home)}"


def private(directory: Path) -> Path:
    """Makes a directory in a place that others can write to. Raises ``Misplaced`` when somebody else was there."""
    with suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise Misplaced(f"{directory} exists and is not a directory of this user alone; remove it and start again")
    return directory


def kept_secret(path: Path, make: Callable[[], str]) -> str:
    """The content of a file that only its owner reads, made once however many processes ask at the same time."""
    if not path.exists():
        handle, draft = tempfile.mkstemp(dir=path.parent)  # made with mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(make())
            with suppress(FileExistsError):
                os.link(draft, path)
        finally:
            os.unlink(draft)
    return path.read_text("utf-8").strip()


class Busy(Exception):
    """Another stack runs in this home."""


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Holds ``home`` for this process; the system lets go of it however the process ends. Raises ``Busy``."""
    with (home / "lock").open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Busy(f"Another kartify runs in {home}: stop it, or set KARTIFY_HOME to another place.") from None
        yield
