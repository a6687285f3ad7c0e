"""OData V2 as SAP speaks it: literals, dates, decimals as text, ``d`` and ``results``, the error envelope."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

from kartify.plugin import HttpAnswer, Temporary
from kartify_sap.service import Property

_DATE = re.compile(r"/Date\((-?[0-9]{1,15})(?:[+-][0-9]{1,4})?\)/\Z")
_DECIMAL = re.compile(r"-?[0-9]{1,24}(?:\.[0-9]{1,9})?\Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Unfit(ValueError):
    """A value that a property of the service cannot hold; the text says why."""


def literal(text: str) -> str:
    """A text in a filter or a key: a quote inside is doubled."""
    return "'" + text.replace("'", "''") + "'"


def key(entity_set: str, **parts: str) -> str:
    """The path of one entity; its key encoded."""
    encoded = {name: quote(literal(value), safe="'") for name, value in parts.items()}
    named = ",".join(f"{name}={value}" for name, value in encoded.items())
    return f"{entity_set}({named if len(parts) > 1 else next(iter(encoded.values()))})"


def query(params: Mapping[str, str]) -> str:
    """Blanks as %20: what SAP makes of a plus sign depends on who decodes it."""
    return "&".join(f"{quote(name, safe='$-')}={quote(value, safe=',/$')}" for name, value in params.items())


def date_json(moment: datetime | date) -> str:
    """``/Date(…)/`` of the day, at midnight UTC."""
    day = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    return f"/Date({(day - _EPOCH) // timedelta(milliseconds=1)})/"


def moment_literal(moment: datetime) -> str:
    return f"datetimeoffset'{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'"


def read_moment(value: Any) -> datetime | None:
    found = _DATE.match(value) if isinstance(value, str) else None
    return _EPOCH + timedelta(milliseconds=int(found[1])) if found else None


def encode(known: Property, text: str) -> Any:
    """Text as a property of the service wants it in JSON. Raises ``Unfit``."""
    match known.kind:
        case "s":
            if known.size and len(text) > known.size[0]:
                raise Unfit(f"it has {len(text)} characters, at most {known.size[0]} fit")
            return text
        case "n":
            if not _DECIMAL.match(text):
                raise Unfit("a decimal number is expected")
            return text
        case "bool":
            if text.lower() not in ("true", "false"):
                raise Unfit("true or false is expected")
            return text.lower() == "true"
        case "date":
            try:
                return date_json(date.fromisoformat(text))
            except ValueError:
                raise Unfit("a date such as 2026-11-23 is expected") from None
        case _:
            return text


def entity(answer: HttpAnswer) -> Mapping[str, Any]:
    """The ``d`` of an answer. Raises ``Temporary`` for whatever is no OData answer."""
    told = answer.json()
    inner = told.get("d") if isinstance(told, Mapping) else None
    if not isinstance(inner, Mapping):
        raise Temporary("SAP answered with something that is no OData answer (there is no d)")
    return inner


def results(inner: Any) -> Sequence[Mapping[str, Any]]:
    """The rows of a collection, expanded or not. Raises ``Temporary`` where it is none."""
    rows = inner.get("results") if isinstance(inner, Mapping) else None
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise Temporary("SAP answered with something that is no list (there is no d.results)")
    return rows


def etag(row: Mapping[str, Any]) -> str:
    told = row.get("__metadata")
    value = told.get("etag") if isinstance(told, Mapping) else None
    return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What SAP says: in an error's envelope, or in ``sap-message`` of a success. ``place``: its name of the field."""

    code: str
    text: str
    severity: str = "error"
    place: str = ""


def read_error(answer: HttpAnswer) -> list[Said]:
    """The details first: the outer text is often no more than "an exception was raised"."""
    try:
        told = answer.json()
    except Temporary:
        return []
    error = told.get("error") if isinstance(told, Mapping) else None
    if not isinstance(error, Mapping):
        return []
    inner = error.get("innererror")
    details = list(_said(inner.get("errordetails") if isinstance(inner, Mapping) else None))
    plain = [one for one in details if one.severity == "error" and not one.code.startswith("/IWBEP/CX_")]
    message = error.get("message")
    text = message.get("value") if isinstance(message, Mapping) else message
    outer = Said(code=_word(error.get("code")), text=_word(text))
    return plain or [one for one in (outer,) if one.text]


def read_header(answer: HttpAnswer) -> list[Said]:
    """The messages of ``sap-message``: JSON, on some systems percent-encoded."""
    raw = answer.headers.get("sap-message", "")
    for text in (raw, unquote(raw)):
        try:
            told = json.loads(text)
        except ValueError:
            continue
        if isinstance(told, Mapping):
            return list(_said([told, *(told.get("details") or ())]))
    return [Said(code="", text=raw, severity="info")] if raw else []


def _said(rows: Any) -> Iterator[Said]:
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, Mapping) and _word(row.get("message")):
            yield Said(
                code=_word(row.get("code")), text=_word(row.get("message")),
                severity=_word(row.get("severity")).lower() or "error",
                place=_word(row.get("target")) or _word(row.get("propertyref")),
            )


def _word(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""
