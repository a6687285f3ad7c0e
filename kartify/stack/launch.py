"""A script, not a module: asks the kernel to kill this process with its parent, then becomes the command.

``python -S -E launch.py PARENT[/USER] COMMAND …``. USER is for root, whom some servers refuse to run as. Only Linux
can be asked; elsewhere others have to see to it.
"""

import ctypes
import os
import pwd
import signal
import sys

PR_SET_PDEATHSIG = 1


def become(user: str) -> None:
    found = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(found.pw_gid)
    os.setuid(found.pw_uid)


if __name__ == "__main__":
    parent, _, user = sys.argv[1].partition("/")
    if user:
        become(user)
    if sys.platform == "linux":  # after the change of user, which would cancel it
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):
            sys.exit("the parent is gone already")
    try:
        os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - a shell is what is not wanted here
    except OSError as problem:
        sys.exit(f"{sys.argv[2]}: {problem.strerror}")
