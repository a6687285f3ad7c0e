"""Webhooks: two forms, both checked, neither ever settles anything."""

import json
from urllib.parse import urlencode

import paytmchecksum
import pytest

from kartify.plugin import Inbound, Refused, Unreadable

BODY = {"mid": "KARTIF00000000000001", "orderId": "KTF100045A1", "txnId": "20260601111212800110168000000000001",
        "txnAmount": "1499.00", "status": "TXN_SUCCESS", "respCode": "01", "respMsg": "Txn Success", "txnType": "SALE"}
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("status", ["TXN_SUCCESS", "TXN_FAILURE", "PENDING", "TXN_ODD", ""])
def test_a_form_is_a_reason_to_ask_whatever_it_says(gateway, form, kit, status):
    message = form(kit.PAID | {"STATUS": status})
    assert gateway.verify(message).secret == "current"
    webhook = gateway.read_webhook(message)
    assert (webhook.ask, webhook.reports, webhook.ignored) == (("KTF100045A1",), (), None)
    assert webhook.event == f"SALE {status}".strip()


@pytest.mark.parametrize("status", ["TXN_SUCCESS", "TXN_FAILURE", "PENDING", "TXN_ODD"])
def test_json_is_a_reason_to_ask_whatever_it_says(gateway, hook, status):
    message = hook(BODY | {"status": status, "txnAmount": 1499, "unknown": {"a": [1]}})
    assert gateway.verify(message).secret == "current"
    webhook = gateway.read_webhook(message)
    assert (webhook.ask, webhook.reports) == (("KTF100045A1",), ())


def test_what_the_official_package_signs_is_accepted(gateway, kit):
    """As Paytm's own Python code would make the message."""
    fields = dict(kit.PAID)
    fields["CHECKSUMHASH"] = paytmchecksum.generateSignature(dict(kit.PAID), kit.KEY)
    headers = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
    gateway.verify(Inbound(method="POST", path="/", headers=headers, body=urlencode(fields).encode()))
    text = json.dumps(BODY, indent=2, ensure_ascii=False)
    head = {"signature": paytmchecksum.generateSignature(text, kit.KEY)}
    whole = f'{{"body": {text}, "head": {json.dumps(head)}}}'.encode()
    gateway.verify(Inbound(method="POST", path="/", headers=JSON, body=whole))


def test_the_retired_key_counts_and_is_named(gateway, make_gateway, form, hook, kit):
    assert gateway.verify(form(key=kit.PREVIOUS)).secret == "previous"
    assert gateway.verify(hook(BODY, key=kit.PREVIOUS)).secret == "previous"
    with pytest.raises(Refused):
        make_gateway(merchant_key_previous=None).verify(form(key=kit.PREVIOUS))


def test_a_stranger_is_refused(gateway, form, hook, kit):
    for message in (form(key=kit.OTHER), hook(BODY, key=kit.OTHER)):
        with pytest.raises(Refused):
            gateway.verify(message)


@pytest.mark.parametrize("name", ["ORDERID", "MID", "TXNAMOUNT", "STATUS", "RESPCODE", "TXNID", "TXNDATE", "BANKNAME"])
def test_a_changed_field_is_refused(gateway, form, name):
    with pytest.raises(Refused):
        gateway.verify(form(**{name: "other"}))


def test_an_added_field_and_a_missing_one_are_refused(gateway, form, kit):
    with pytest.raises(Refused):
        gateway.verify(form(EXTRA="1"))
    short = {name: value for name, value in kit.signed(kit.PAID).items() if name != "RESPMSG"}
    with pytest.raises(Refused):
        gateway.verify(Inbound(method="POST", path="/", headers={}, body=urlencode(short).encode()))


@pytest.mark.parametrize("twice", [("STATUS", "TXN_FAILURE"), ("STATUS", "TXN_SUCCESS"), ("CHECKSUMHASH", "")])
def test_a_field_given_twice_is_refused(gateway, kit, twice):
    body = urlencode([*kit.signed(kit.PAID).items(), twice]).encode()
    with pytest.raises(Refused, match="twice"):
        gateway.verify(Inbound(method="POST", path="/", headers={}, body=body))


@pytest.mark.parametrize("signature", ["", "x", "null"])
def test_json_without_a_good_signature_is_refused(gateway, hook, signature):
    with pytest.raises(Refused):
        gateway.verify(hook(BODY, signature=signature))


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b'{"head":{}}', b'{"head":{"signature":"x"}}', b'{"head":5,"body":{}}', b"\xff\xfe", b"<html>",
     b'{"head":{"signature":["x"]},"body":{}}', b'{"body":' + b"[" * 20_000, b"=&=", b"%ff=%ff", b"a"],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["", "application/json", "application/x-www-form-urlencoded", "text/plain"])
