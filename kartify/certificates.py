"""Certificates of plugins: the kit's verdict, good for the very files that it was given on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

FILE = "certificate.json"
State = Literal["certified", "changed since", "not certified"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """``checks``: how each check ended; ``cannot``: what the gateway cannot do, with the author's reasons."""

    slug: str
    package: str
    version: str
    digest: str
    kit: str
    made_at: str
    checks: Mapping[str, str] = field(default_factory=dict)
    cannot: Mapping[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> int:
        return sum(outcome == "passed" for outcome in self.checks.values())


def folder_of(partner: type) -> Path:
    """The folder of the package that this class comes from."""
    name = partner.__module__.partition(".")[0]
    spec = find_spec(name)
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not places:
        raise LookupError(f"the package {name} has no folder of its own")
    return Path(places[0])


def digest(folder: Path) -> str:
    """Of every file of the package but what Python makes of it and the certificate itself."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != FILE and "__pycache__" not in path.parts and path.suffix != ".pyc":
            found.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def read(folder: Path) -> Certificate | None:
    """The one that lies in the package; None where there is none that can be read."""
    try:
        told: dict[str, Any] = json.loads((folder / FILE).read_text("utf-8"))
        return Certificate(**told)
    except (OSError, ValueError, TypeError):
        return None


def standing(partner: type) -> tuple[State, Certificate | None]:
    """Whether the plugin is certified as it is now. Code does not change under a running process: it is looked at
    once."""
    try:
        return _standing(folder_of(partner), getattr(partner, "slug", ""))
    except LookupError:
        return "not certified", None


@lru_cache(maxsize=256)
def _standing(folder: Path, slug: str) -> tuple[State, Certificate | None]:
    known = read(folder)
    if known is None:
        return "not certified", None
    same = known.digest == digest(folder) and known.slug == slug
    return ("certified" if same else "changed since"), known
