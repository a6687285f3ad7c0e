"""Notifications: each is a reason to ask about its order, and nothing else."""

import pytest

from kartify.plugin import Inbound, Refused, Unreadable


def test_a_paid_order_is_asked_about(gateway, form, kit):
    message = form(order_no="KTF999999A9", access_code="SOMEOTHERCODE")
    assert gateway.verify(message).secret == "current"
    told = gateway.read_webhook(message)
    assert (told.event, told.ask, told.reports, told.ignored) == ("order Success", (kit.ORDER,), (), None)
    assert told.key.startswith(f"{kit.CHARGE}:order Success:")


@pytest.mark.parametrize("word", ["Success", "Failure", "Shipped", "Fraud", "Auto-Reversed", "Refunded", "x" * 99])
def test_no_word_settles_anything(gateway, form, kit, word):
    told = gateway.read_webhook(form(kit.PAID | {"order_status": word}))
    assert (told.ask, told.reports) == ((kit.ORDER,), ())
    assert len(told.key) <= 200


def test_the_keys_pair_of_the_api_may_encrypt_too_and_the_retired_one_is_told_apart(gateway, form, kit):
    assert gateway.verify(form(key=kit.API)).secret == "current"
    assert gateway.verify(form(key=kit.OLD)).secret == "previous"


@pytest.mark.parametrize("body", [b"", b"{}", b"encResp=", b"encResp=00", b"\xff\xfe", b"a=1", b"encResp=" + b"0" * 64])
def test_what_does_not_decrypt_is_refused(gateway, body):
    message = Inbound(method="POST", path="/", headers={}, body=body)
    with pytest.raises(Refused):
        gateway.verify(message)
    with pytest.raises(Unreadable):
        gateway.read_webhook(message)


def test_the_text_given_twice_is_refused(gateway, form):
    body = form().body
    with pytest.raises(Refused):
        gateway.verify(Inbound(method="POST", path="/", headers={}, body=body + b"&" + body))


def test_a_risk_asks_and_a_bank_is_ignored(gateway, form, kit):
    risk = gateway.read_webhook(form({"order_id": kit.ORDER, "tracking_id": kit.CHARGE, "risk_status": "High"}))
    assert (risk.event, risk.ask) == ("risk High", (kit.ORDER,))
    bank = gateway.read_webhook(form({"payment_option": "OPTNBK", "option_status": "down"}))
    assert (bank.event, bank.ask) == ("payment option", ())
    assert "a bank" in bank.ignored


@pytest.mark.parametrize("order", ["", "null", "a/b", "x" * 31])
def test_an_event_that_names_no_order_is_ignored(gateway, form, kit, order):
    told = gateway.read_webhook(form(kit.PAID | {"order_id": order}))
    assert (told.ask, told.ignored) == ((), "it names no order to ask about")


def test_the_key_tells_repeats_from_news(gateway, form, kit):
    first = gateway.read_webhook(form()).key
    assert gateway.read_webhook(form()).key == first
    assert gateway.read_webhook(form(kit.PAID | {"order_status": "Refunded"})).key != first


def test_it_is_answered_with_ok(gateway):
    assert (gateway.reply(True).status, gateway.reply(True).body, gateway.reply(False).status) == (200, b"ok", 400)
    assert gateway.content_types == ("application/x-www-form-urlencoded",)
