"""XML in and out. What comes in is read without entities, document types, or bottomless nesting."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape

from kartify.plugin import Unreadable

DEEPEST = 12
_FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class Node:
    """An element: its name, its own text, the elements in it."""

    name: str
    text: str = ""
    inside: list[Node] = field(default_factory=list)

    def all(self, name: str) -> Iterator[Node]:
        return (one for one in self.inside if one.name == name)

    def first(self, name: str) -> Node | None:
        return next(self.all(name), None)

    def value(self, *path: str) -> str:
        """The text at a path of first elements; empty where there is none."""
        found: Node | None = self
        for name in path:
            found = found.first(name) if found is not None else None
        return found.text.strip() if found is not None else ""


def parse(body: bytes) -> Node:
    """The root. Raises ``Unreadable``."""
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=None)
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.EntityDeclHandler = reader.refuse
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError):
        raise Unreadable("not XML that can be read") from None
    if reader.root is None:
        raise Unreadable("an empty XML document")
    return reader.root


class _Reader:
    def __init__(self) -> None:
        self.root: Node | None = None
        self._open: list[Node] = []

    def start(self, name: str, attributes: Any) -> None:
        node = Node(name.rpartition(":")[2])
        if len(self._open) >= DEEPEST:
            raise Unreadable("XML nested too deeply")
        if self._open:
            self._open[-1].inside.append(node)
        else:
            self.root = node
        self._open.append(node)

    def end(self, name: str) -> None:
        self._open.pop()

    def text(self, data: str) -> None:
        self._open[-1].text += data

    def refuse(self, *_: Any) -> None:
        raise Unreadable("XML with a document type or entities is not taken")


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment of an IDoc to be written: fields that are empty are left out."""

    name: str
    fields: dict[str, str]
    inside: Sequence[Segment] = ()

    def write(self) -> str:
        held = "".join(f"<{name}>{clean(text)}</{name}>" for name, text in self.fields.items() if text)
        below = "".join(one.write() for one in self.inside)
        return f'<{self.name} SEGMENT="1">{held}{below}</{self.name}>'


def clean(text: str) -> str:
    """Escaped, without the characters that XML cannot hold."""
    return escape(_FORBIDDEN.sub("", text))
