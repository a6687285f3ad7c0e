"""Scenarios A: webhook and callback."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from fakes import sign, signed, webhook
from kartify_sandbox import SandboxSimulator
from kartify_sandbox.signing import webhook_header

from kartify import clock
from kartify.domain.errors import NoSecret, NotFound, Refused, Unreadable
from kartify.flows.people import stores
from kartify.flows.receiving import receive, refusals
from kartify.flows.ticking import retry, tick
from kartify.plugin import Inbound, Money, PaymentAnswer, PaymentRequest, Temporary
from kartify.testing.serve import simulating

DAY = 86_400
PAID_AT = 1_795_398_900


def test_sc_04_captured_before_authorized_changes_nothing_the_second_time(scene):
    scene.webhook("e2", state="captured", at=PAID_AT)
    scene.webhook("e1", state="authorized", at=PAID_AT - 5)
    assert scene.status == "processing"
    assert scene.settled == [("pay_1", 249900)]
    assert scene.cases == []
    assert len(scene.rows("reports")) == 2


def test_sc_05_failed_after_captured_asks_and_only_a_fresh_denial_is_a_contradiction(scene):
    scene.webhook("e1", state="captured", at=PAID_AT)
    scene.webhook("e2", state="failed", at=PAID_AT + 60)
    assert scene.status == "processing"
    assert scene.cases == []
    assert scene.rows("payments")[0]["next_ask_at"] is not None
    scene.bank.paid("ord_1", state="failed", at=PAID_AT + 60)
    tick.inline(scene.house)
    assert scene.cases == [("contradiction", 0)]
    assert scene.status == "processing"


def test_sc_05_a_fresh_confirmation_leaves_no_exception(scene):
    scene.webhook("e1", state="captured", at=PAID_AT)
    scene.webhook("e2", state="failed", at=PAID_AT + 60)
    scene.bank.paid("ord_1", state="captured", at=PAID_AT)
    tick.inline(scene.house)
    assert scene.cases == []


def test_sc_06_a_failed_attempt_stays_failed_when_the_second_is_captured(scene):
    scene.webhook("e1", payment="pay_1", state="failed")
    scene.webhook("e2", payment="pay_2", state="captured")
    assert scene.status == "processing"
    assert scene.settled == [("pay_2", 249900)]
    assert {row["gateway_payment_id"]: row["state"] for row in scene.rows("charges")} == {
        "pay_1": "failed", "pay_2": "captured",
    }


def test_sc_07_an_old_message_whose_scheme_signs_its_moment_is_refused(house, shop):
    with simulating(SandboxSimulator) as (_url, sandbox):
        account = shop.account("sandbox", sandbox.settings())
        order = shop.order("K1")
        gateway = house.accounts.get(account).gateway()
        from_shop = shop.payment(order, account, None)
        assert from_shop
        session = _session(house, sandbox, gateway)
        charge = sandbox.pay(session)
        old = sandbox.webhook(charge.id, at=datetime.now(UTC) - timedelta(days=30))
        with pytest.raises(Refused):
            receive.webhook(house, account, _message(old))


def _session(house, sandbox, gateway) -> str:
    request = PaymentRequest(
        reference="REF1", order_number="K1", amount=Money(249900, "INR"), customer={},
        callback_url="http://127.0.0.1:9/cb", webhook_url="http://127.0.0.1:9/wh",
    )
    return gateway.open(house.client, request).gateway_order_id


def _message(sent) -> Inbound:
    body, headers = sent
    lower = {name.lower(): value for name, value in headers.items()}
    return Inbound(method="POST", path="/webhooks/x", headers={"content-type": "application/json", **lower}, body=body)


def test_sc_07_an_old_message_of_a_scheme_without_a_moment_is_harmless(scene):
    scene.webhook("e1")
    with time_machine.travel(clock.now() + timedelta(days=30), tick=True):
        assert scene.webhook("e1") == "duplicate"
        assert scene.webhook("again") == "settled"
    assert scene.settled == [("pay_1", 249900)]
    assert scene.cases == []


def test_sc_08_a_wrong_signature_leaves_a_refusal_and_nothing_else(scene):
    for _ in range(3):
        message = webhook("e1", {"order": "ord_1"}, secret="wrong")
        with pytest.raises(Refused):
            receive.webhook(scene.house, scene.account, message)
    assert scene.rows("inbox") == []
    assert scene.status == "missing"
    counted = scene.rows("refusals")
    assert sum(row["count"] for row in counted) == 3
    assert all(len(row["last_hash"]) == 32 and row["last_size"] > 0 for row in counted)
    with scene.house.database.read() as connection:
        assert refusals.noisy_accounts(connection, clock.now()) == {scene.account: 3}


def _rotating(house, shop):
    """A sandbox account whose webhook secret was just changed; the old one counts for 48 h more."""
    settings = {"api_base": "http://127.0.0.1:9", "merchant": "m1", "key_secret": "key", "webhook_secret": "old"}
    account = shop.account("sandbox", settings)
    until = (clock.now() + timedelta(hours=48)).isoformat()
    stores.set_account(
        house, account,
        {"webhook_secret": "new", "webhook_secret_previous": "old", "webhook_secret_previous_until": until},
    )
    return account


def _sandbox_event(secret: str, event_id: str) -> Inbound:
    told = {"id": event_id, "type": "nothing.known", "created": int(clock.now().timestamp()), "data": {}}
    body = json.dumps({**told, "merchant": "m1", "mode": "test"})
    header = webhook_header(secret, int(clock.now().timestamp()), body.encode())
    headers = {"content-type": "application/json", "sandbox-event-id": event_id, "sandbox-signature": header}
    return Inbound(method="POST", path="/webhooks/x", body=body.encode(), headers=headers)


def test_sc_09_two_secrets_count_during_a_rotation_and_the_used_one_is_recorded(house, shop, rows):
    account = _rotating(house, shop)
    for secret in ("old", "new"):
        receive.webhook(house, account, _sandbox_event(secret, secret))
    assert sorted(row["secret"] for row in rows("inbox")) == ["current", "previous"]
    with time_machine.travel(clock.now() + timedelta(hours=49), tick=True):
        receive.webhook(house, account, _sandbox_event("new", "later"))
        with pytest.raises(Refused):
            receive.webhook(house, account, _sandbox_event("old", "too-late"))


def test_sc_10_what_the_retired_secret_cannot_tell_the_lookup_finds(scene):
    with pytest.raises(Refused):
        receive.webhook(scene.house, scene.account, webhook("e1", {"order": "ord_1"}, secret="retired"))
    scene.bank.paid("ord_1")
    with time_machine.travel(clock.now() + timedelta(minutes=2), tick=True):
        tick.inline(scene.house)
    assert scene.status == "processing"
    assert scene.rows("settlements")[0]["channel"] == "lookup"
    assert scene.rows("order_moves")[0]["reason"] == "found by lookup"


def test_sc_11_without_a_secret_nothing_is_taken(scene):
    stores.set_account(scene.house, scene.account, {"webhook_secret": ""})
    with pytest.raises(NoSecret):
        receive.webhook(scene.house, scene.account, webhook("e1", {"order": "ord_1"}, secret=""))
    assert scene.rows("inbox") == []


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/json"),
        (b'{"id": "e1", "reports": [', "application/json"),
        (b"\xff\xfe\x00", "application/json"),
        (b"[" * 10_000 + b"]" * 10_000, "application/json"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "application/json"),
        (b"NaN", "application/json"),
        (b'{"id": "e1", "reports": []}', "text/html"),
    ],
    ids=["empty", "truncated", "not utf-8", "nested", "nested objects", "no object", "wrong content type"],
)
def test_sc_13_authentic_but_unreadable_bytes_are_kept_as_ignored(scene, body, content_type):
    with pytest.raises(Unreadable):
        receive.webhook(scene.house, scene.account, signed(body, content_type=content_type))
    (kept,) = scene.rows("inbox")
    assert (kept["state"], kept["body"]) == ("ignored", body)
    assert kept["reason"].startswith("unreadable")
    assert scene.status == "missing"


def test_sc_14_an_unknown_event_is_stored_as_ignored(scene):
    message = webhook("e1", event="unknown")
    assert receive.webhook(scene.house, scene.account, message).word == "ignored"
    assert scene.inbox == ["ignored"]


def test_sc_15_money_of_no_order_waits_ten_minutes_and_becomes_an_exception(scene):
    message = webhook("e1", {"order": "ord_9", "payment": "pay_9"})
    assert receive.webhook(scene.house, scene.account, message).word == "waiting"
    tick.inline(scene.house)
    assert scene.cases == []
    with time_machine.travel(clock.now() + timedelta(minutes=11), tick=True):
        tick.inline(scene.house)
    assert scene.cases == [("orphan_money", 249900)]
    assert scene.inbox == ["exception"]


def test_sc_15_news_of_no_order_without_money_is_ignored_in_the_end(scene):
    message = webhook("e1", {"order": "ord_9", "payment": "pay_9", "state": "failed"})
    receive.webhook(scene.house, scene.account, message)
    with time_machine.travel(clock.now() + timedelta(minutes=11), tick=True):
        tick.inline(scene.house)
    assert scene.inbox == ["ignored"]
    assert scene.cases == []


def test_sc_16_a_webhook_faster_than_the_commit_of_its_order_resolves_itself(scene):
    message = webhook("e1", {"order": "ord_2", "payment": "pay_2"})
    assert receive.webhook(scene.house, scene.account, message).word == "waiting"
    late = scene.shop.order("K2")
    scene.shop.payment(late, scene.account, "ord_2")
    with time_machine.travel(clock.now() + timedelta(seconds=16), tick=True):
        tick.inline(scene.house)
    assert {row["number"]: row["status"] for row in scene.rows("orders")} == {"K1": "missing", "K2": "processing"}
    assert scene.inbox == ["done"]


def test_sc_18_with_redis_down_the_message_is_settled_and_the_tick_finds_the_rest(scene):
    """The house of these tests has no queue at all: every wake is lost."""
    assert scene.house.waker.wake("deliver") is False
    assert scene.webhook() == "settled"
    hint = webhook("h1", event="hint", order="ord_1")
    assert receive.webhook(scene.house, scene.account, hint).word == "stored"
    assert scene.inbox == ["done", "done"]


def test_sc_21_without_a_callback_webhook_or_lookup_does_it(scene):
    scene.bank.paid("ord_1")
    with time_machine.travel(clock.now() + timedelta(minutes=2), tick=True):
        tick.inline(scene.house)
    assert scene.status == "processing"
    assert scene.webhook("late") == "settled"
    assert scene.settled == [("pay_1", 249900)]


@pytest.mark.parametrize("signature", ["", "0" * 64])
def test_sc_22_a_forged_callback_settles_nothing_and_has_the_gateway_asked(scene, signature):
    returned = scene.returns(signature=signature)
    assert returned.checking
    assert scene.status == "missing"
    assert scene.bank.asked["ord_1"] == 1
    assert scene.rows("inbox") == []
    assert sum(row["count"] for row in scene.rows("refusals")) == 1


def test_sc_22_many_forged_callbacks_ask_the_gateway_once(scene):
    for _ in range(5):
        scene.returns(signature="0" * 64)
    assert scene.bank.asked["ord_1"] == 1


def test_sc_23_a_callback_of_another_customers_order_is_refused(scene):
    other = scene.shop.order("K2")
    scene.shop.payment(other, scene.account, "ord_2")
    stolen = sign(b"ord_1|pay_1")
    returned = scene.returns(order="ord_2", payment="pay_1", signature=stolen)
    assert returned.number == "K2"
    assert {row["status"] for row in scene.rows("orders")} == {"missing"}
    assert sum(row["count"] for row in scene.rows("refusals")) == 1
    with pytest.raises(NotFound):
        scene.returns(order="ord_unknown")


def test_sc_24_a_callback_replayed_ten_times_settles_once(scene):
    scene.bank.paid("ord_1")
    statuses = [scene.returns().status for _ in range(10)]
    assert set(statuses) == {"processing"}
    assert scene.settled == [("pay_1", 249900)]
    assert scene.rows("settlements")[0]["channel"] == "callback"
    assert scene.deliveries == 1


def test_sc_24_a_slow_gateway_costs_the_customer_three_seconds_at_most(scene):
    done = threading.Event()

    def hang() -> PaymentAnswer:
        done.wait(20)
        raise Temporary("late")

    scene.bank.answers["ord_1"] = hang
    before = clock.now()
    returned = scene.returns()
    assert returned.checking
    assert clock.now() - before < timedelta(seconds=6)
    done.set()


def test_a_message_that_cannot_be_settled_is_retried_and_at_last_shown_to_a_person(scene):
    message = webhook("e1", {"order": "ord_1", "currency": "rupees"})
    assert receive.webhook(scene.house, scene.account, message).word == "waiting"
    for hours in range(1, 16):
        with time_machine.travel(clock.now() + timedelta(hours=hours), tick=True):
            retry.retry_due(scene.house)
    assert scene.inbox == ["exception"]
    assert scene.cases == [("message_failing", 0)]


def test_orphan_money_whose_order_is_found_later_belongs_to_it(scene):
    receive.webhook(scene.house, scene.account, webhook("e1", {"order": "ord_9", "payment": "pay_9"}))
    with time_machine.travel(clock.now() + timedelta(minutes=11), tick=True):
        tick.inline(scene.house)
        assert scene.cases == [("orphan_money", 249900)]
        late = scene.shop.order("K9")
        scene.shop.payment(late, scene.account, "ord_9")
        scene.bank.paid("ord_9", payment="pay_9")
    with time_machine.travel(clock.now() + timedelta(minutes=14), tick=True):
        tick.inline(scene.house)
    assert scene.settled == [("pay_9", 249900)]
    assert scene.cases == []
