"""Which webhooks are PhonePe's: the static hash, the newer HMAC, and both with a retired secret."""

import base64
import hashlib
import hmac
import json

import pytest

from kartify.plugin import Inbound, NoSecret, Refused

from .conftest import HERE, VALUES, stamp

BODY = {"event": "checkout.order.completed", "payload": {"merchantOrderId": "R7Q2M9"}}
USER, PASSWORD = VALUES["webhook_username"], VALUES["webhook_password"]
GOOD = stamp(USER, PASSWORD)


def test_the_hash_of_user_and_password_is_accepted_whatever_the_body(gateway, hook):
    assert gateway.verify(hook(BODY)).secret == "current"
    assert gateway.verify(hook({"forged": True})).secret == "current"
    assert gateway.verify(hook(BODY)).signed_at is None


def test_what_the_official_sdk_accepted_is_accepted(make_gateway, hook):
    recorded = json.loads((HERE / "sdk_recorded.json").read_text())["callbacks_it_accepts"]
    assert recorded
    for user, password, header in recorded:
        gateway = make_gateway(webhook_username=user, webhook_password=password)
        assert gateway.verify(hook(BODY, authorization=header)).secret == "current"


@pytest.mark.parametrize(
    "header",
    ["", GOOD.upper(), f"{GOOD}, {GOOD}", f"{GOOD} ", f" {GOOD}", GOOD[:-1], f"{GOOD}0", f"SHA256 {GOOD}",
     f"Basic {GOOD}",
     f"{GOOD}\n", stamp(USER, "Wrong2606"), stamp("someone", PASSWORD), stamp(USER, ""), stamp("", PASSWORD), "é" * 64],
)  # fmt: skip
def test_any_other_header_is_refused(gateway, hook, header):
    with pytest.raises(Refused):
        gateway.verify(hook(BODY, authorization=header))


def test_a_missing_header_is_refused(gateway):
    with pytest.raises(Refused):
        gateway.verify(Inbound(method="POST", path="/", headers={}, body=b"{}"))


def test_the_retired_password_is_told_apart(gateway, hook):
    old = stamp(USER, VALUES["webhook_password_previous"])
    assert gateway.verify(hook(BODY, authorization=old)).secret == "previous"


def test_a_retired_user_name_goes_with_the_retired_password_only(make_gateway, hook):
    gateway = make_gateway(webhook_username_previous="old_hooks")
    old = VALUES["webhook_password_previous"]
    assert gateway.verify(hook(BODY, authorization=stamp("old_hooks", old))).secret == "previous"
    for user, password in ((USER, old), ("old_hooks", PASSWORD)):
        with pytest.raises(Refused):
            gateway.verify(hook(BODY, authorization=stamp(user, password)))


@pytest.mark.parametrize("value", [None, ""])
def test_without_a_password_nothing_is_verified(make_gateway, hook, value):
    with pytest.raises(NoSecret):
        make_gateway(webhook_password=value).verify(hook(BODY, authorization=stamp(USER, "")))


@pytest.fixture
def signed(make_gateway):
    return make_gateway(
        webhook_auth="hmac", webhook_secret="made-up-key", webhook_secret_previous="retired-key",
        webhook_header="X-Made-Up-Signature",
    )


def _digest(raw, secret):
    return hmac.new(secret.encode(), raw, hashlib.sha256).digest()


@pytest.mark.parametrize(("secret", "which"), [("made-up-key", "current"), ("retired-key", "previous")])
@pytest.mark.parametrize(
    "encode", [bytes.hex, lambda one: one.hex().upper(), lambda one: base64.b64encode(one).decode()]
)
def test_an_hmac_over_the_raw_bytes_is_accepted_in_either_writing(signed, hook, secret, which, encode):
    raw = b'{"event": "x",  "payload":{}}'
    message = hook(raw, **{"x-made-up-signature": encode(_digest(raw, secret))})
    assert signed.verify(message).secret == which


def test_an_hmac_of_other_bytes_is_refused(signed, hook):
    raw = b'{"event":"x"}'
    for text in (_digest(raw + b" ", "made-up-key").hex(), _digest(raw, "other").hex(), "", "00", GOOD):
        with pytest.raises(Refused):
            signed.verify(hook(raw, **{"x-made-up-signature": text}))


def test_the_static_hash_does_not_count_where_hmac_is_set_and_the_other_way_round(signed, gateway, hook):
    with pytest.raises(Refused):
        signed.verify(hook(BODY))
    raw = b"{}"
    with pytest.raises(Refused):
        gateway.verify(hook(raw, authorization=_digest(raw, "made-up-key").hex()))


def test_without_a_secret_key_no_hmac_is_verified(make_gateway, hook):
    with pytest.raises(NoSecret):
        make_gateway(webhook_auth="hmac").verify(hook(BODY))
