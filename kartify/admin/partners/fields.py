"""A form out of a pydantic model: each setting as a field, in its own words. A secret goes in and never comes out."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from flask_babel import gettext
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from kartify.domain.errors import Invalid
from kartify.languages import N_

PREFIX = "s."
MOST = 20_000
Kind = Literal["text", "secret", "number", "flag", "choice", "list", "mapping"]
_ABBREVIATIONS = {"api": "API", "url": "URL", "oauth": "OAuth", "csrf": "CSRF", "sla": "SLA", "cod": "COD"}
_PAIR = re.compile(r",(?=[^,=]+=)")
UNSET = ("", N_("not set"))


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """``default``: as it would be typed; ``choices``: (value, words). ``label``, ``about`` and the words are English:
    pages translate them."""

    name: str
    label: str
    about: str
    kind: Kind
    needed: bool
    default: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    least: str = ""
    most: str = ""
    first: bool = False

    @property
    def key(self) -> str:
        """Its name in the form."""
        return f"{PREFIX}{self.name}"

    @property
    def long(self) -> bool:
        return self.kind in ("list", "mapping")


def fields_of(model: type[BaseModel], *, leave_out: Collection[str] = ()) -> list[FormField]:
    return [_field(name, info) for name, info in model.model_fields.items() if name not in leave_out]


def _field(name: str, info: FieldInfo) -> FormField:
    inner, optional = _bare(info.annotation)
    kind, choices = _kind(inner)
    if kind == "flag" and optional:
        kind, choices = "choice", (("true", N_("yes")), ("false", N_("no")))
    needed = info.is_required()
    if kind == "choice" and not any(value == "" for value, _ in choices) and (optional or needed):
        choices = (UNSET, *choices)
    return FormField(
        name=name, label=info.title or _label(name), about=info.description or "", kind=kind, needed=needed,
        default="" if needed else shown(info.get_default(call_default_factory=True)), choices=choices,
        least=_limit(info, "ge", "gt"), most=_limit(info, "le", "lt"),
        first=needed or kind == "secret" or name == "environment",
    )


def _bare(annotation: Any) -> tuple[Any, bool]:
    """Without None and Annotated, and whether None was in it."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        parts = [part for part in get_args(annotation) if part is not type(None)]
        return _bare(parts[0])[0], len(parts) < len(get_args(annotation))
    return annotation, False


def _kind(inner: Any) -> tuple[Kind, tuple[tuple[str, str], ...]]:
    if inner is SecretStr:
        return "secret", ()
    if get_origin(inner) is Literal:
        return "choice", tuple((str(value), str(value) or N_("by the other settings")) for value in get_args(inner))
    if inner is bool:
        return "flag", ()
    if inner in (int, float):
        return "number", ()
    plain = get_origin(inner) or inner
    if plain is dict:
        return "mapping", ()
    return ("list" if plain in (list, tuple, set, frozenset) else "text"), ()


def _label(name: str) -> str:
    words = " ".join(_ABBREVIATIONS.get(part, part) for part in name.split("_"))
    return words[:1].upper() + words[1:]


def _limit(info: FieldInfo, *names: str) -> str:
    found = (getattr(one, name, None) for one in info.metadata for name in names)
    return next((str(limit) for limit in found if limit is not None), "")


def shown(value: Any) -> str:
    """A stored value as it would be typed."""
    match value:
        case None | SecretStr():
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.isoformat()
        case Mapping():
            return _pairs(value)
        case list() | tuple() | set() | frozenset():
            return _items(list(value))
    return str(value)


def _pairs(value: Mapping[str, Any]) -> str:
    plain = all(isinstance(one, str) and not set(f"{name}{one}") & set(',="{[') for name, one in value.items())
    return ", ".join(f"{name}={one}" for name, one in value.items()) if plain else json.dumps(dict(value))


def _items(value: list[Any]) -> str:
    plain = all(isinstance(one, str | int) and not set(str(one)) & set(', "[') for one in value)
    return ", ".join(map(str, value)) if plain else json.dumps(value)


def typed(fields: Sequence[FormField], form: Mapping[str, str], before: Mapping[str, str]) -> dict[str, str]:
    """What the form brings, by name; a box that is not ticked brings nothing, and of another field that is as it was
    ``before``. Raises ``Invalid`` for what is too long to be meant."""
    found = {}
    for field in fields:
        missing = "false" if field.kind == "flag" else before.get(field.name, "")
        text = form.get(field.key, missing).replace("\r\n", "\n")
        if len(text) > MOST:
            raise Invalid(field.name, gettext("expected at most %(most)s characters", most=MOST))
        found[field.name] = text if field.kind == "secret" else text.strip()
    return found


def changed(fields: Sequence[FormField], before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, Any]:
    """Values for the settings, of what was typed otherwise than it stood there; a blank secret stays what it is.
    Raises ``Invalid`` naming a text that is no list and no mapping."""
    return {
        field.name: _value(field, now[field.name]) for field in fields
        if (now[field.name] != "" if field.kind == "secret" else now[field.name] != before.get(field.name, ""))
    }


def _value(field: FormField, text: str) -> Any:
    if not text or not field.long:
        return text
    try:
        return _mapping(text) if field.kind == "mapping" else _list(text)
    except (ValueError, RecursionError):
        raise Invalid(field.name, gettext(
            "expected a list with commas, or name=value with commas between; or JSON")) from None


def _list(text: str) -> list[Any]:
    if text.startswith("["):
        return list(json.loads(text))
    return [part.strip() for part in text.replace("\n", ",").split(",") if part.strip()]


def _mapping(text: str) -> dict[str, Any]:
    if text.startswith("{"):
        return dict(json.loads(text))
    return dict(_split(part) for part in _PAIR.split(text.replace("\n", ",")) if part.strip(" ,"))


def _split(part: str) -> tuple[str, str]:
    name, equals, value = part.strip(" ,").partition("=")
    if not equals:
        raise ValueError(part)
    return name.strip(), value.strip()


def secrets_out(text: str, fields: Sequence[FormField], now: Mapping[str, str]) -> str:
    """A sentence without the secrets that were typed, should a plugin repeat one."""
    for value in _secret_texts(fields, now):
        text = text.replace(value, "***")
    return text


def _secret_texts(fields: Sequence[FormField], now: Mapping[str, str]) -> Iterator[str]:
    found = (now.get(field.name, "").strip() for field in fields if field.kind == "secret")
    yield from sorted((one for one in found if len(one) > 3), key=len, reverse=True)


__all__ = ["PREFIX", "FormField", "changed", "fields_of", "secrets_out", "shown", "typed"]
