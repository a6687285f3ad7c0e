"""Who may speak: base64 of HMAC-SHA256 over timestamp and raw body, against the formula written apart."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from kartify_cashfree.signing import sign

from kartify.plugin import Inbound, Refused

BODY = '{"type":"PAYMENT_SUCCESS_WEBHOOK","amount":170.00,"name":"Zoë / ₹"}'.encode()
SECRET, PREVIOUS, STAMP = "made-up-client-secret", "made-up-retired-secret", "1795421561000"


def mac(message: bytes, secret: str = SECRET) -> str:
    return base64.standard_b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()


GOOD = mac(STAMP.encode() + BODY)


def test_a_known_answer_made_with_other_tools():
    """printf '1795421561000{"a":1.00}' | openssl dgst -sha256 -hmac made-up-client-secret -binary | base64"""
    assert sign(STAMP, b'{"a":1.00}', SECRET) == "Ay3xgnFxx6UhSioqHND1zcYJmmrlIHpw+5Ph8GtVRYM="


def test_a_genuine_webhook_is_accepted_and_its_moment_told(gateway, hook):
    proof = gateway.verify(hook(BODY))
    assert proof.secret == "current"
    assert proof.signed_at == datetime(2026, 11, 23, 8, 12, 41, tzinfo=UTC)


def test_the_retired_secret_counts_and_is_named(gateway, hook):
    assert gateway.verify(hook(BODY, secret=PREVIOUS)).secret == "previous"


def test_a_webhook_secret_of_its_own_counts_instead_of_the_client_secret(make_gateway, hook):
    gateway = make_gateway(webhook_secret="made-up-other-key")
    assert gateway.verify(hook(BODY, secret="made-up-other-key")).secret == "current"
    with pytest.raises(Refused):
        gateway.verify(hook(BODY, secret=SECRET))


def test_an_empty_retired_secret_is_no_secret(make_gateway, hook):
    with pytest.raises(Refused):
        make_gateway(webhook_secret_previous="").verify(hook(BODY, secret=""))


def test_one_changed_byte_is_refused(gateway, hook):
    for position in range(len(BODY)):
        changed = bytearray(BODY)
        changed[position] ^= 1
        with pytest.raises(Refused):
            gateway.verify(hook(bytes(changed), **{"x-webhook-signature": GOOD}))


def test_one_changed_character_of_the_signature_is_refused(gateway, hook):
    for position in range(43):
        other = "A" if GOOD[position] != "A" else "B"
        with pytest.raises(Refused):
            gateway.verify(hook(BODY, **{"x-webhook-signature": GOOD[:position] + other + GOOD[position + 1 :]}))


@pytest.mark.parametrize(
    "signature",
    ["", " ", f"{GOOD}, {GOOD}", f"{GOOD},{GOOD}", GOOD[:-1], GOOD + "\n", f" {GOOD}", GOOD + "=", "é" * 44,
     hmac.new(SECRET.encode(), STAMP.encode() + BODY, hashlib.sha256).hexdigest(), mac(STAMP.encode() + BODY, ""),
     mac(STAMP.encode() + BODY, "other"), mac(BODY), mac(STAMP.encode() + b"." + BODY), mac(BODY + STAMP.encode())],
)  # fmt: skip
def test_what_is_not_the_one_signature_is_refused(gateway, hook, signature):
    """Among them the recipes that public code gets wrong: a dot between, the body alone."""
    with pytest.raises(Refused):
        gateway.verify(hook(BODY, **{"x-webhook-signature": signature}))


@pytest.mark.parametrize(
    "stamp", ["", "1795421561", "17954215610000", "1795421561000, 1795421561000", "-795421561000", "1795421561.00",
              "١٧٩٥٤٢١٥٦١٠٠٠", "1795421561000\n", " 1795421561000"],
)  # fmt: skip
def test_a_timestamp_that_is_not_milliseconds_is_refused_though_it_was_signed(gateway, stamp):
    signature = mac(stamp.encode() + BODY)
    message = Inbound(method="POST", path="/", body=BODY,
                      headers={"x-webhook-signature": signature, "x-webhook-timestamp": stamp})
    with pytest.raises(Refused):
        gateway.verify(message)


def test_another_timestamp_than_the_signed_one_is_refused(gateway, hook):
    with pytest.raises(Refused):
        gateway.verify(hook(BODY, **{"x-webhook-timestamp": "1795421561001"}))


@pytest.mark.parametrize("missing", ["x-webhook-signature", "x-webhook-timestamp"])
def test_a_missing_header_is_refused(gateway, hook, missing):
    message = hook(BODY)
    headers = {name: value for name, value in message.headers.items() if name != missing}
    with pytest.raises(Refused):
        gateway.verify(Inbound(method="POST", path="/", headers=headers, body=BODY))


def test_a_body_that_was_written_anew_is_refused(gateway, hook):
    with pytest.raises(Refused):
        gateway.verify(hook(BODY.replace(b"170.00", b"170.0"), **{"x-webhook-signature": GOOD}))
