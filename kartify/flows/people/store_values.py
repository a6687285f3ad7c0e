"""What stands in a store's row: its name, zone, addresses of return, and its policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationError

from kartify.domain.errors import Invalid
from kartify.flows.people.account_settings import bad
from kartify.flows.settling.policy import StorePolicy

ZONE, MOST_NAME = "Asia/Kolkata", 200


def name_of(text: str) -> str:
    if not 1 <= len(text.strip()) <= MOST_NAME:
        raise Invalid("name", f"expected 1 to {MOST_NAME} characters")
    return text.strip()


def zone_of(name: str) -> str:
    try:
        return str(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid("timezone", "expected a zone such as Asia/Kolkata") from None


def split(changes: Mapping[str, str], policy: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    own: dict[str, Any] = {}
    for name, value in changes.items():
        if name == "name":
            own[name] = name_of(value)
        elif name == "timezone":
            own[name] = zone_of(value)
        elif name == "return_origins":
            own[name] = [origin.strip().rstrip("/") for origin in value.split(",") if origin.strip()]
        elif name in StorePolicy.model_fields and value == "":
            policy.pop(name, None)
        elif name in StorePolicy.model_fields:
            policy[name] = value
        else:
            known = ", ".join(["name", "timezone", "return_origins", *StorePolicy.model_fields])
            raise Invalid(name, f"expected one of {known}")
    try:
        return own, StorePolicy.model_validate(policy).model_dump(mode="json", exclude_defaults=True)
    except ValidationError as problem:
        raise bad(problem, StorePolicy) from None
