"""The parts that the flows work with, made once a process by ``kartify.app``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from argon2 import PasswordHasher

from kartify.accounts import AccountBook
from kartify.database import Database
from kartify.plugin.partner import Client
from kartify.registry import Registry
from kartify.together import Together
from kartify.vault import Vault


class Waker(Protocol):
    """Tells a worker that there is something due. May be lost: the database decides, the queue only wakes."""

    def wake(self, name: str, *args: str) -> bool: ...


class NoWaker:
    """For processes without a queue; the tick finds everything."""

    def wake(self, name: str, *args: str) -> bool:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Everything a flow may need. ``public_url`` has no slash at its end."""

    database: Database
    registry: Registry
    vault: Vault
    accounts: AccountBook
    client: Client
    public_url: str
    waker: Waker = field(default_factory=NoWaker)
    # Where webhooks that come at the same moment are settled in one transaction.
    desk: Together[Any, Any] = field(default_factory=Together)
    # Argon2id at the library's current defaults.
    passwords: PasswordHasher = field(default_factory=PasswordHasher)

    def webhook_url(self, account_id: object) -> str:
        return f"{self.public_url}/webhooks/{account_id}"

    def callback_url(self, account_id: object) -> str:
        return f"{self.public_url}/callbacks/{account_id}"


def build(
    database: Database,
    registry: Registry,
    vault: Vault,
    *,
    client: Client,
    public_url: str,
    waker: Waker | None = None,
    passwords: PasswordHasher | None = None,
) -> House:
    return House(
        database=database,
        registry=registry,
        vault=vault,
        accounts=AccountBook(database, registry, vault),
        client=client,
        public_url=public_url.rstrip("/"),
        waker=waker or NoWaker(),
        passwords=passwords or PasswordHasher(),
    )
