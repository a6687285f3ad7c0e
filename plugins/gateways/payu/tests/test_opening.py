"""The form for PayU's page, settings, returns and webhooks."""

from urllib.parse import urlencode

import pytest
from kartify_payu.hashing import answer_hash, request_hash
from pydantic import ValidationError

from kartify.plugin import Inbound, Permanent, Refused, Unreadable

from .conftest import VALUES, gateway, payment, request

FORM = {"content-type": "application/x-www-form-urlencoded"}


def fields(**changes):
    told = {"key": "KEY123", "txnid": "KTF0001A1", "amount": "1499.00", "productinfo": "Order K1001",
            "firstname": "Asha Rao", "email": "asha@example.com", "udf1": "K1001", "status": "success",
            "unmappedstatus": "captured", "mihpayid": "403993715537000001", **changes}
    return {**told, "hash": answer_hash(told, VALUES["salt"])}


def posted(values, **headers):
    return Inbound(method="POST", path="/", headers={**FORM, **headers}, body=urlencode(values).encode())


def test_the_form_is_signed_and_always_the_same():
    opened = gateway().open(None, request())
    assert opened.next.type == "form"
    assert opened.next.url == "https://test.payu.in/_payment"
    assert opened.next.fields["amount"] == "1499.00"
    assert opened.next.fields["hash"] == request_hash(opened.next.fields, VALUES["salt"])
    assert gateway().open(None, request()) == opened


@pytest.mark.parametrize("name", ["A|B", "Ünï|cöde", "<b>Asha</b>", "a" * 200, "", "   "])
def test_nothing_that_payu_does_not_allow_is_signed(name):
    sent = gateway().open(None, request(customer={"name": name, "email": "x|y@z", "phone": "12"})).next.fields
    assert all("|" not in value and "<" not in value for value in sent.values())
    assert 0 < len(sent["firstname"]) <= 60
    assert sent["phone"] == "9999999999"


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"amount": 0}, "amount"), ({"amount": -1}, "amount"), ({"currency": "USD"}, "currency"),
     ({"reference": "x" * 26}, "txnid"), ({"reference": "a|b"}, "txnid")],
)
def test_what_payu_would_refuse_is_refused_before_and_named(changes, field):
    with pytest.raises(Permanent) as told:
        gateway().open(None, request(**changes))
    assert told.value.field == field


def test_a_return_proves_the_payment_and_reports_nothing():
    told = gateway().read_callback(posted(fields()), payment())
    assert (told.proved, told.outcome, told.reports, told.gateway_payment_id) == (True, "success", (), None)


@pytest.mark.parametrize(
    "changed", [{"amount": "1.00"}, {"txnid": "KTF0002A1"}, {"key": "OTHER1"}, {"amount": "1499.001"}]
)
def test_a_return_of_another_payment_sum_or_merchant_is_refused_though_signed(changed):
    with pytest.raises(Refused):
        gateway().read_callback(posted(fields(**changed)), payment())


def test_a_cancelled_page_is_told_apart_from_a_failure():
    told = fields(status="failure", unmappedstatus="userCancelled")
    assert gateway().read_callback(posted(told), payment()).outcome == "cancelled"
    assert gateway().read_callback(posted(fields(status="failure")), payment()).outcome == "failure"


def test_a_return_without_a_hash_proves_nothing():
    told = {name: value for name, value in fields().items() if name != "hash"}
    assert gateway().read_callback(posted(told), payment()).proved is False


def test_a_refund_webhook_carries_no_hash_and_is_refused():
    body = b'{"action":"refund","status":"success","key":"KEY123","mihpayid":"1","amt":"500.00"}'
    with pytest.raises(Refused):
        gateway().verify(Inbound(method="POST", path="/", headers={"content-type": "application/json"}, body=body))


def test_a_field_sent_twice_is_refused():
    body = urlencode(fields()).encode() + b"&amount=1499.00"
    with pytest.raises(Refused):
        gateway().verify(Inbound(method="POST", path="/", headers=FORM, body=body))


def test_a_webhook_is_a_reason_to_ask():
    webhook = gateway().read_webhook(posted(fields()))
    assert (webhook.ask, webhook.reports, webhook.event) == (("KTF0001A1",), (), "payment.success")


def test_a_return_that_names_nothing_cannot_be_read():
    with pytest.raises(Unreadable):
        gateway().callback_key(posted({"a": "b"}))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"salt": ""}, "salt"), ({"salt": "a|b|cdefg"}, "salt"), ({"key": "KEY 123"}, "key"),
        ({"salt_previous": VALUES["salt"]}, "salt_previous"), ({"api_base": "http://test.payu.in"}, "https"),
        ({"api_base": "https://info.payu.in"}, "live host"), ({"pay_base": "https://secure.payu.in"}, "live host"),
        ({"dashboard_link": "https://x/{other}"}, "mihpayid"), ({"verify_batch_size": 0}, "verify_batch_size"),
    ],
)
def test_settings_that_cannot_be_are_refused_and_named(changes, said):
    with pytest.raises(ValidationError) as told:
        gateway(**changes)
    assert said in str(told.value)


def test_the_mode_follows_the_host_and_the_hosts_follow_the_mode():
    live = gateway(environment="live").settings
    assert (live.mode(), live.api_base, live.pay_base) == ("live", "https://info.payu.in", "https://secure.payu.in")
    assert gateway(environment="", api_base="https://test.payu.in").settings.mode() == "test"


def test_a_charge_has_a_link_only_where_the_setting_gives_one():
    assert gateway().dashboard_url("403") is None
    own = gateway(dashboard_link="https://payu.example/{mihpayid}")
    assert own.dashboard_url("403") == "https://payu.example/403"
    assert own.dashboard_url("4/../3") is None
