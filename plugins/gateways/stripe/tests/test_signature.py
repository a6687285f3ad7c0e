"""Who may speak: webhook signatures, cross-checked with the official package."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
import stripe as sdk

from kartify.plugin import Inbound, NoSecret, Refused

SECRET, SECOND, PREVIOUS = "whsec_current000001", "whsec_second0000001", "whsec_retired000001"
BODY = '{"id":"evt_1","name":"Zoë / ₹","amount":129900}'.encode()
AT = 1795399006


def mac(secret: str = SECRET, body: bytes = BODY, at: object = AT) -> str:
    """The published formula, written apart from the plugin."""
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def accepted_by_sdk(message: Inbound, secret: str = SECRET) -> bool:
    try:
        return sdk.WebhookSignature.verify_header(message.body, message.header("stripe-signature"), secret)
    except (sdk.SignatureVerificationError, UnicodeDecodeError):
        return False


def accepted(gateway, message: Inbound) -> bool:
    try:
        gateway.verify(message)
    except Refused:
        return False
    return True


def test_the_formula_of_the_sdk_is_the_published_one(hook):
    assert hook(BODY).header("stripe-signature") == f"t={AT},v1={mac()}"


def test_a_webhook_that_the_sdk_signed_and_accepts_is_accepted(gateway, hook):
    message = hook(BODY)
    assert accepted_by_sdk(message)
    proof = gateway.verify(message)
    assert (proof.secret, proof.signed_at) == ("current", datetime.fromtimestamp(AT, UTC))


@pytest.mark.parametrize(("secret", "named"), [(SECRET, "current"), (SECOND, "current"), (PREVIOUS, "previous")])
def test_each_secret_of_the_account_counts_and_is_named(gateway, hook, secret, named):
    message = hook(BODY, secret=secret)
    assert accepted_by_sdk(message, secret)
    assert gateway.verify(message).secret == named


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_while_a_secret_is_rolled_over_any_of_the_signatures_counts(gateway, hook, order):
    signed = [f"v1={mac()}", f"v1={mac('whsec_not_known_here')}"]
    message = hook(BODY, signature=f"t={AT},{signed[order[0]]},{signed[order[1]]}")
    assert accepted_by_sdk(message)
    assert accepted(gateway, message)


def test_other_schemes_are_not_looked_at(gateway, hook):
    beside = hook(BODY, signature=f"t={AT},v1={mac()},v0={mac()}")
    alone = hook(BODY, signature=f"t={AT},v0={mac()}")
    assert [accepted(gateway, beside), accepted(gateway, alone)] == [True, False]
    assert [accepted_by_sdk(beside), accepted_by_sdk(alone)] == [True, False]


@pytest.mark.parametrize("position", range(len(BODY)))
def test_one_changed_byte_is_refused_here_and_by_the_sdk(gateway, hook, position):
    changed = BODY[:position] + bytes([BODY[position] ^ 1]) + BODY[position + 1 :]
    message = hook(changed, signature=f"t={AT},v1={mac()}")
    assert not accepted(gateway, message)
    assert not accepted_by_sdk(message)


@pytest.mark.parametrize("position", range(64))
def test_one_changed_digit_of_the_signature_is_refused(gateway, hook, position):
    good = mac()
    digit = "0" if good[position] != "0" else "1"
    message = hook(BODY, signature=f"t={AT},v1={good[:position]}{digit}{good[position + 1 :]}")
    assert not accepted(gateway, message)
    assert not accepted_by_sdk(message)


def test_another_time_than_the_signed_one_is_refused(gateway, hook):
    message = hook(BODY, signature=f"t={AT + 1},v1={mac()}")
    assert not accepted(gateway, message)
    assert not accepted_by_sdk(message)


@pytest.mark.parametrize("header", [
    "", " ", f"v1={mac()}", f"t={AT}", f"t={AT},v1=", f"t=,v1={mac(at='')}", f"t=soon,v1={mac(at='soon')}",
    f"t={AT},t={AT},v1={mac()}", f"t={AT},v1={mac()}, t={AT},v1={mac()}", f"t={AT}, v1={mac()}", f"t={AT},v1={mac()} ",
    f"t={AT},v1={mac()}\n", f"t={AT},v1={mac().upper()}", f"t={AT},v1={mac()[:-1]}", f"t={AT},v1={mac()}0",
    f"t={AT},v1={mac()},v1=x", f"t={AT},v1={mac()},", f"t={AT};v1={mac()}", f"T={AT},V1={mac()}",
    f"t=-{AT},v1={mac(at=-AT)}", f"t=99999999999999,v1={mac(at=99999999999999)}", f"t=1,v1={mac(at=1)}",
    f"t={AT},v1={'0' * 64}", f"t={AT},v1={mac('')}", f"t={AT},v1={mac('sk_test_madeup0000000001')}",
    f"t={AT}," + ",".join(["v1=" + "0" * 64] * 20) + f",v1={mac()}", f"t={AT},v1={'é' * 64}",
])  # fmt: skip
def test_a_header_that_is_not_a_time_and_signatures_is_refused(gateway, hook, header):
    assert not accepted(gateway, hook(BODY, signature=header))


def test_a_missing_header_is_refused(gateway):
    with pytest.raises(Refused):
        gateway.verify(Inbound(method="POST", path="/", headers={}, body=BODY))


def test_the_prefix_belongs_to_the_secret(gateway, hook):
    assert not accepted(gateway, hook(BODY, secret=SECRET.removeprefix("whsec_")))


@pytest.mark.parametrize("empty", [None, "", "   "])
def test_without_a_secret_nothing_is_accepted(make_gateway, hook, empty):
    bare = make_gateway(webhook_secret=empty)
    for secret in (SECOND, PREVIOUS, empty or "x"):
        with pytest.raises(NoSecret):
            bare.verify(hook(BODY, secret=secret))


def test_an_empty_retired_secret_is_no_secret(make_gateway, hook):
    assert not accepted(make_gateway(webhook_secret_previous=""), hook(BODY, secret=" "))


def test_the_tolerance_is_that_of_the_sdk_and_reaches_both_ways(gateway):
    assert gateway.tolerance == timedelta(seconds=sdk.Webhook.DEFAULT_TOLERANCE)


def test_a_body_that_is_no_text_is_checked_as_bytes(gateway, hook):
    raw = b"\xff\xfe\x00"
    assert accepted(gateway, hook(raw, signature=f"t={AT},v1={mac(body=raw)}"))
    assert not accepted(gateway, hook(raw + b" ", signature=f"t={AT},v1={mac(body=raw)}"))


def test_what_the_stand_in_sends_the_sdk_accepts(live):
    ours = live.opened()
    charge = live.simulator.pay(ours.gateway_order_id)
    for told in live.simulator.told(charge):
        found = sdk.Webhook.construct_event(
            told.body, told.headers["Stripe-Signature"], live.simulator.settings()["webhook_secret"]
        )
        assert found["type"] in ("payment_intent.succeeded", "checkout.session.completed")
