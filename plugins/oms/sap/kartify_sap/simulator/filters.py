"""``$filter`` of OData V2, as far as a client of sales orders needs it."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from kartify_sap.service import EntitySet
from kartify_sap.simulator.answers import refuse

Test = Callable[[Mapping[str, Any]], bool]
_TOKEN = re.compile(
    r"\s*(?:(?P<moment>datetime(?:offset)?'[^']*')|(?P<text>'(?:[^']|'')*')|(?P<mark>[(),])|(?P<word>[^\s(),']+))"
)
_COMPARE = {"eq": operator.eq, "ne": operator.ne, "gt": operator.gt, "ge": operator.ge, "lt": operator.lt,
            "le": operator.le}


def compile_filter(text: str, entity_set: EntitySet) -> Test:
    """Raises the 400 that SAP would answer."""
    return _Reader(text, entity_set).whole()


class _Reader:
    def __init__(self, text: str, entity_set: EntitySet) -> None:
        self._set = entity_set
        self._tokens: list[tuple[str, str]] = []
        position, text = 0, text.strip()
        while position < len(text):
            found = _TOKEN.match(text, position)
            if found is None:
                raise self._wrong()
            self._tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            position = found.end()

    def whole(self) -> Test:
        test = self._either()
        if self._tokens:
            raise self._wrong()
        return test

    def _either(self) -> Test:
        tests = [self._both()]
        while self._next() == ("word", "or"):
            self._take()
            tests.append(self._both())
        return lambda row: any(test(row) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._next() == ("word", "and"):
            self._take()
            tests.append(self._one())
        return lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        kind, text = self._take()
        if text == "(":
            inner = self._either()
            self._expect(")")
            return inner
        if text in ("startswith", "substringof"):
            return self._function(text)
        compare = _COMPARE.get(self._take()[1])
        if kind != "word" or compare is None:
            raise self._wrong()
        name, wanted = self._name(text), self._literal()
        return lambda row: row[name] is not None and compare(row[name], wanted)

    def _function(self, name: str) -> Test:
        self._expect("(")
        first = self._take()
        self._expect(",")
        second = self._take()
        self._expect(")")
        prop, part = (first, second) if name == "startswith" else (second, first)
        field, wanted = self._name(prop[1]), _plain(part[1])
        if name == "startswith":
            return lambda row: str(row[field]).startswith(wanted)
        return lambda row: wanted in str(row[field])

    def _literal(self) -> Any:
        kind, text = self._take()
        if kind == "text":
            return _plain(text)
        if kind == "moment":
            told = datetime.fromisoformat(text.split("'")[1])
            return told if told.tzinfo else told.replace(tzinfo=UTC)
        if text in ("true", "false"):
            return text == "true"
        raise self._wrong()

    def _name(self, text: str) -> str:
        if text not in self._set.properties:
            raise refuse(400, "/IWBEP/CM_MGW_RT/021", f"Property {text} is not known in {self._set.type_name}")
        return text

    def _next(self) -> tuple[str, str] | None:
        return self._tokens[0] if self._tokens else None

    def _take(self) -> tuple[str, str]:
        if not self._tokens:
            raise self._wrong()
        return self._tokens.pop(0)

    def _expect(self, mark: str) -> None:
        if self._take()[1] != mark:
            raise self._wrong()

    def _wrong(self) -> Exception:
        return refuse(400, "/IWCOR/CX_OD_URI_PARSE", "Invalid expression in the filter")


def _plain(text: str) -> str:
    return text[1:-1].replace("''", "'")
