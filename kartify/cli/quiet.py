"""How loud a process of the stack is."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import click

from kartify.cli.here import set_logging, settings_here
from kartify.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])


def quiet_option(command: F) -> F:
    return click.option("--quiet", is_flag=True, help="Log warnings and errors only.")(command)


def begin(quiet: bool) -> Settings:
    set_logging(logging.WARNING if quiet else logging.INFO)
    return settings_here()
