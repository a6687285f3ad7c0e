"""Who may speak: webhook and callback signatures, cross-checked with the official SDK."""

import hashlib
import hmac
from urllib.parse import urlencode

import pytest
import razorpay
from razorpay.errors import SignatureVerificationError

from kartify.plugin import Inbound, NoSecret, Refused

BODY = '{"event":"order.paid","name":"Zoë / ₹"}'.encode()
SECRET, PREVIOUS, KEY_SECRET = "whsec-current", "whsec-previous", "key-secret-of-tests"


@pytest.fixture
def sdk():
    return razorpay.Client(auth=("rzp_test_KARTIFY0000001", KEY_SECRET)).utility


def mac(message: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def post(fields: dict[str, str], query=()) -> Inbound:
    return Inbound(method="POST", path="/callbacks/a", headers={}, query=query, body=urlencode(fields).encode())


def returned(order_id="order_KART0000000001", payment_id="pay_KART0000000001", **changes) -> dict[str, str]:
    signature = mac(f"{order_id}|{payment_id}".encode(), KEY_SECRET)
    given = {"razorpay_payment_id": payment_id, "razorpay_order_id": order_id, "razorpay_signature": signature}
    return {**given, **changes}


def test_a_webhook_that_the_sdk_accepts_is_accepted(gateway, hook, sdk):
    message = hook(BODY)
    assert sdk.verify_webhook_signature(BODY.decode(), message.header("X-Razorpay-Signature"), SECRET)
    assert gateway.verify(message).secret == "current"


def test_the_retired_secret_counts_and_is_named(gateway, hook, sdk):
    message = hook(BODY, secret=PREVIOUS)
    assert sdk.verify_webhook_signature(BODY.decode(), message.header("X-Razorpay-Signature"), PREVIOUS)
    proof = gateway.verify(message)
    assert (proof.secret, proof.signed_at) == ("previous", None)


@pytest.mark.parametrize("position", range(len(BODY)))
def test_one_changed_byte_is_refused(gateway, hook, position):
    changed = bytearray(BODY)
    changed[position] ^= 1
    message = hook(bytes(changed), **{"x-razorpay-signature": mac(BODY, SECRET)})
    with pytest.raises(Refused):
        gateway.verify(message)


def test_the_sdk_refuses_the_same_tampering(sdk):
    with pytest.raises(SignatureVerificationError):
        sdk.verify_webhook_signature(BODY.decode() + " ", mac(BODY, SECRET), SECRET)


@pytest.mark.parametrize("position", range(64))
def test_one_changed_digit_of_the_signature_is_refused(gateway, hook, position):
    good = mac(BODY, SECRET)
    digit = "0" if good[position] != "0" else "1"
    with pytest.raises(Refused):
        gateway.verify(hook(BODY, **{"x-razorpay-signature": good[:position] + digit + good[position + 1 :]}))


GOOD = mac(BODY, SECRET)


@pytest.mark.parametrize(
    "header",
    ["", " ", GOOD.upper(), f"{GOOD}, {GOOD}", f"{GOOD},{GOOD}", GOOD[:-1], GOOD + "\n", f" {GOOD}", "é" * 64,
     mac(BODY, KEY_SECRET), mac(BODY, "other"), mac(BODY, "")],
)  # fmt: skip
def test_a_header_that_is_not_the_one_signature_is_refused(gateway, hook, header):
    with pytest.raises(Refused):
        gateway.verify(hook(BODY, **{"x-razorpay-signature": header}))


def test_a_missing_header_is_refused(gateway):
    with pytest.raises(Refused):
        gateway.verify(Inbound(method="POST", path="/", headers={}, body=BODY))


@pytest.mark.parametrize("empty", [None, "", "   "])
def test_without_a_secret_nothing_is_accepted(make_gateway, hook, empty):
    gateway = make_gateway(webhook_secret=empty, webhook_secret_previous=None)
    with pytest.raises(NoSecret):
        gateway.verify(hook(BODY, secret=empty or "x"))


def test_an_empty_retired_secret_is_no_secret(make_gateway, hook):
    with pytest.raises(Refused):
        make_gateway(webhook_secret_previous="").verify(hook(BODY, secret=""))


def test_a_return_that_the_sdk_accepts_is_proved_and_tells_no_money(gateway, ref, sdk):
    fields = returned()
    assert sdk.verify_payment_signature(fields)
    callback = gateway.read_callback(post(fields), ref())
    assert callback.proved
    assert callback.outcome == "success"
    assert callback.reports == ()
    assert callback.gateway_payment_id == "pay_KART0000000001"


@pytest.mark.parametrize(
    "changes",
    [{"razorpay_payment_id": "pay_KART0000000002"}, {"razorpay_signature": "0" * 64}, {"razorpay_signature": ""},
     {"razorpay_signature": returned()["razorpay_signature"].upper()}, {"razorpay_payment_id": "pay_1|x"}],
)  # fmt: skip
def test_a_tampered_return_is_refused_here_and_by_the_sdk(gateway, ref, sdk, changes):
    fields = returned(**changes)
    with pytest.raises(SignatureVerificationError):
        sdk.verify_payment_signature(fields)
    with pytest.raises(Refused):
        gateway.read_callback(post(fields), ref())


def test_a_genuine_return_of_another_order_is_refused(gateway, ref):
    other = returned(order_id="order_OTHER000000001")
    with pytest.raises(Refused):
        gateway.read_callback(post(other), ref())


def test_the_order_id_of_our_row_is_what_must_be_signed(gateway, ref):
    claims_ours = returned(order_id="order_OTHER000000001", razorpay_order_id="order_KART0000000001")
    with pytest.raises(Refused):
        gateway.read_callback(post(claims_ours), ref())


def test_a_return_that_claims_another_order_is_refused_though_its_signature_fits(gateway, ref):
    claims_other = returned(razorpay_order_id="order_OTHER000000001")
    with pytest.raises(Refused, match="another order"):
        gateway.read_callback(post(claims_other), ref())


def test_a_signature_made_with_the_webhook_secret_is_refused(gateway, ref):
    signature = mac(b"order_KART0000000001|pay_KART0000000001", SECRET)
    with pytest.raises(Refused):
        gateway.read_callback(post(returned(razorpay_signature=signature)), ref())


def test_while_our_row_has_no_order_id_a_return_proves_nothing(gateway, ref):
    callback = gateway.read_callback(post(returned()), ref(gateway_order_id=None))
    assert (callback.proved, callback.outcome) == (False, "unknown")


def test_a_return_without_a_signature_proves_nothing(gateway, ref):
    fields = returned()
    del fields["razorpay_signature"]
    callback = gateway.read_callback(post(fields), ref())
    assert (callback.proved, callback.outcome, callback.reports) == (False, "unknown", ())


def test_a_signature_given_twice_proves_nothing(gateway, ref):
    body = urlencode([*returned().items(), ("razorpay_signature", "0" * 64)]).encode()
    message = Inbound(method="POST", path="/", headers={}, body=body)
    assert not gateway.read_callback(message, ref()).proved


def link_fields(**changes):
    given = {
        "razorpay_payment_id": "pay_KART0000000001",
        "razorpay_payment_link_id": "plink_KART000000001",
        "razorpay_payment_link_reference_id": "R7Q2M9",
        "razorpay_payment_link_status": "paid",
    }
    given.update({name: value for name, value in changes.items() if name in given})
    signed = "|".join([given[name] for name in (*list(given)[1:], "razorpay_payment_id")])
    return {**given, "razorpay_signature": mac(signed.encode(), KEY_SECRET), **changes}


def get(fields) -> Inbound:
    return Inbound(method="GET", path="/callbacks/a", headers={}, query=tuple(fields.items()))


def test_a_payment_link_return_that_the_sdk_accepts_is_proved(gateway, ref, sdk):
    fields = link_fields()
    renamed = {name.replace("razorpay_payment_link", "payment_link"): value for name, value in fields.items()}
    assert sdk.verify_payment_link_signature(renamed)
    assert gateway.callback_key(get(fields)).reference == "R7Q2M9"
    assert gateway.read_callback(get(fields), ref()).proved


@pytest.mark.parametrize(
    "changes",
    [{"razorpay_payment_link_reference_id": "OTHER1"}, {"razorpay_payment_link_status": "expired"},
     {"razorpay_signature": "1" * 64}],
)  # fmt: skip
def test_a_payment_link_return_of_something_else_is_refused(gateway, ref, changes):
    with pytest.raises(Refused):
        gateway.read_callback(get(link_fields(**changes)), ref())
