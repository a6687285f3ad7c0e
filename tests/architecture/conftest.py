"""The syntax trees of everything that ships: the core and our plugins."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """``room``: the first name below ``kartify``; for a plugin "plugin", for its stand-in "simulator"."""

    path: Path
    name: str
    room: str

    @cached_property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def functions(self) -> Iterator[Function]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))

    @property
    def calls(self) -> Iterator[ast.Call]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))

    @cached_property
    def imports(self) -> frozenset[str]:
        """Full names of what is imported; "from kartify import clock" is kartify.clock."""
        found: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {one.name for one in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module == "kartify":
                found |= {f"kartify.{one.name}" for one in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module or "." * node.level)
        return frozenset(found)

    @property
    def rooms(self) -> set[str]:
        """The rooms of the core that it imports from, its own aside."""
        return {name.split(".")[1] for name in self.imports if name.startswith("kartify.")} - {self.room}


def _core() -> Iterator[Module]:
    for path in sorted((ROOT / "kartify").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if "versions" not in parts:  # migrations are history: written once, never tidied
            yield Module(path, ".".join(parts), parts[1])


def _plugins() -> Iterator[Module]:
    for home in sorted((ROOT / "plugins").glob("*/*/kartify_*")):
        for path in sorted(home.rglob("*.py")):
            parts = path.relative_to(home.parent).with_suffix("").parts
            named = ("simulator", "book", "desk", "world", "ledger")
            stand_in = {"server", "simulator"} & set(parts) or parts[-1] in named
            yield Module(path, ".".join(parts), "simulator" if stand_in else "plugin")


@pytest.fixture(scope="session")
def core() -> list[Module]:
    return list(_core())


@pytest.fixture(scope="session")
def plugins() -> list[Module]:
    return list(_plugins())


@pytest.fixture(scope="session")
def modules(core: list[Module], plugins: list[Module]) -> list[Module]:
    return [*core, *plugins]
