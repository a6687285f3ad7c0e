"""The samples of a gateway: written messages and exchanges, and what must come of them. See docs/plugins/kit.md."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from kartify.plugin import (
    Client,
    HttpAnswer,
    Inbound,
    Money,
    PaymentRef,
    PaymentRequest,
    Report,
    Temporary,
)

KINDS = ("webhooks", "callbacks", "asks", "opens", "refunds", "captures")


@dataclass(frozen=True, slots=True)
class Sample:
    """One file. ``told`` is its content."""

    name: str
    told: Mapping[str, Any]

    @property
    def expect(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.told["expect"]
        return found

    def inbound(self) -> Inbound:
        """The message of a webhook or a callback."""
        told = self.told
        if "body_base64" in told:
            body = base64.b64decode(told["body_base64"])
        elif "form" in told:
            body = urlencode(told["form"]).encode()
        else:
            body = str(told.get("body", "")).encode()
        query = tuple((str(name), str(value)) for name, value in told.get("query", ()))
        return Inbound(
            method=told.get("method", "POST"), path="/", headers=dict(told.get("headers", {})), query=query, body=body
        )

    def payment(self) -> PaymentRef:
        given = self.told["payment"]
        return PaymentRef(
            reference=given["reference"], gateway_order_id=given.get("gateway_order_id"), amount=money(given),
            created_at=datetime.fromisoformat(given["created_at"]),
            gateway_payment_ids=tuple(given.get("gateway_payment_ids", ())),
        )

    def request(self) -> PaymentRequest:
        given = dict(self.told["request"])
        amount = Money(given.pop("amount"), given.pop("currency"))
        return PaymentRequest(**given, amount=amount)

    @property
    def exchanges(self) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = self.told["exchanges"]
        return found


def money(given: Mapping[str, Any]) -> Money:
    return Money(given["amount"], given["currency"])


def load(folder: Path, kind: str) -> list[Sample]:
    """All samples of a kind, by name; none where there is no such folder."""
    return [
        Sample(path.stem, json.loads(path.read_text("utf-8"))) for path in sorted((folder / kind).glob("*.json"))
    ]


def settings(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "settings.json").read_text("utf-8"))
    return found


def plain(value: Any) -> Any:
    """As the samples write it."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return value.isoformat() if isinstance(value, datetime) else value


def facts(reports: Sequence[Report]) -> list[Report]:
    """Reports to compare, whatever their order; each is checked."""
    for report in reports:
        report.check()
    return sorted(reports, key=lambda one: (one.gateway_payment_id or "", one.word, str(one.at)))


def compare(reports: Sequence[Report], expected: Sequence[Mapping[str, Any]]) -> None:
    """The named fields of the expected reports, in their order."""
    facts(reports)
    assert len(reports) == len(expected), f"{len(reports)} reports where {len(expected)} are expected"
    told = [_named(plain(report), wanted) for report, wanted in zip(reports, expected, strict=True)]
    assert told == [dict(one) for one in expected]


def _named(told: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Of what is told, what the sample names; parts of it likewise."""
    return {
        name: _named(told[name], value) if isinstance(value, Mapping) and isinstance(told[name], Mapping)
        else told[name]
        for name, value in wanted.items()
    }


class Replayed(Client):
    """Answers the written exchanges in order, to the written calls only; from ``broken_at`` on with the fault. Not
    ``strict``: another call gets no answer, since changed answers may lead elsewhere."""

    def __init__(
        self, exchanges: Sequence[Mapping[str, Any]], *, broken_at: int | None = None, fault: Any = None,
        strict: bool = True,
    ) -> None:
        self.exchanges, self.broken_at, self.fault, self.strict = exchanges, broken_at, fault, strict
        self.asked: list[str] = []

    def request(self, method: str, url: str, **given: Any) -> HttpAnswer:
        place = len(self.asked)
        self.asked.append(f"{method} {urlsplit(url).path}")
        if self.broken_at is not None and place >= self.broken_at:
            if isinstance(self.fault, Exception):
                raise self.fault
            assert isinstance(self.fault, HttpAnswer)
            return self.fault
        if place >= len(self.exchanges):
            raise Temporary(f"the samples have no answer to call {place + 1}: {self.asked[-1]}")
        exchange = self.exchanges[place]
        wanted = f"{exchange['request']['method']} {urlsplit(exchange['request']['path']).path}"
        fits = self.asked[-1].endswith(wanted.partition(" ")[2])
        assert fits or not self.strict, f"call {place + 1} is {self.asked[-1]}, not {wanted}"
        if not fits:
            raise Temporary("the samples have no answer to this call")
        return answer(exchange["response"])


def answer(told: Mapping[str, Any]) -> HttpAnswer:
    body = told["text"].encode() if "text" in told else json.dumps(told.get("body")).encode()
    headers = {name.lower(): value for name, value in told.get("headers", {}).items()}
    return HttpAnswer(status=told.get("status", 200), headers=headers, body=body)
