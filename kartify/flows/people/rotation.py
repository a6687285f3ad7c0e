"""A secret is changed without losing a message: the new one goes in, the old one still counts, then it ends.

By name, for every plugin: a secret ``x`` with a secret ``x_previous`` beside it can be rotated.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from kartify import clock
from kartify.accounts import secret_names
from kartify.domain.errors import Conflict, Invalid
from kartify.flows.ground import audit
from kartify.flows.people import stores
from kartify.house import House
from kartify.plugin.partner import Partner

SUFFIX = "_previous"
UNTIL = "webhook_secret_previous_until"
ROTATED, ENDED = "rotate secret", "end old secret"
MOST_DAYS = 90


def rotating(kind: type[Partner]) -> list[str]:
    """The secrets of a plugin that have a place for the one before."""
    names = secret_names(kind)
    return [name for name in kind.Settings.model_fields if name in names and f"{name}{SUFFIX}" in names]


def retired(name: str) -> bool:
    """Whether a setting is the old half of a rotation, or its end: no form shows it."""
    return name.endswith(SUFFIX) or name == UNTIL


def rotate(
    house: House, account_id: UUID, name: str, new: str, *, by: str, days: int | None = None, version: int | None = None
) -> None:
    """``days``: how long the old one still counts; without it, until someone ends it. Raises ``Invalid``, ``Conflict``,
    ``Stale``."""
    _known(house, account_id, name)
    if not new:
        raise Invalid(name, "expected the new secret")
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise Invalid("days", f"expected 1 to {MOST_DAYS}")
    until = (clock.now() + timedelta(days=days)).isoformat() if days else ""

    def changes(known: Mapping[str, Any]) -> dict[str, Any]:
        if known.get(name) == new:
            raise Invalid(name, "this is the secret that is set now")
        if known.get(f"{name}{SUFFIX}"):
            raise Conflict("two secrets are valid already: end the old one first, since only two can be")
        return {name: new, f"{name}{SUFFIX}": known.get(name) or "", UNTIL: until}

    act = audit.Act(by=by, action=ROTATED, subject="", text=f"{name};")
    stores.change_account(house, account_id, changes, act=act, version=version)


def end_old(house: House, account_id: UUID, name: str, *, by: str, version: int | None = None) -> None:
    """From now on only the new one counts. Raises ``Conflict`` where there is no old one."""
    _known(house, account_id, name)

    def changes(known: Mapping[str, Any]) -> dict[str, Any]:
        if not known.get(f"{name}{SUFFIX}"):
            raise Conflict("there is no old secret: only one is valid")
        return {f"{name}{SUFFIX}": "", UNTIL: ""}

    act = audit.Act(by=by, action=ENDED, subject="", text=f"{name};")
    stores.change_account(house, account_id, changes, act=act, version=version)


def _known(house: House, account_id: UUID, name: str) -> None:
    kind = house.registry.partner(house.accounts.get(account_id).slug)
    if kind is None or name not in rotating(kind):
        raise Invalid("secret", "this account has no such secret that can be rotated")
