"""The web server of the benches, in a process of its own: ``python -m kartify.bench.serve PORT [FACTORY]``."""

from __future__ import annotations

import sys

from kartify.stack.web import run_web

if __name__ == "__main__":
    target = sys.argv[2] if len(sys.argv) > 2 else "kartify.cli.served:application"
    run_web(target, host="127.0.0.1", port=int(sys.argv[1]))
