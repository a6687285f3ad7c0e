"""Links of the chains: keys, names and digests. The keys are derived from KARTIFY_SECRET_KEYS; the first seals, all
are known, and each digest says by which key it was made."""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, select

from kartify.flows.proof.seal_rows import BOOK, SOURCES
from kartify.house import House
from kartify.models import Seal, table

seals = table(Seal)
START: Final = ""
PURPOSE: Final = "kartify seals 1"
_MARK: Final = "mark"
_SHORT: Final = 16


class Keys:
    """Our keys by the name that stands before each digest."""

    def __init__(self, found: Sequence[bytes]) -> None:
        self._keys = {sha256(b"name" + key).hexdigest()[:8]: key for key in found}
        self.first = next(iter(self._keys))

    def knows(self, name: str) -> bool:
        return name in self._keys

    def mac(self, name: str, data: bytes) -> str:
        return hmac.new(self._keys[name], data, sha256).hexdigest()


def keys_of(house: House) -> Keys:
    return Keys(house.vault.derived(PURPOSE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """One row in a link: its name, and the digest over it."""

    name: str
    mac: str

    @property
    def entry(self) -> str:
        """As it stands in the link: with the beginning of its own digest, so that an altered row can be named."""
        return f"{self.name}:{self.mac[:_SHORT]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry of a link, read: ``kind`` and ``key`` name the row, ``short`` begins its digest."""

    kind: str
    key: str
    short: str

    @property
    def id(self) -> UUID:
        return UUID(self.key)

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.key}"


def mark(kind: str, row_id: UUID) -> str:
    """Up to which id the rows of a kind were sealed when the link was made."""
    return f"{_MARK}:{kind}:{row_id.hex}"


def told(rows: Any) -> list[str]:
    """The entries of a link, whatever somebody made of them."""
    return [str(one) for one in rows] if isinstance(rows, list) else []


def marks(rows: Any) -> dict[str, UUID]:
    found = (one.split(":") for one in told(rows) if one.startswith(f"{_MARK}:"))
    return {one[1]: UUID(one[2]) for one in found if len(one) == 3 and one[1] in SOURCES and _is_id(one[2])}


def entries(rows: Any) -> list[Entry]:
    """What a link covers. An entry that somebody mangled is one of kind "?" that no row answers to."""
    return [_entry(one) for one in told(rows) if not one.startswith(f"{_MARK}:")]


def links_in(rows: Any) -> list[tuple[str, int, str]]:
    """The links that one of the book covers: chain, position, beginning of the digest."""
    found = []
    for one in told(rows):
        name, _, short = one.rpartition(":")
        chain, _, place = name.rpartition("#")
        if place.isdigit() and len(place) < 10:
            found.append((chain, int(place), short))
    return found


def _is_id(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False


def _entry(text: str) -> Entry:
    name, _, short = text.rpartition(":")
    kind, _, key = name.partition(":")
    if kind not in SOURCES or not _is_id(key):
        return Entry(kind="?", key=text, short="")
    return Entry(kind=kind, key=key, short=short)


def link_name(chain: str, position: int) -> str:
    return f"{chain}#{position}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One link before it is written."""

    chain: str
    position: int
    before: str
    at: datetime
    rows: Sequence[str]
    macs: Sequence[str]

    def digest(self, keys: Keys, key: str) -> str:
        told = [self.chain, self.position, self.before, self.at.isoformat(timespec="microseconds"), list(self.rows),
                list(self.macs)]
        return f"{key}:{keys.mac(key, json.dumps(told, separators=(',', ':')).encode())}"


def same(link: Row[Any], before: str, macs: Sequence[str], keys: Keys) -> bool:
    """Whether the digest that stands in a link is the one over its rows and the link before."""
    made = Link(chain=link.chain, position=link.position, before=before, at=link.at, rows=link.rows, macs=macs)
    key = key_of(link)
    return keys.knows(key) and hmac.compare_digest(made.digest(keys, key), link.digest)


def key_of(link: Row[Any]) -> str:
    return str(link.digest).partition(":")[0]


def heads(connection: Connection, chains: Sequence[str]) -> dict[str, Row[Any]]:
    """The last link of each chain that has one."""
    found: dict[str, Row[Any]] = {}
    for start in range(0, len(chains), 500):
        last = select(seals).where(seals.c.chain.in_(chains[start : start + 500]))
        for row in connection.execute(last.order_by(seals.c.chain, seals.c.position)):
            found[row.chain] = row
    return found


def head(connection: Connection, chain: str = BOOK) -> Row[Any] | None:
    """The last link of a long chain."""
    last = select(seals).where(seals.c.chain == chain).order_by(seals.c.position.desc()).limit(1)
    return connection.execute(last).first()


def span(connection: Connection, chain: str, first: int, last: int) -> list[Row[Any]]:
    """Links from one position to another."""
    found = select(seals).where(seals.c.chain == chain, seals.c.position.between(first, last))
    return list(connection.execute(found.order_by(seals.c.position)))
