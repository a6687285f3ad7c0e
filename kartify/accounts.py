"""The account book: partners made from stored accounts, kept in memory for a few seconds.

A webhook is checked before any query: the settings it is checked with are at most ``KEEP`` seconds old, and a signature
that fails reloads the account once.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import SecretStr, ValidationError
from sqlalchemy import bindparam, select

from kartify.database import Database
from kartify.domain.errors import KartifyError, NotFound
from kartify.models import Account, table
from kartify.plugin.gateway import Gateway
from kartify.plugin.oms import Oms
from kartify.plugin.partner import Partner, PartnerSettings
from kartify.registry import Registry
from kartify.vault import Vault

KEEP = 5.0
accounts = table(Account)


class Broken(KartifyError):
    """The account cannot work: its plugin is missing or its settings are broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """An account with its partner object. ``problem`` says why there is none."""

    id: UUID
    kind: str
    slug: str
    label: str
    mode: str
    state: str
    paused_until: datetime | None
    failures: int
    partner: Partner | None
    problem: str | None

    def gateway(self) -> Gateway:
        """Raises ``Broken``."""
        if isinstance(self.partner, Gateway):
            return self.partner
        raise Broken(self.problem or f"account {self.id} is no gateway account")

    def oms(self) -> Oms:
        """Raises ``Broken``."""
        if isinstance(self.partner, Oms):
            return self.partner
        raise Broken(self.problem or f"account {self.id} is no OMS account")


_BY_ID = select(accounts).where(accounts.c.id == bindparam("account_id"))


class AccountBook:
    """Thread-safe. A partner object lives as long as its stored settings do not change, tokens and all."""

    def __init__(self, database: Database, registry: Registry, vault: Vault) -> None:
        self._database, self._registry, self._vault = database, registry, vault
        self._kept: dict[UUID, tuple[float, int, Loaded]] = {}
        self._lock = threading.Lock()

    def get(self, account_id: UUID, *, fresh: bool = False) -> Loaded:
        """Raises ``NotFound``. Must not be called inside a transaction: it may read on a connection of its own."""
        kept = self._kept.get(account_id)
        if kept and not fresh and time.monotonic() - kept[0] < KEEP:
            return kept[2]
        with self._database.read() as connection:
            row = connection.execute(_BY_ID, {"account_id": account_id}).mappings().first()
        if row is None:
            raise NotFound("there is no such account")
        return self._keep(row)

    def _keep(self, row: Any) -> Loaded:
        with self._lock:
            kept = self._kept.get(row["id"])
            same = kept is not None and kept[1] == row["version"]
            partner, problem = (kept[2].partner, kept[2].problem) if kept and same else self.make(row)
            loaded = Loaded(
                id=row["id"], kind=row["kind"], slug=row["slug"], label=row["label"], mode=row["mode"],
                state=row["state"], paused_until=row["paused_until"], failures=row["failures"], partner=partner,
                problem=problem,
            )
            self._kept[row["id"]] = (time.monotonic(), row["version"], loaded)
            return loaded

    def make(self, row: Any) -> tuple[Partner | None, str | None]:
        """The partner object of an account row, or the sentence that says why there is none."""
        kind = self._registry.partner(row["slug"])
        if kind is None:
            return None, f"the plugin '{row['slug']}' is not installed"
        try:
            settings = read_settings(kind, row["settings"], self._vault.open(row["secrets"]))
            return kind(settings), None
        except ValidationError as problem:
            names = ", ".join(".".join(str(part) for part in error["loc"]) or "settings" for error in problem.errors())
            return None, f"settings of account {row['id']} are broken: {names}"
        except KartifyError as problem:
            return None, str(problem)
        except Exception as problem:  # a plugin's constructor may fail in any way
            return None, f"the plugin '{row['slug']}' does not start: {type(problem).__name__}"

    def forget(self) -> None:
        """Drops what is kept, after settings were written in this process."""
        with self._lock:
            self._kept.clear()


def secret_names(kind: type[Partner]) -> frozenset[str]:
    """The settings of a plugin that are secrets."""
    return frozenset(
        name for name, field in kind.Settings.model_fields.items() if SecretStr in _types(field.annotation)
    )


def _types(annotation: Any) -> tuple[Any, ...]:
    return (annotation, *getattr(annotation, "__args__", ()))


def read_settings(kind: type[Partner], plain: dict[str, Any], secrets: dict[str, str]) -> PartnerSettings:
    """Raises pydantic's ``ValidationError``; its text may hold values, so callers show field names only."""
    return kind.Settings.model_validate({**plain, **secrets})
