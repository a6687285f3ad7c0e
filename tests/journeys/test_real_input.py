"""The main job on real input: Razorpay's payloads, signatures made and checked with its official SDK."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta

import pytest
import razorpay as official
import time_machine
from kartify_razorpay.simulator import KEY_ID, KEY_SECRET, WEBHOOK_SECRET

from kartify import clock


def later(minutes: int = 2):
    return time_machine.travel(clock.now() + timedelta(minutes=minutes), tick=True)


@pytest.fixture
def sdk() -> official.Client:
    return official.Client(auth=(KEY_ID, KEY_SECRET))


def payload(world, **changes) -> dict:
    """order.paid with the structure of Razorpay's own samples: empty notes as [], unknown fields, string numbers."""
    order = world.razorpay.ledger.order(world.session())
    payment = {
        "id": "pay_KART0000000001", "entity": "payment", "amount": 129900, "currency": "INR", "status": "captured",
        "order_id": order["id"], "invoice_id": None, "international": False, "method": "upi", "amount_refunded": 0,
        "refund_status": None, "captured": True, "description": None, "card_id": None, "bank": None, "wallet": None,
        "vpa": "asha@upi", "email": "asha@example.com", "contact": "+919800000000", "notes": [], "fee": "3066",
        "tax": 468, "error_code": None, "error_description": None, "acquirer_data": {"rrn": "412300000001"},
        "created_at": 1795399000, "a_field_of_tomorrow": {"x": [1]}, **changes,
    }
    paid = {**order, "amount_paid": 129900, "amount_due": 0, "status": "paid", "attempts": 2, "notes": []}
    return {
        "entity": "event", "account_id": "acc_SIMULATOR00001", "event": "order.paid", "contains": ["payment", "order"],
        "payload": {"payment": {"entity": payment}, "order": {"entity": paid}}, "created_at": 1795399006,
    }


def send(world, told: dict, event_id: str = "EVT1", secret: str = WEBHOOK_SECRET):
    body = json.dumps(told)
    signature = hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json", "X-Razorpay-Signature": signature, "X-Razorpay-Event-Id": event_id,
    }
    return body, signature, world.client.post(f"/webhooks/{world.gateway}", data=body.encode(), headers=headers)


def test_a_webhook_that_the_official_sdk_calls_genuine_reaches_the_oms_once(world, sdk):
    world.order()
    assert world.status() == "missing"
    body, signature, answer = send(world, payload(world))
    sdk.utility.verify_webhook_signature(body, signature, WEBHOOK_SECRET)
    assert answer.status_code == 200
    assert world.status() == "processing"
    world.tick()
    assert world.oms.by_number == {"K1001": 1}
    (row,) = world.rows("outbox")
    assert (row["state"], row["receipt"]) == ("done", world.oms.orders[0].id)
    assert send(world, payload(world))[2].status_code == 200
    assert send(world, payload(world), event_id="EVT2")[2].status_code == 200
    world.tick()
    assert world.oms.by_number == {"K1001": 1}
    world.check_laws()


def test_a_signature_that_the_official_sdk_refuses_is_refused(world, sdk):
    world.order()
    body, signature, answer = send(world, payload(world), secret="somebody-elses-secret")
    with pytest.raises(official.errors.SignatureVerificationError):
        sdk.utility.verify_webhook_signature(body, signature, WEBHOOK_SECRET)
    assert answer.status_code == 401
    assert world.status() == "missing"
    assert world.rows("inbox") == []


def test_a_callback_with_the_sdks_signature_is_confirmed_by_a_status_call_and_reaches_the_oms(world, sdk):
    world.order()
    paid = world.razorpay.pay(world.session())
    form = {"razorpay_payment_id": paid["id"], "razorpay_order_id": world.session()}
    message = f"{form['razorpay_order_id']}|{form['razorpay_payment_id']}"
    form["razorpay_signature"] = hmac.new(KEY_SECRET.encode(), message.encode(), hashlib.sha256).hexdigest()
    assert sdk.utility.verify_payment_signature(form)
    calls = sum(world.razorpay.calls.values())
    answer = world.client.post(f"/callbacks/{world.gateway}", data=form)
    assert answer.status_code == 303
    assert sum(world.razorpay.calls.values()) > calls, "the callback proves no amount: the gateway must be asked"
    assert world.status() == "processing"
    assert world.rows("settlements")[0]["channel"] == "callback"
    world.tick()
    assert world.oms.by_number == {"K1001": 1}
    world.check_laws()


def test_with_callback_and_webhook_lost_the_lookup_recovers_the_order(world):
    world.order()
    world.razorpay.pay(world.session())
    with later():
        world.tick()
    assert world.status() == "processing"
    assert world.rows("settlements")[0]["channel"] == "lookup"
    assert world.oms.by_number == {"K1001": 1}
    world.check_laws()


def test_cash_on_delivery_goes_out_without_any_gateway(world):
    world.order(payment={"method": "cod"})
    calls = dict(world.razorpay.calls)
    answer = world.client.post("/api/v1/orders/K1001/place", headers=world.headers)
    assert answer.status_code == 200, answer.text
    assert world.status() == "processing"
    world.tick()
    assert world.oms.by_number == {"K1001": 1}
    assert world.razorpay.calls == calls
    assert world.rows("settlements") == []
    world.check_laws()


def test_an_answer_that_the_oms_dropped_is_looked_up_and_not_pushed_again(world):
    world.order()
    world.oms.mode("drop_after_accept", times=1)
    send(world, payload(world))
    world.tick()
    with later():
        world.tick()
    assert world.oms.by_number == {"K1001": 1}
    assert world.rows("outbox")[0]["state"] == "done"
    world.check_laws()


def test_money_that_does_not_match_is_an_exception_and_the_order_stays_missing(world):
    world.order()
    world.razorpay.pay(world.session(), amount=100000)
    with later():
        world.tick()
    assert world.status() == "missing"
    cases = [(row["type"], row["money_held"], row["difference"]) for row in world.rows("cases")]
    assert cases == [("underpaid", 100000, -29900)]
    world.check_laws()
