"""The web server of the bench, in a process of its own: ``python -m kartify.bench.serve PORT``."""

from __future__ import annotations

import sys

from kartify.stack.web import run_web

if __name__ == "__main__":
    run_web("kartify.cli.served:application", host="127.0.0.1", port=int(sys.argv[1]))
