"""What a stand-in sends: to the shop's server, and with the customer's browser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A webhook as it goes over the wire."""

    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """How the browser comes back to the shop: GET with ``fields`` in the query, or POST of a form. A ``url`` without a
    path is that of the shop's own address."""

    url: str
    fields: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"
