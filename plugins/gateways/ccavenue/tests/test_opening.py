"""The form: what is in it, byte for byte, and what is refused before the page would refuse it."""

from dataclasses import replace

import pytest
from kartify_ccavenue import fields

from kartify.plugin import Money, Permanent


def text_of(opened, kit):
    return kit.unhidden(opened.next.fields["encRequest"])


def test_the_form_holds_what_the_page_needs(gateway, canned, wish, kit):
    client = canned()
    opened = gateway.open(client, wish())
    assert (opened.gateway_order_id, opened.next.type, opened.expires_at) == (kit.ORDER, "form", None)
    assert opened.next.url == "https://test.ccavenue.com/transaction/transaction.do?command=initiateTransaction"
    assert set(opened.next.fields) == {"encRequest", "access_code"}
    assert opened.next.fields["access_code"] == "AVMADE00UP00WEB1"
    assert text_of(opened, kit) == (
        "merchant_id=100001&order_id=KTF100045A1&currency=INR&amount=1499.00"
        "&redirect_url=https://kartify.example/callbacks/a&cancel_url=https://kartify.example/callbacks/a&language=EN"
        "&billing_name=Asha Rao&billing_tel=9000000000&billing_email=asha@example.com&merchant_param1=100045"
    )
    assert client.asked == []


def test_the_same_request_gives_the_same_form(gateway, canned, wish):
    assert gateway.open(canned(), wish()) == gateway.open(canned(), wish())


def test_no_key_is_in_the_form(gateway, canned, wish, kit):
    shown = str(gateway.open(canned(), wish()).next.as_dict())
    assert not [key for key in (kit.WEB, kit.API, kit.OLD) if key in shown]


@pytest.mark.parametrize(
    ("minor", "written"),
    [(1, "0.01"), (100, "1.00"), (149900, "1499.00"), (149950, "1499.50"), (999999999999, "9999999999.99")],
)
def test_sums_are_rupees_with_two_decimals(gateway, canned, wish, kit, minor, written):
    opened = gateway.open(canned(), wish(amount=Money(minor, "INR")))
    assert f"&amount={written}&" in text_of(opened, kit)


@pytest.mark.parametrize(
    ("change", "field"),
    [({"amount": Money(0, "INR")}, "amount"), ({"amount": Money(-1, "INR")}, "amount"),
     ({"amount": Money(1000000000000, "INR")}, "amount"), ({"amount": Money(100, "USD")}, "currency"),
     ({"reference": "a/b"}, "order_id"), ({"reference": "x" * 31}, "order_id"), ({"reference": ""}, "order_id"),
     ({"callback_url": "https://kartify.example/" + "x" * 77}, "redirect_url")],
)  # fmt: skip
def test_what_could_not_be_paid_or_looked_up_is_refused(gateway, canned, wish, change, field):
    with pytest.raises(Permanent) as told:
        gateway.open(canned(), wish(**change))
    assert told.value.field == field


def test_other_currencies_only_where_they_are_enabled(make_gateway, canned, wish, kit):
    opened = make_gateway(currencies="inr, USD").open(canned(), wish(amount=Money(100, "USD")))
    assert "currency=USD&amount=1.00" in text_of(opened, kit)


@pytest.mark.parametrize(
    "customer",
    [{"name": "Tom & Co = 100% #1+ñ", "email": "a&b=c@x.example", "phone": "&1"}, {"name": "नमस्ते", "phone": "123"}, {},
     {"name": "x" * 200, "email": f"{'y' * 90}@example.com", "phone": "+919000000000 extension 12345"}],
)  # fmt: skip
def test_no_customer_breaks_the_text_whether_it_is_decoded_or_not(gateway, canned, wish, kit, customer):
    text = text_of(gateway.open(canned(), wish(customer=customer)), kit)
    raw = dict(part.split("=", 1) for part in text.split("&"))
    assert raw == fields.parse(text)
    assert text.isascii()
    assert len(raw.get("billing_name", "")) <= 60
    assert "billing_email" not in raw
    assert "billing_tel" not in raw
    assert (raw["order_id"], raw["amount"]) == (kit.ORDER, "1499.00")


def test_an_order_number_cannot_smuggle_a_field_in(gateway, canned, wish, kit):
    text = text_of(gateway.open(canned(), wish(order_number="1&amount=1.00")), kit)
    assert text.count("amount=") == 1
    assert text.endswith("&merchant_param1=1-amount-1.00")


def test_the_customer_stays_here_where_the_shop_wants_it(make_gateway, canned, wish, kit):
    assert "billing_" not in text_of(make_gateway(send_customer=False).open(canned(), wish()), kit)


def test_the_page_takes_it_and_wrong_keys_show_its_error(live, client, wish, ref):
    opened = live.gateway.open(client, wish())
    page = client.request("POST", opened.next.url, form=opened.next.fields)
    assert (page.status, page.headers["location"]) == (303, f"/_pay/{ref().reference}")
    session = live.book.sessions[opened.gateway_order_id]
    assert (session.amount, session.currency, session.data["merchant_param1"]) == (149900, "INR", "100045")
    wrong = client.request("POST", opened.next.url, form={**opened.next.fields, "access_code": "AVOTHER00CODE"})
    assert b"10002" in wrong.body
    spoilt = client.request("POST", opened.next.url, form={**opened.next.fields, "encRequest": "00" * 16})
    assert b"10001" in spoilt.body


def test_a_session_is_looked_up_by_our_reference_without_having_been_told(live, ref):
    live.opened()
    live.simulator.pay(ref().reference)
    assert [one.captured for one in live.ask(replace(ref(), gateway_order_id=None)).reports] == [149900]
