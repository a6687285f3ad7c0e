"""What the bench of pages is served: the application, and one page with nothing in it."""

from __future__ import annotations

from flask import Flask

from kartify.cli.served import quiet

EMPTY = "/bench/empty"


def application() -> Flask:
    app = quiet()
    app.add_url_rule(EMPTY, "empty", lambda: "")
    return app
