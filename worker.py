"""The worker, for process managers that start a file: ``python worker.py`` is ``kartify worker``."""

from kartify.cli.worker import worker

if __name__ == "__main__":
    worker()
