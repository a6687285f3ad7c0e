"""A script, not a module: asks the kernel to kill this process with its parent, then becomes the command.

``python -S -E launch.py PARENT COMMAND …``. On Linux only does it ask; elsewhere the keeper alone has to do.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(sys.argv[1]):
            sys.exit("the parent is gone already")
    try:
        os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - a shell is what is not wanted here
    except OSError as problem:
        sys.exit(f"{sys.argv[2]}: {problem.strerror}")
