"""What gateways and OMSes have in common: settings, messages, the client, routes, admin tools."""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Literal, Protocol
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from kartify.domain.errors import Denied, Permanent, Temporary, Throttled, Unreadable
from kartify.plugin.setup import SetupStep

Mode = Literal["live", "test"]
Headers = Mapping[str, str]


class PartnerSettings(BaseModel):
    """Settings of one account. ``SecretStr`` fields are stored encrypted, the rest plain.

    The admin form, the command line, validation and masking come from this model, so every field has a title or a
    description in plain words.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True)

    api_base: str = Field(description="Where the partner's API is; a simulator or a proxy can stand in.")
    webhook_secret_previous_until: datetime | None = Field(
        default=None, description="Until when the retired webhook secret still counts (UTC). Set by rotation."
    )

    @abstractmethod
    def identity(self) -> str:
        """Names the merchant at the partner, without the mode: unique per slug and mode. Never a secret."""

    @abstractmethod
    def mode(self) -> Mode:
        """Whether this account moves real money."""

    def secret(self, name: str) -> str | None:
        """The plain text of a secret field, or None where it is not set or empty."""
        value = getattr(self, name)
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        return text or None

    def masked(self, text: str) -> str:
        """What a partner says, without this account's secrets, should it repeat them. To be used before text is cut:
        half a secret is found by no mask."""
        found = [value.get_secret_value() for value in vars(self).values() if isinstance(value, SecretStr)]
        for secret in sorted(found, key=len, reverse=True):
            text = text.replace(secret, "***") if len(secret) > 3 else text
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A request that reached us. ``headers`` have lower-case names; ``body`` is the exact bytes. ``at`` is when it
    came, where the core tells: a partner's own routes, whose tokens end. ``query_string`` is the query as it was sent,
    for signatures over it."""

    method: str
    path: str
    headers: Headers
    query: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    at: datetime | None = None
    query_string: str = ""

    def header(self, name: str) -> str:
        return self.headers.get(name.lower(), "")

    def form(self) -> dict[str, str]:
        """Fields of an URL-encoded body; a field given twice is refused by being absent."""
        return _single(_parse_form(self.body))

    def params(self) -> dict[str, str]:
        return _single(self.query)


def _parse_form(body: bytes) -> Sequence[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=500)
    except (UnicodeDecodeError, ValueError):
        raise Unreadable("the form cannot be read") from None


def _single(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    names = [name for name, _ in pairs]
    return {name: value for name, value in pairs if names.count(name) == 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the partner expects as an answer."""

    status: int = 200
    body: bytes = b""
    headers: Headers = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A verified message: by which secret, and the signed moment where the scheme has one."""

    secret: Literal["current", "previous"] = "current"
    signed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """What came back from a partner. ``headers`` have lower-case names."""

    status: int
    headers: Headers
    body: bytes

    def json(self) -> Any:
        """The body as JSON, decimals as ``Decimal``. Raises ``Temporary`` when it is not JSON (an HTML error page)."""
        try:
            return read_json(self.body)
        except Unreadable as problem:
            raise Temporary(f"the partner answered {self.status} with something that is not JSON: {problem}") from None

    def raise_for_status(self) -> HttpAnswer:
        """Itself for 2xx. Raises ``Throttled`` for 429, ``Denied`` for 401 and 403, ``Temporary`` for 408, 425 and 5xx,
        ``Permanent`` for the rest."""
        if 200 <= self.status < 300:
            return self
        if self.status == 429:
            raise Throttled("the partner asks for fewer calls (429)", retry_after=self.retry_after())
        if self.status in (401, 403):
            raise Denied(f"the partner refused our keys or rights ({self.status})")
        if self.status >= 500 or self.status in (408, 425):
            raise Temporary(f"the partner answered {self.status}", retry_after=self.retry_after())
        raise Permanent(f"the partner answered {self.status}")

    def retry_after(self) -> float | None:
        """Seconds of a numeric Retry-After; a date there is left to the core's own pause."""
        value = self.headers.get("retry-after", "")
        return min(float(value), 86_400.0) if value.isascii() and value.isdigit() else None


class Client(Protocol):
    """The one way out. TLS is always checked, time and size are limited, secrets are masked in the log.

    Raises ``Temporary`` (``sent=False`` when the connection was never made) and nothing else; every HTTP status is an
    answer.
    """

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Headers | None = None,
        params: Sequence[tuple[str, str]] | Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
    ) -> HttpAnswer: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A page under System » Tools: its form is ``fields``; ``verb`` is the core's verb that it calls."""

    name: str
    title: str
    verb: Literal["confirm_payment"]
    explanation: str


class Partner:
    """The base of gateways and OMSes: one object per account, made with its validated settings."""

    slug: ClassVar[str]
    name: ClassVar[str]
    kind: ClassVar[Literal["gateway", "oms"]]
    Settings: ClassVar[type[PartnerSettings]]
    tools: ClassVar[tuple[Tool, ...]] = ()
    # What is to be done at the partner's dashboard, in its order. Empty: derived from our addresses.
    setup: ClassVar[tuple[SetupStep, ...]] = ()
    # Calls a second that the partner surely stands, and how long one call may take (seconds).
    rate: ClassVar[float] = 10.0
    deadline: ClassVar[float] = 10.0

    def __init__(self, settings: PartnerSettings) -> None:
        self.settings = settings

    @abstractmethod
    def test(self, client: Client) -> str:
        """*Test connection*: a harmless call; a sentence about what answered. Raises ``PartnerError``."""

    def setup_steps(self) -> tuple[SetupStep, ...]:
        """The guided set-up of this account. Pure."""
        return self.setup


def read_json(body: bytes) -> Any:
    """JSON with decimals as ``Decimal``, never float. Raises ``Unreadable`` for anything else, deep nesting too."""
    try:
        return _DECODER.decode(body.decode(json.detect_encoding(body), "surrogatepass"))
    except (ValueError, RecursionError):
        raise Unreadable("not JSON in UTF-8, or nested too deeply") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_constant)


def event_key(event_id: str, body: bytes) -> str:
    """A key for the inbox. Event ids often stand in an unsigned header, so the bytes are part of the key: the same id
    with other bytes is another message, and its effect is de-duplicated by charge."""
    digest = hashlib.sha256(body).hexdigest()[:32]
    return f"{event_id[:80]}:{digest}" if event_id else digest
