"""A script, not a module: kills its whole process group when the other end of the pipe at its standard input closes.

The supervisor holds that end and nobody else, so it closes with the supervisor, however that one dies. It takes those
with it that watch nobody themselves: Redis, and what children have started.
"""

import os
import signal

if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while os.read(0, 1):
        pass
    os.killpg(os.getpgrp(), signal.SIGKILL)
