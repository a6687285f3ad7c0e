"""A PayU account at its stand-in, and a client that answers what a test says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from kartify_payu import PayUGateway, PayUSimulator

from kartify.http import HttpClient
from kartify.plugin import HttpAnswer, Money, PaymentRef, PaymentRequest
from kartify.testing.serve import simulating

VALUES = {"key": "KEY123", "salt": "made-up-salt-0001", "environment": "test"}


def gateway(**changes: Any) -> PayUGateway:
    return PayUGateway(PayUGateway.Settings(**{**VALUES, **changes}))


def request(
    reference: str = "KTF0001A1", amount: int = 149900, currency: str = "INR", **changes: Any
) -> PaymentRequest:
    given: dict[str, Any] = {
        "order_number": "K1001", "customer": {"name": "Asha Rao", "email": "asha@example.com", "phone": "9000000001"},
        "callback_url": "https://k.example/callbacks/a", "webhook_url": "https://k.example/webhooks/a", **changes,
    }
    return PaymentRequest(reference=reference, amount=Money(amount, currency), **given)


def payment(reference: str = "KTF0001A1", amount: int = 149900) -> PaymentRef:
    return PaymentRef(
        reference=reference, gateway_order_id=reference, amount=Money(amount, "INR"), created_at=datetime.now(UTC)
    )


def entry(txnid: str = "KTF0001A1", **changes: Any) -> dict[str, Any]:
    return {
        "mihpayid": "403993715537000001", "txnid": txnid, "amt": "1499.00", "transaction_amount": "1499.00",
        "net_amount_debit": 1499, "additional_charges": "0.00", "disc": "0.00", "mode": "UPI", "status": "success",
        "unmappedstatus": "captured", "addedon": "2026-06-01 11:51:47", **changes,
    }


@dataclass
class Said:
    """A client that answers in turn, and keeps what it was asked."""

    answers: list[Any]
    asked: list[dict[str, str]] = field(default_factory=list)

    def request(self, method: str, url: str, **given: Any) -> HttpAnswer:
        self.asked.append(dict(given["form"]))
        told = self.answers.pop(0)
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        return HttpAnswer(status=200, headers={}, body=body)


def verified(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"status": 1, "msg": "ok", "transaction_details": {one["txnid"]: one for one in entries}, **more}


NO_ACTIONS = {"status": 0, "msg": "0 out of 1 Transactions Fetched Successfully", "transaction_details": []}


@pytest.fixture
def live() -> Iterator[tuple[PayUGateway, HttpClient, PayUSimulator]]:
    with simulating(PayUSimulator) as (_, stand_in):
        yield PayUGateway(PayUGateway.Settings(**stand_in.settings())), HttpClient(), stand_in
