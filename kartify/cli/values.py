"""``key=value`` on the command line; secrets from the environment (``key=@env:NAME``) or standard input (``key=-``)."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable

import click

ENV = "@env:"


def pairs(given: Iterable[str], *, secrets: Collection[str] = ()) -> dict[str, str]:
    """What was given, with references filled in; a secret given plainly is warned about. Raises usage errors."""
    found = dict(_split(one) for one in given)
    plain = [name for name, value in found.items() if name in secrets and _is_plain(value)]
    if plain:
        click.echo(
            f"Warning: {', '.join(plain)} was given on the command line, where other users and the shell's history see "
            f"it. Use {plain[0]}=@env:NAME or {plain[0]}=- (standard input).", err=True,
        )
    piped = iter(_stdin([name for name, value in found.items() if value == "-"]))
    return {name: next(piped) if value == "-" else _named(name, value) for name, value in found.items()}


def _split(one: str) -> tuple[str, str]:
    name, equals, value = one.partition("=")
    if not equals or not name:
        raise click.BadParameter(f"expected key=value, not '{name}'", param_hint="key=value")
    return name, value


def _is_plain(value: str) -> bool:
    return value not in ("", "-") and not value.startswith(ENV)


def _named(name: str, value: str) -> str:
    if not value.startswith(ENV):
        return value
    variable = value.removeprefix(ENV)
    if variable not in os.environ:
        raise click.BadParameter(f"{name}: the environment has no {variable}", param_hint="key=value")
    return os.environ[variable]


def _stdin(names: list[str]) -> list[str]:
    """One value is all of standard input; of several, one a line in the order they were named."""
    if not names:
        return []
    text = sys.stdin.read()
    if len(names) == 1:
        return [text.rstrip("\r\n")]
    found = text.splitlines()
    if len(found) < len(names):
        raise click.BadParameter(f"standard input has {len(found)} lines for {', '.join(names)}", param_hint="key=-")
    return found
