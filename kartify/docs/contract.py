"""docs/plugins/contract.md as the code has it: what ``kartify.plugin`` offers, in the words of its own docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from kartify import plugin
from kartify.plugin import Client, Gateway, Oms, PartnerError, PartnerSettings, Simulator, hookspecs
from kartify.plugin.partner import Partner
from kartify.registry import unfilled

_CLASS_VAR = re.compile(r"ClassVar\[(.*)\]\Z")
_QUOTED = re.compile(r"(: |-> )(['\"])(.*?)\2(?=[,)]| =|$)")
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))
_ERRORS = ("Invalid", "NoSecret", "Refused", "Unreadable", *(
    name for name in plugin.__all__ if inspect.isclass(kind := getattr(plugin, name)) and issubclass(kind, PartnerError)
))
_CONTRACTS: tuple[tuple[type, str], ...] = (
    (Gateway, "A gateway plugin subclasses this."), (Oms, "An OMS plugin subclasses this."),
)


def contract_page() -> str:
    """docs/plugins/contract.md."""
    return "\n".join(_lines()).rstrip() + "\n"


def _lines() -> Iterator[str]:
    yield from (
        "# The plugin contract", "",
        "Written from the code by `make docs`. Everything here is imported from `kartify.plugin`; a plugin imports "
        "nothing else of kartify, but for its simulator, which may use `kartify.simulation`.", "",
        "## Hooks", "",
        "A module named by an entry point of the group `kartify` implements these with `@hookimpl`.", "",
    )
    for name, hook in sorted(vars(hookspecs).items()):
        if hasattr(hook, "kartify_spec"):
            yield f"- `{_call(name, hook)}`: {_told(hook)}"
    for kind, text in _CONTRACTS:
        yield from ("", f"## {kind.__name__}", "", f"{text} {_told(kind)}", "")
        yield from _attributes(kind)
        yield from _methods(kind)
    yield from ("", "## Settings", "", _told(PartnerSettings), "")
    yield from _public(PartnerSettings)
    for protocol in (Client, Simulator):
        yield from ("", f"## {protocol.__name__}", "", _told(protocol), "")
        yield from _public(protocol)
    yield from ("", "## Errors", "")
    yield from (f"- `{name}`: {_told(getattr(plugin, name))}" for name in dict.fromkeys(_ERRORS))
    yield from ("", "## Functions", "")
    yield from (f"- `{_call(name, made)}`: {_told(made)}" for name, made in _offered(inspect.isfunction))
    yield from _values()
    yield from _words()


def _offered(wanted: Callable[[Any], bool]) -> list[tuple[str, Any]]:
    return [(name, getattr(plugin, name)) for name in sorted(plugin.__all__) if wanted(getattr(plugin, name))]


def _attributes(kind: type) -> Iterator[str]:
    """Class attributes, the partner's own first."""
    yield from ("| class attribute | type | default |", "|---|---|---|")
    seen = set()
    for base in (Partner, kind):
        for name, annotation in inspect.get_annotations(base).items():
            if name in seen or name == "kind":
                continue
            seen.add(name)
            text = _CLASS_VAR.sub(r"\1", annotation)
            default = f"`{_value(getattr(kind, name))}`" if hasattr(kind, name) else "needed"
            yield f"| `{name}` | `{_cell(text)}` | {_cell(default)} |"


def _methods(kind: type) -> Iterator[str]:
    needed = sorted(unfilled(kind), key=_line(kind))
    others = [name for name in sorted(_names(kind), key=_line(kind)) if name not in needed]
    for title, names in (("Must be there", needed), ("May be there", others)):
        yield from ("", f"**{title}**", "")
        yield from (f"- `{_call(name, getattr(kind, name))}`: {_told(getattr(kind, name))}" for name in names)


def _names(kind: type) -> Iterator[str]:
    for base in (Partner, kind):
        yield from (name for name, made in vars(base).items() if inspect.isfunction(made) and not name.startswith("_"))


def _line(kind: type) -> Callable[[str], tuple[int, int]]:
    """In the order in which the contract tells of them."""

    def at(name: str) -> tuple[int, int]:
        made = getattr(kind, name)
        return int(made.__qualname__.startswith("Partner.")), made.__code__.co_firstlineno

    return at


def _public(kind: type) -> Iterator[str]:
    for name, made in vars(kind).items():
        if inspect.isfunction(made) and not name.startswith("_"):
            yield f"- `{_call(name, made)}`{': ' * bool(made.__doc__)}{_told(made)}"


def _values() -> Iterator[str]:
    yield from ("", "## Values")
    for name, kind in _offered(lambda made: inspect.isclass(made) and is_dataclass(made)):
        yield from ("", f"### {name}", "", _told(kind), "", "| field | type | default |", "|---|---|---|")
        yield from (f"| `{one.name}` | `{_cell(str(one.type))}` | {_cell(_default(one))} |" for one in fields(kind))
        own = [f"- `{_call(method, made)}`: {_told(made)}" for method, made in _own(kind)]
        yield from ("", *own) if own else ()


def _own(kind: type) -> list[tuple[str, Any]]:
    return [(name, made) for name, made in vars(kind).items()
            if inspect.isfunction(made) and not name.startswith("_") and inspect.getdoc(made)]


def _words() -> Iterator[str]:
    yield from ("", "## Words")
    for name, kind in _offered(lambda made: inspect.isclass(made) and issubclass(made, Enum)):
        words = ", ".join(f"`{one.value}`" for one in kind)
        yield from ("", f"`{name}`: {words}")


def _default(one: Field[Any]) -> str:
    if one.default is not MISSING:
        return f"`{_value(one.default)}`"
    if one.default_factory is not MISSING:
        return f"`{_value(one.default_factory())}`"
    return "needed"


def _value(value: Any) -> str:
    """Short, the same on each run, and as one would write it."""
    if isinstance(value, tuple):
        return f"({', '.join(map(_value, value))})"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, timedelta):
        return _span(value)
    if is_dataclass(value) and not isinstance(value, type):
        return f"{type(value).__name__}()"
    return value.__name__ if isinstance(value, type) else repr(value)


def _span(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    unit, name = next(((unit, name) for unit, name in _UNITS if seconds and not seconds % unit), (1, "s"))
    return f"{seconds // unit} {name}"


def _call(name: str, made: Any) -> str:
    text = str(inspect.signature(made)).replace("(self, ", "(").replace("(self)", "()")
    return f"{name}{_QUOTED.sub(_bare, text)}" if inspect.isfunction(made) else name


def _bare(found: re.Match[str]) -> str:
    return found[1] + found[3]


def _told(made: Any) -> str:
    """The docstring on one line."""
    return " ".join((inspect.getdoc(made) or "").split()).replace("``", "`")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
