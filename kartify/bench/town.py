"""The bench's database: one store, a Razorpay account, an OMS account, and orders that await their payment."""

from __future__ import annotations

import hashlib
import hmac
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import insert

from kartify import clock
from kartify.flows.people import stores
from kartify.house import House
from kartify.models import Base, Order, OrderLine, Payment, new_id, table

SECRET = "whsec-bench"
AMOUNT = 129900
BATCH = 1000
REPEATED, FARTHEST = 0.1, 200
RAZORPAY = {"key_id": "rzp_test_BENCH0000000001", "key_secret": "secret-bench", "webhook_secret": SECRET}
# Never called: the rows of its deliveries are what counts.
OMS = {"api_base": "http://127.0.0.1:9", "merchant": "bench", "api_key": "k", "way": "push"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    store: UUID
    gateway: UUID


def found(house: House) -> Town:
    """The store and its accounts."""
    store = stores.create_store(house, "bench", name="Bench")
    gateway = stores.add_account(house, "bench", "razorpay", RAZORPAY)
    stores.add_account(house, "bench", "sandbox-oms", OMS)
    return Town(store=store, gateway=gateway)


def fill(house: House, town: Town, numbers: range) -> None:
    """Missing orders of one line, each with an open payment."""
    for start in range(numbers.start, numbers.stop, BATCH):
        rows = [_rows(town, number) for number in range(start, min(start + BATCH, numbers.stop))]
        with house.database.write() as connection:
            for place, model in enumerate((Order, OrderLine, Payment)):
                connection.execute(insert(table(_known(model))), [row[place] for row in rows])


def _known(model: Any) -> type[Base]:
    return model


def _rows(town: Town, number: int) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    now, order_id = clock.now(), new_id()
    order = {
        "id": order_id, "store_id": town.store, "number": f"B{number}", "status": "missing", "status_at": now,
        "currency": "INR", "total": AMOUNT, "due": AMOUNT, "method": "prepaid", "email": "asha@example.com",
        "phone": "+919800000000", "customer": {"name": "Asha Rao", "email": "asha@example.com"}, "metadata": {},
        "body_hash": "bench", "confirmed_at": now, "clock_at": now + timedelta(hours=1),
    }
    line = {
        "order_id": order_id, "position": 0, "line_id": "1", "sku": "SHIRT-M", "name": "Shirt", "quantity": 1,
        "unit_price": AMOUNT, "metadata": {},
    }
    payment = {
        "id": new_id(), "order_id": order_id, "account_id": town.gateway, "reference": f"BENCH{number:010d}",
        "gateway_order_id": gateway_order_id(number), "amount": AMOUNT, "currency": "INR", "state": "open",
        "created_at": now, "next_ask_at": now + timedelta(hours=1),
    }
    return order, line, payment


def gateway_order_id(number: int) -> str:
    return f"order_BENCH{number:09d}"


def body(number: int) -> bytes:
    """A paid order as Razorpay tells it: about 1.3 kB."""
    payment_id, order_id, reference = f"pay_BENCH{number:09d}", gateway_order_id(number), f"BENCH{number:010d}"
    payment = {
        "id": payment_id, "entity": "payment", "amount": AMOUNT, "currency": "INR", "status": "captured",
        "order_id": order_id, "invoice_id": None, "international": False, "method": "upi", "amount_refunded": 0,
        "refund_status": None, "captured": True, "description": None, "card_id": None, "bank": None, "wallet": None,
        "vpa": "asha@upi", "email": "asha@example.com", "contact": "+919800000000",
        "notes": {"kartify_reference": reference, "kartify_amount": str(AMOUNT)}, "fee": 3066, "tax": 468,
        "error_code": None, "error_description": None, "error_source": None, "error_step": None, "error_reason": None,
        "acquirer_data": {"rrn": f"{number:012d}", "upi_transaction_id": f"{number:032x}"},
        "created_at": 1795399000, "reward": None, "upi": {"payer_account_type": "bank_account", "vpa": "asha@upi"},
    }  # fmt: skip
    order = {
        "id": order_id, "entity": "order", "amount": AMOUNT, "amount_paid": AMOUNT, "amount_due": 0, "currency": "INR",
        "receipt": reference, "offer_id": None, "status": "paid", "attempts": 1,
        "notes": {"kartify_reference": reference, "kartify_amount": str(AMOUNT)}, "created_at": 1795398900,
    }  # fmt: skip
    return orjson.dumps({
        "entity": "event", "account_id": "acc_BENCH000000001", "event": "order.paid", "contains": ["payment", "order"],
        "payload": {"payment": {"entity": payment}, "order": {"entity": order}}, "created_at": 1795399006,
    })


def headers(number: int, sent: bytes) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "x-razorpay-signature": hmac.new(SECRET.encode(), sent, hashlib.sha256).hexdigest(),
        "x-razorpay-event-id": f"EVTBENCH{number:09d}",
    }


def request(town: Town, number: int) -> bytes:
    """The request as it goes over the wire."""
    sent = body(number)
    lines = [f"POST /webhooks/{town.gateway} HTTP/1.1", "host: 127.0.0.1", "user-agent: Razorpay-Webhook/v1",
             f"content-length: {len(sent)}", *(f"{name}: {value}" for name, value in headers(number, sent).items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + sent


def requests(town: Town, numbers: range, *, seed: int) -> Iterator[bytes]:
    """In order, every tenth a second time 1 to 200 places after its first copy."""
    chance = random.Random(seed)
    repeated = chance.sample(numbers, k=round(len(numbers) * REPEATED))
    places = [(float(number), number) for number in numbers]
    places += [(number + chance.randint(1, FARTHEST) + 0.5, number) for number in repeated]
    return (request(town, number) for _, number in sorted(places))
