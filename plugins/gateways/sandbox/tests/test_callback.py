"""The browser comes back: what its return proves, and for whom."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from kartify_sandbox.signing import callback_digest

from kartify.plugin import CallbackKey, ChargeState, Inbound, NoSecret, Refused, Unreadable

SESSION, CHARGE = "sess_KART000000000001", "ch_KART000000000001"


def get(**fields):
    return Inbound(method="GET", path="/callbacks/1", headers={}, query=tuple(fields.items()))


def post(**fields):
    return Inbound(method="POST", path="/callbacks/1", headers={}, body=urlencode(fields).encode())


def full(secret="the-key", **changed):
    fields = {"session": SESSION, "charge": CHARGE, "status": "captured", "amount": "254900", "currency": "INR"}
    fields |= changed
    return {**fields, "reference": "PAY1", "signature": callback_digest(secret, *fields.values())}


def amountless(secret="the-key"):
    return {"session": SESSION, "charge": CHARGE, "signature": callback_digest(secret, SESSION, CHARGE)}


@pytest.fixture
def payment(ref):
    return ref(SESSION)


@pytest.mark.parametrize("make", [get, post])
def test_signed_return_proves_the_capture(alone, payment, make):
    callback = alone().read_callback(make(**full()), payment)
    (report,) = callback.reports
    report.check()
    assert (callback.proved, callback.outcome, callback.gateway_payment_id) == (True, "success", CHARGE)
    assert (report.state, report.captured, report.currency) == (ChargeState.CAPTURED, 254900, "INR")
    assert (report.gateway_order_id, report.reference) == (SESSION, "PAY1")


def test_signed_authorisation_is_no_capture(alone, payment):
    (report,) = alone().read_callback(get(**full(status="authorized")), payment).reports
    assert (report.state, report.authorized, report.captured) == (ChargeState.AUTHORIZED, 254900, 0)


@pytest.mark.parametrize("status", ["pending", "settling", "refunded", "CAPTURED", ""])
def test_signed_return_in_any_other_state_reports_nothing(alone, payment, status):
    callback = alone().read_callback(get(**full(status=status)), payment)
    assert (callback.proved, callback.outcome, callback.reports) == (True, "unknown", ())


def test_amountless_return_is_proved_and_reports_nothing(alone, payment):
    callback = alone().read_callback(post(**amountless()), payment)
    assert (callback.proved, callback.outcome, callback.reports) == (True, "success", ())


@pytest.mark.parametrize("name", ["status", "amount", "currency"])
def test_amountless_signature_proves_no_field_put_beside_it(alone, payment, name):
    extra = {"status": "captured", "amount": "1", "currency": "INR"}
    for fields in ({name: extra[name]}, extra):
        with pytest.raises(Refused):
            alone().read_callback(get(**amountless(), **fields), payment)


def test_full_signature_stripped_of_its_amount_is_refused(alone, payment):
    fields = full()
    stripped = {name: fields[name] for name in ("session", "charge", "signature")}
    with pytest.raises(Refused):
        alone().read_callback(get(**stripped), payment)


def test_fields_cannot_be_shifted_into_one_another(alone, payment):
    fields = amountless() | {"charge": f"{CHARGE}|captured|254900|INR"}
    fields["signature"] = callback_digest("the-key", SESSION, CHARGE, "captured", "254900", "INR")
    with pytest.raises(Refused):
        alone().read_callback(get(**fields), payment)


@pytest.mark.parametrize("name", ["session", "charge", "status", "amount", "currency", "signature"])
def test_every_changed_character_is_refused(alone, payment, name):
    fields = full()
    for place in range(len(fields[name])):
        value = fields[name]
        other = "1" if value[place] != "1" else "2"
        with pytest.raises(Refused):
            alone().read_callback(get(**{**fields, name: value[:place] + other + value[place + 1 :]}), payment)


@pytest.mark.parametrize("signature", ["", " ", "0" * 64, "é", "x" * 5000])
def test_signature_that_is_there_and_wrong_is_refused(alone, payment, signature):
    with pytest.raises(Refused):
        alone().read_callback(get(**{**full(), "signature": signature}), payment)


def test_return_signed_for_another_session_is_refused(alone, payment):
    for fields in (full(session="sess_KART000000000002"), {**amountless(), "session": "sess_KART000000000002"}):
        if "amount" not in fields:
            fields["signature"] = callback_digest("the-key", fields["session"], CHARGE)
        with pytest.raises(Refused, match="another payment"):
            alone().read_callback(get(**fields), payment)


def test_webhook_secret_signs_no_callbacks(alone, payment):
    with pytest.raises(Refused):
        alone().read_callback(get(**full("the-new-secret")), payment)


def test_without_our_own_session_id_nothing_is_proved(alone, ref):
    callback = alone().read_callback(get(**full()), ref(None))
    assert (callback.proved, callback.reports) == (False, ())


@pytest.mark.parametrize(
    ("status", "outcome"), [("failed", "failure"), ("cancelled", "cancelled"), ("captured", "unknown"), ("", "unknown")]
)
def test_unsigned_return_is_a_hint_at_most(alone, payment, status, outcome):
    callback = alone().read_callback(get(session=SESSION, status=status, amount="254900", currency="INR"), payment)
    assert (callback.proved, callback.outcome, callback.reports) == (False, outcome, ())


def test_field_given_twice_counts_as_not_given(alone, payment):
    fields = full()
    twice = Inbound(
        method="GET", path="/", headers={}, query=(*fields.items(), ("signature", fields["signature"]))
    )
    assert not alone().read_callback(twice, payment).proved
    amounts = Inbound(method="GET", path="/", headers={}, query=(*fields.items(), ("amount", "1")))
    with pytest.raises(Refused):
        alone().read_callback(amounts, payment)


@pytest.mark.parametrize("amount", ["0", "-5", "+5", "2549.00", "1e3", "٥", "", "9" * 40])
def test_signed_amount_that_is_no_whole_number_is_unreadable(alone, payment, amount):
    with pytest.raises(Unreadable):
        alone().read_callback(get(**full(amount=amount)), payment)


def test_signed_currency_that_is_none_is_unreadable(alone, payment):
    with pytest.raises(Unreadable):
        alone().read_callback(get(**full(currency="rupee")), payment)


def test_account_without_a_key_verifies_nothing(alone, payment):
    with pytest.raises(NoSecret):
        alone(key_secret="").read_callback(get(**full("")), payment)


def test_key_names_session_and_reference(alone):
    assert alone().callback_key(post(**full())) == CallbackKey(gateway_order_id=SESSION, reference="PAY1")
    assert alone().callback_key(get(reference="PAY1")) == CallbackKey(reference="PAY1")
    assert alone().callback_key(get(session=SESSION, reference="../1")) == CallbackKey(gateway_order_id=SESSION)


@pytest.mark.parametrize("fields", [{}, {"session": "order_1"}, {"session": SESSION + "\n"}, {"reference": "a b"}])
def test_return_that_names_no_payment_is_unreadable(alone, fields):
    with pytest.raises(Unreadable):
        alone().callback_key(get(**fields))


def test_form_that_is_no_text_is_unreadable(alone):
    message = Inbound(method="POST", path="/", headers={}, body=b"\xff\xfe=1")
    with pytest.raises(Unreadable):
        alone().callback_key(message)
