"""What a web worker serves: the application, with its log on standard error."""

from __future__ import annotations

import logging

from flask import Flask

from kartify.app import from_environment
from kartify.cli.here import set_logging


def application() -> Flask:
    set_logging(logging.INFO)
    return from_environment()


def quiet() -> Flask:
    """Warnings and errors only."""
    set_logging(logging.WARNING)
    return from_environment()
