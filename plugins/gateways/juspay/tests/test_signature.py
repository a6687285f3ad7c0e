"""Who a message is from: Basic auth of webhooks, the signature of the return."""

import base64
import hashlib
import hmac
from urllib.parse import quote, quote_plus

import pytest

from kartify.plugin import NoSecret, Refused

OTHER_KEY = "another-response-key"


def test_the_webhooks_user_and_password_are_checked(gateway, hook):
    assert gateway.verify(hook({})).secret == "current"


def test_the_retired_password_counts_as_the_previous_one(gateway, hook):
    assert gateway.verify(hook({}, password="hook-password-before")).secret == "previous"


@pytest.mark.parametrize(("user", "password"), [
    ("kartifyhook", "hook-passwore"), ("kartifyhook", ""), ("other", "hook-password"), ("", ""),
    ("kartifyhook", "hook-password "), ("Kartifyhook", "hook-password"),
])  # fmt: skip
def test_another_user_or_password_is_refused(gateway, hook, user, password):
    with pytest.raises(Refused):
        gateway.verify(hook({}, user=user, password=password))


def test_a_parameter_given_twice_is_refused_even_where_both_are_signed(gateway, back, ref):
    twice = [("order_id", "R7Q2M9"), ("status", "AUTHORIZATION_FAILED"), ("status", "CHARGED"), ("status_id", "21")]
    text = quote("&".join(f"{name}={value}" for name, value in twice), safe="")
    digest = hmac.new(b"response-key-of-tests", text.encode(), hashlib.sha256).digest()
    message = back(signature=base64.b64encode(digest).decode(), more=(("status", "AUTHORIZATION_FAILED"),))
    with pytest.raises(Refused, match="twice"):
        gateway.read_callback(message, ref())


RIGHT = base64.b64encode(b"kartifyhook:hook-password").decode()


@pytest.mark.parametrize("header", [
    "", "Basic", "Basic ", RIGHT, f"Bearer {RIGHT}", f"Basic {RIGHT}, Basic {RIGHT}", f"Basic  {RIGHT}",
    f"Basic {RIGHT}\n", f"Basic {RIGHT.rstrip('=')}ü", f" Basic {RIGHT}", f"Basic {'A' * 500}",
])  # fmt: skip
def test_a_missing_doubled_or_mangled_header_is_refused(gateway, hook, header):
    with pytest.raises(Refused):
        gateway.verify(hook({}, authorization=header))


def test_without_a_password_nothing_is_verified(make_gateway, hook):
    with pytest.raises(NoSecret):
        make_gateway(webhook_password=None, webhook_password_previous=None).verify(hook({}))
    with pytest.raises(NoSecret):
        make_gateway(webhook_password="").verify(hook({}, password=""))


def test_the_body_is_not_covered_so_no_report_comes_of_it(gateway, hook, juspay):
    message = hook({"event_name": "ORDER_SUCCEEDED", "id": "evt_1", "content": {"order": juspay.order()}})
    gateway.verify(message)
    assert gateway.read_webhook(message).reports == ()


def test_a_return_signed_as_documented_is_proved(gateway, back, ref):
    assert gateway.read_callback(back(), ref()).proved


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_own_parameters_are_signed_too(gateway, back, ref, method):
    message = back(method=method, own="aGVsbG8=", zz="a b&c/ü", Aa="1")
    assert gateway.read_callback(message, ref()).proved


def test_blanks_signed_as_plus_count_too(gateway, back, ref):
    plus = _with_plus({"order_id": "R7Q2M9", "status": "CHARGED", "status_id": "21", "own": "a b"})
    assert gateway.read_callback(back(own="a b", signature=plus), ref()).proved


def _with_plus(fields):
    text = "&".join(f"{quote_plus(name)}={quote_plus(fields[name])}" for name in sorted(fields))
    digest = hmac.new(b"response-key-of-tests", quote_plus(text).encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


@pytest.mark.parametrize("spelt", [
    lambda made: made, lambda made: quote(made, safe=""), lambda made: made.replace("+", " "),
], ids=["plain", "encoded once more", "plus that became a blank"])  # fmt: skip
def test_the_signature_arrives_in_several_spellings(gateway, back, ref, juspay, spelt):
    # An own parameter that gives a signature with a plus in it.
    own = next(str(one) for one in range(200) if "+" in juspay.documented(_fields(own=str(one))))
    message = back(own=own, signature=spelt(juspay.documented(_fields(own=own))))
    assert gateway.read_callback(message, ref()).proved


def _fields(**more):
    return {"order_id": "R7Q2M9", "status": "CHARGED", "status_id": "21", **more}


@pytest.mark.parametrize("change", [
    {"status": "AUTHORIZATION_FAILED"}, {"status_id": "27"}, {"order_id": "R7Q2M8"}, {"own": "1"},
], ids=lambda one: next(iter(one)))  # fmt: skip
def test_a_changed_parameter_is_refused(gateway, back, ref, juspay, change):
    with pytest.raises(Refused):
        gateway.read_callback(back(signature=juspay.documented(_fields()), **change), ref(gateway_order_id="R7Q2M9"))


@pytest.mark.parametrize("change", [
    {"signature": ""}, {"signature": "-"}, {"signature": "AAAA"}, {"signature": "%"}, {"signature": "x" * 44},
    {"signature_algorithm": "HMAC-SHA1"}, {"signature_algorithm": ""}, {"signature_algorithm": "hmac-sha256"},
    {"signature_algorithm": "-"}, {"more": (("status", "CHARGED"),)}, {"more": (("signature", "x"),)},
    {"key": OTHER_KEY},
], ids=str)  # fmt: skip
def test_a_missing_doubled_or_foreign_signature_is_refused(gateway, back, ref, change):
    with pytest.raises(Refused):
        gateway.read_callback(back(**change), ref())
