"""What commands print: for people, or one JSON document for machines."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import click

F = TypeVar("F", bound=Callable[..., Any])


def json_option(command: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print machine-readable JSON.")(command)


def show(data: Any, *, as_json: bool, text: str | None = None) -> None:
    """``text`` is for people; left away, a mapping is shown as one line a name."""
    if as_json:
        click.echo(json.dumps(data, default=_plain, ensure_ascii=False, indent=2))
    else:
        click.echo(text if text is not None else lines(data))


def lines(data: Mapping[str, Any]) -> str:
    return "\n".join(f"{name}: {_text(value)}" for name, value in data.items() if value not in (None, [], {}))


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return ", ".join(str(one) for one in value)
    return str(_plain(value) if isinstance(value, datetime) else value)


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows under one another, each column as wide as it must be."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))] if rows else []
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
                     for row in rows)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be printed as JSON")
