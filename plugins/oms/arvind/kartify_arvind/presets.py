"""Presets: files beside this one, each some of the contract's settings. A new one needs no code."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def names() -> tuple[str, ...]:
    folder = files("kartify_arvind") / "presets"
    return tuple(sorted(one.name.removesuffix(".json") for one in folder.iterdir() if one.name.endswith(".json")))


@cache
def _read(name: str) -> str:
    return (files("kartify_arvind") / "presets" / f"{name}.json").read_text("utf-8")


def settings_of(preset: str) -> dict[str, Any]:
    """Of a preset by its name, or of one given as JSON. Raises ``ValueError`` with a sentence."""
    if preset.startswith("{"):
        try:
            whole = json.loads(preset)
        except ValueError:
            raise ValueError("preset: this is not JSON; give a preset's name or a JSON object") from None
    elif preset in names():
        whole = json.loads(_read(preset))
    else:
        raise ValueError(f"preset: there is none of this name; there are {', '.join(names())}")
    found = whole.get("settings", whole) if isinstance(whole, dict) else None
    if not isinstance(found, dict):
        raise ValueError("preset: expected an object of settings")
    return found


def about(name: str) -> str:
    return str(json.loads(_read(name))["about"])
