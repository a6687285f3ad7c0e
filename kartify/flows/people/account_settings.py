"""What stands in an account's settings: checked field by field, stored plain or sealed, compared by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from kartify.accounts import read_settings, secret_names
from kartify.domain.errors import Conflict, Invalid
from kartify.house import House
from kartify.plugin.partner import Partner, PartnerSettings

GENERAL = "settings"
_PREFIX = "Value error, "
_WORDS = {
    "missing": "this is needed",
    "extra_forbidden": "there is no such setting",
    "int_parsing": "expected a whole number",
    "int_type": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_parsing": "expected a number",
    "bool_parsing": "expected yes or no",
    "literal_error": "expected one of {expected}",
    "greater_than": "expected more than {gt}",
    "greater_than_equal": "expected at least {ge}",
    "less_than": "expected less than {lt}",
    "less_than_equal": "expected at most {le}",
    "string_too_short": "expected at least {min_length} characters",
    "string_too_long": "expected at most {max_length} characters",
    "string_pattern_mismatch": "this does not have the expected form ({pattern})",
}


class BadSettings(Invalid):
    """All that is wrong, by field: ``Invalid`` is about the first. Never holds a value, which may be a secret."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(*next(iter(problems.items())))
        self.problems = problems


class Stale(Conflict):
    """Somebody else saved meanwhile."""


def bad(problem: ValidationError, model: type[BaseModel]) -> BadSettings:
    """Each error at its field, in words."""
    found: dict[str, str] = {}
    for error in problem.errors(include_input=False, include_url=False):
        where = str(error["loc"][0]) if error["loc"] else ""
        said = _sentence(error)
        for name in [where] if where else _named(said, model.model_fields):
            found.setdefault(name, _without(said, name))
    return BadSettings(found)


def _sentence(error: Any) -> str:
    words = _WORDS.get(error["type"])
    if words is None:
        return str(error["msg"]).removeprefix(_PREFIX)
    try:
        return words.format(**error.get("ctx", {}))
    except KeyError:
        return str(error["msg"])


def _named(said: str, fields: Collection[str]) -> list[str]:
    """A rule about several fields says which before its colon: "api_base: …", "key and key_id: …"."""
    words = said.partition(":")[0].replace(",", " ").split() if ":" in said else []
    return [word for word in words if word in fields] or [GENERAL]


def _without(said: str, name: str) -> str:
    return said.removeprefix(f"{name}: ")


def validate(kind: type[Partner], values: Mapping[str, Any]) -> PartnerSettings:
    """Raises ``BadSettings``."""
    try:
        return read_settings(kind, dict(values), {})
    except ValidationError as problem:
        raise bad(problem, kind.Settings) from None


def stored(house: House, kind: type[Partner], settings: PartnerSettings) -> dict[str, Any]:
    """The columns ``settings`` (plain) and ``secrets`` (sealed)."""
    plain, secrets = _parts(kind, settings)
    return {"settings": plain, "secrets": house.vault.seal(secrets)}


def _parts(kind: type[Partner], settings: PartnerSettings) -> tuple[dict[str, Any], dict[str, str]]:
    names = secret_names(kind)
    plain = settings.model_dump(mode="json", exclude=set(names), exclude_none=True)
    return plain, {name: text for name in names if (text := settings.secret(name))}


def different(kind: type[Partner], known: Mapping[str, Any], settings: PartnerSettings) -> list[str]:
    """Names of the settings that are not as they were; what they were, or are, is told by nobody."""
    plain, secrets = _parts(kind, settings)
    now = {**plain, **secrets}
    return [name for name in kind.Settings.model_fields if known.get(name) != now.get(name)]