def test_garbage_is_refused(gateway, body, kind):
    with pytest.raises(Refused):
        gateway.verify(Inbound(method="POST", path="/", headers={"content-type": kind} if kind else {}, body=body))


def test_a_body_given_twice_is_refused(gateway, kit):
    text = json.dumps(BODY)
    whole = f'{{"head":{{"signature":"{kit.formula(text)}"}},"body":{text},"body":{{"orderId":"OTHER"}}}}'
    with pytest.raises(Refused):
        gateway.verify(Inbound(method="POST", path="/", headers=JSON, body=whole.encode()))


def test_a_body_that_a_proxy_rewrote_is_refused(gateway, kit):
    signature = kit.formula(json.dumps(BODY))
    compact = json.dumps({"head": {"signature": signature}, "body": BODY}, separators=(",", ":")).encode()
    with pytest.raises(Refused):
        gateway.verify(Inbound(method="POST", path="/", headers=JSON, body=compact))


def test_the_form_is_told_by_content_type_and_else_by_its_first_character(gateway, form, hook):
    for message in (form(), hook(BODY)):
        bare = Inbound(method="POST", path="/", headers={}, body=message.body)
        assert gateway.verify(bare).secret == "current"
        assert gateway.read_webhook(bare).ask == ("KTF100045A1",)


def test_a_refund_asks_about_its_order_and_is_known_by_its_reference(gateway, hook):
    refund = {name: value for name, value in BODY.items() if name not in ("status", "txnType")} | {
        "refId": "refund-key-01", "refundId": "2026060211", "refundAmount": "500.00",
        "resultInfo": {"resultStatus": "TXN_SUCCESS", "resultCode": "10"},
    }  # fmt: skip
    webhook = gateway.read_webhook(hook(refund))
    assert (webhook.event, webhook.ask, webhook.reports) == ("REFUND TXN_SUCCESS", ("KTF100045A1",), ())
    assert webhook.key.startswith("refund-key-01:TXN_SUCCESS:")


def test_a_refund_form_asks_too(gateway, form, kit):
    webhook = gateway.read_webhook(form(kit.PAID | {"TXNTYPE": "REFUND", "REFUNDID": "77", "REFUNDAMT": "500.00"}))
    assert (webhook.event, webhook.ask) == ("REFUND TXN_SUCCESS", ("KTF100045A1",))


def test_an_event_that_is_none_of_ours_is_ignored_with_its_name(gateway, form, kit):
    webhook = gateway.read_webhook(form(kit.PAID | {"TXNTYPE": "MANDATE", "STATUS": "NOTIFIED"}))
    assert (webhook.ask, webhook.reports) == ((), ())
    assert "MANDATE NOTIFIED" in webhook.ignored


def test_a_new_kind_of_event_with_a_word_of_payments_still_asks(gateway, form, kit):
    assert gateway.read_webhook(form(kit.PAID | {"TXNTYPE": "ACQUIRING"})).ask == ("KTF100045A1",)


def test_another_merchants_event_is_ignored(gateway, form, hook, kit):
    assert gateway.read_webhook(form(kit.PAID | {"MID": "OTHER00000000000001"})).ignored == "it is of another merchant"
    assert gateway.read_webhook(hook(BODY | {"mid": "OTHER00000000000001"})).ask == ()


@pytest.mark.parametrize("order", ["", "a/b", "x" * 51, "null\x00"])
def test_an_event_that_names_no_order_is_ignored(gateway, form, kit, order):
    webhook = gateway.read_webhook(form(kit.PAID | {"ORDERID": order}))
    assert webhook.ask == ()
    assert webhook.ignored


def test_the_key_tells_repeats_from_news(gateway, form, kit):
    first, again = form(), form()
    assert gateway.read_webhook(first).key == gateway.read_webhook(again).key
    other = gateway.read_webhook(form(kit.FAILED)).key
    assert other != gateway.read_webhook(first).key
    no_transaction = gateway.read_webhook(form({**kit.PAID, "TXNID": ""})).key
    assert no_transaction.startswith("KTF100045A1:TXN_SUCCESS:")


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"body":[]}', b'{"body":"x"}', b"\xff", b"{"])
def test_json_that_cannot_be_read_says_so(gateway, body):
    with pytest.raises(Unreadable):
        gateway.read_webhook(Inbound(method="POST", path="/", headers=JSON, body=body))


def test_it_is_answered_with_ok(gateway):
    assert (gateway.reply(True).status, gateway.reply(True).body) == (200, b"ok")
    assert gateway.reply(False).status == 400


def test_both_announced_types_are_taken(gateway):
    assert set(gateway.content_types) == {"application/x-www-form-urlencoded", "application/json"}
    assert gateway.tolerance is None
