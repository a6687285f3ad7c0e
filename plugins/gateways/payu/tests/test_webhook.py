"""Webhooks: signed for payments, by our own token in the address for the rest, and never more than a reason to ask."""

import json
from dataclasses import replace

import pytest

from kartify.plugin import Inbound, NoSecret, Refused, Unreadable

JSON = {"content-type": "application/json"}


@pytest.fixture
def news(kit):
    """Unsigned news."""

    def make(token=kit.TOKEN, **changes):
        told = {
            "action": "refund", "status": "success", "key": kit.KEY, "merchantTxnId": kit.ORDER,
            "mihpayid": kit.CHARGE, "request_id": "135254341", "token": "R1", "amt": "500.00", **changes,
        }  # fmt: skip
        query = (("token", token),) if token is not None else ()
        return Inbound(method="POST", path="/", headers=JSON, query=query, body=json.dumps(told).encode())

    return make


@pytest.mark.parametrize(("status", "state"), [("success", "captured"), ("failure", "failed"), ("odd", "odd")])
def test_a_signed_payment_is_a_reason_to_ask(gateway, form, kit, status, state):
    message = form(status=status, unmappedstatus=state)
    assert gateway.verify(message).secret == "current"
    told = gateway.read_webhook(message)
    assert (told.event, told.ask, told.reports) == (f"payment {status} {state}", (kit.ORDER,), ())


def test_the_retired_salt_is_told(gateway, form, kit):
    assert gateway.verify(form(salt=kit.OLD)).secret == "previous"


@pytest.mark.parametrize("changes", [{"salt": "ANOTHER0SALT0NUMBER9"}, {"key": "KEY999"}, {"signed": "0" * 128}])
def test_what_is_not_payus_is_refused(gateway, form, changes):
    with pytest.raises(Refused):
        gateway.verify(form(**changes))


def test_json_is_read_as_well_as_forms(gateway, kit):
    told = {**kit.PAID, "hash": kit.reverse(kit.PAID), "udf2": None, "retries": 2}
    message = Inbound(method="POST", path="/", headers=JSON, body=json.dumps(told).encode())
    assert gateway.verify(message).secret == "current"
    assert gateway.read_webhook(message).ask == (kit.ORDER,)
    unannounced = replace(message, headers={})
    assert gateway.read_webhook(unannounced).ask == (kit.ORDER,)


def test_sums_in_json_keep_their_decimals(gateway, kit):
    text = json.dumps({**kit.PAID, "hash": kit.reverse(kit.PAID)}).replace('"1499.00"', "1499.00")
    assert gateway.verify(Inbound(method="POST", path="/", headers=JSON, body=text.encode())).secret == "current"


def test_a_form_announced_as_json_is_refused(gateway, form):
    with pytest.raises(Refused):
        gateway.verify(replace(form(), headers=JSON))


def test_refund_news_is_taken_from_the_address_with_our_token(gateway, news, kit):
    assert gateway.verify(news()).secret == "current"
    told = gateway.read_webhook(news())
    assert (told.event, told.ask, told.reports) == ("refund success", (kit.ORDER,), ())


@pytest.mark.parametrize("token", [None, "", "made-up-webhook-toke", "made-up-webhook-tokenn", "\udcff"])
def test_refund_news_from_another_address_is_refused(gateway, news, token):
    with pytest.raises(Refused):
        gateway.verify(news(token))


def test_a_token_given_twice_is_none(gateway, news, kit):
    with pytest.raises(Refused):
        gateway.verify(replace(news(), query=(("token", kit.TOKEN), ("token", kit.TOKEN))))


def test_refund_news_of_another_merchant_is_refused(gateway, news):
    with pytest.raises(Refused):
        gateway.verify(news(key="KEY999"))


def test_without_a_token_unsigned_news_is_never_taken(make_gateway, news):
    with pytest.raises(NoSecret, match="webhook_token"):
        make_gateway(webhook_token=None).verify(news())


def test_the_token_does_not_stand_in_for_a_hash_that_is_wrong(gateway, news):
    with pytest.raises(Refused):
        gateway.verify(news(hash="0" * 128))


def test_disputes_are_noted_and_not_acted_on(gateway, news):
    told = gateway.read_webhook(news(action="", event="dispute_raised", status="open"))
    assert told.event == "dispute open"
    assert "dashboard" in told.ignored
    assert not told.ask


def test_a_customer_who_writes_of_disputes_is_paid_for_all_the_same(gateway, form, kit):
    assert gateway.read_webhook(form(productinfo="Dispute handbook")).ask == (kit.ORDER,)


@pytest.mark.parametrize("txnid", ["", "a|b", "x" * 51])
def test_what_names_no_payment_is_ignored_with_a_reason(gateway, form, txnid):
    told = gateway.read_webhook(form(txnid=txnid))
    assert (told.ask, told.reports) == ((), ())
    assert told.ignored


def test_states_of_one_payment_and_requests_of_one_refund_have_keys_of_their_own(gateway, form, news):
    keys = [gateway.read_webhook(one).key for one in (
        form(), form(status="failure", unmappedstatus="failed"), form(unmappedstatus="auth"), news(),
        news(request_id="2"), news(status="queued"),
    )]  # fmt: skip
    assert len(set(keys)) == 6


@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"{", b"null", b'{"a":' * 5000])
def test_json_that_is_no_object_is_not_read(gateway, body):
    message = Inbound(method="POST", path="/", headers=JSON, body=body)
    with pytest.raises(Refused):
        gateway.verify(message)
    with pytest.raises(Unreadable):
        gateway.read_webhook(message)
