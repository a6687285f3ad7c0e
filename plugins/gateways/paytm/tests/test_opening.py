"""Initiate Transaction: what is sent, what the browser gets, and what a repetition does."""

import pytest
import urllib3

from kartify.plugin import Denied, Money, Permanent, Temporary

PATH = "POST /theia/api/v1/initiateTransaction"


def test_a_session_has_our_reference_as_its_order(live, wish):
    opened = live.gateway.open(live.client, wish())
    assert opened.gateway_order_id == "KTF100045A1"
    session = live.book.sessions["KTF100045A1"]
    assert (session.amount, session.currency) == (149900, "INR")
    assert session.callback_url == "https://kartify.example/callbacks/a?kartify_reference=KTF100045A1"


def test_the_text_that_is_sent_is_the_text_that_was_signed(gateway, canned, wish, kit):
    client = canned((200, kit.told("S", "0000", txnToken="tok")))
    gateway.open(client, wish())
    [(method, url, given)] = client.asked
    assert (method, url) == ("POST", "https://securestage.paytmpayments.com/theia/api/v1/initiateTransaction")
    assert given["params"] == {"mid": kit.MID, "orderId": "KTF100045A1"}
    raw = given["body"].decode("ascii")
    text = raw[raw.index('"body":') + len('"body":') : -1]
    kit.paytm_accepts(text, client.sent[0]["head"]["signature"])


def test_rupees_go_as_text_with_two_decimals(gateway, canned, wish, kit):
    client = canned((200, kit.told("S", "0000", txnToken="tok")))
    gateway.open(client, wish(amount=Money(149905, "INR")))
    body = client.sent[0]["body"]
    assert body["txnAmount"] == {"value": "1499.05", "currency": "INR"}
    assert (body["requestType"], body["websiteName"], body["mid"]) == ("Payment", "WEBSTAGING", kit.MID)
    assert body["userInfo"] == {"custId": "KTF100045A1", "mobile": "9000000000", "email": "asha@example.com"}


@pytest.mark.parametrize(
    ("customer", "sent"),
    [({}, {"custId": "KTF100045A1"}), ({"id": "cust 7/é"}, {"custId": "cust7"}),
     ({"id": "é"}, {"custId": "KTF100045A1"}),
     ({"phone": "09812345678"}, {"custId": "KTF100045A1", "mobile": "9812345678"}),
     ({"phone": "+1 415 555 0100"}, {"custId": "KTF100045A1"}), ({"phone": "12345"}, {"custId": "KTF100045A1"}),
     ({"email": "no mail"}, {"custId": "KTF100045A1"}), ({"email": "a@b.co\n"}, {"custId": "KTF100045A1"})],
)  # fmt: skip
def test_what_paytm_might_refuse_of_a_customer_is_left_out(gateway, canned, wish, kit, customer, sent):
    client = canned((200, kit.told("S", "0000", txnToken="tok")))
    gateway.open(client, wish(customer=customer))
    assert client.sent[0]["body"]["userInfo"] == sent


def test_a_customer_is_not_given_away_where_the_shop_says_no(make_gateway, canned, wish, kit):
    client = canned((200, kit.told("S", "0000", txnToken="tok")))
    make_gateway(send_customer=False, client_id="C11").open(client, wish())
    assert client.sent[0]["body"]["userInfo"] == {"custId": "KTF100045A1"}
    assert client.sent[0]["head"]["clientId"] == "C11"


def test_the_form_leads_to_paytms_page(live, wish):
    step = live.gateway.open(live.client, wish()).next
    assert (step.type, set(step.fields)) == ("form", {"mid", "orderId", "txnToken"})
    answer = urllib3.request("POST", step.url, fields=dict(step.fields), redirect=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/_pay/KTF100045A1")
    wrong = {**step.fields, "txnToken": "other"}
    assert urllib3.request("POST", step.url, fields=wrong, redirect=False).status == 400


def test_the_script_gets_what_its_init_needs(live, wish):
    settings = live.simulator.settings() | {"checkout": "js"}
    step = type(live.gateway)(live.gateway.Settings(**settings)).open(live.client, wish()).next
    token = live.book.sessions["KTF100045A1"].data["token"]
    assert step.type == "sdk"
    assert step.url.endswith(f"/merchantpgpui/checkoutjs/merchants/{settings['mid']}.js")
    assert step.data["config"]["data"] == {
        "orderId": "KTF100045A1", "token": token, "tokenType": "TXN_TOKEN", "amount": "1499.00",
    }  # fmt: skip
    assert step.data["config"]["merchant"] == {"mid": settings["mid"], "redirect": True}
    assert b"CheckoutJS" in urllib3.request("GET", step.url).data


@pytest.mark.parametrize("fault", ["dropped-after", "truncated", "html"])
def test_opening_again_after_a_lost_answer_gives_the_same_session(live, wish, fault):
    live.simulator.faults.next(fault)
    with pytest.raises(Temporary) as caught:
        live.gateway.open(live.client, wish())
    assert caught.value.sent
    token = live.book.sessions["KTF100045A1"].data["token"]
    assert live.gateway.open(live.client, wish()).next.fields["txnToken"] == token
    assert (len(live.book.sessions), live.simulator.calls[PATH]) == (1, 2)


def test_a_used_order_id_is_a_refusal_that_names_it(live, wish):
    live.opened()
    for change in ({"amount": Money(5, "INR")}, {"callback_url": "https://other.example/callbacks/a"}):
        with pytest.raises(Permanent, match="2023") as caught:
            live.gateway.open(live.client, wish(**change))
        assert caught.value.field == "orderId"
    live.simulator.pay("KTF100045A1", state="failed")
    with pytest.raises(Permanent, match="2023"):
        live.gateway.open(live.client, wish())


@pytest.mark.parametrize(("amount", "field"), [(Money(100, "USD"), "currency"), (Money(0, "INR"), "amount"),
                                               (Money(-5, "INR"), "amount"), (Money(100, "JPY"), "currency")])
def test_what_paytm_cannot_take_is_refused_before_the_call(gateway, canned, wish, amount, field):
    with pytest.raises(Permanent) as caught:
        gateway.open(canned(), wish(amount=amount))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("answer", "kind", "field"),
    [(("F", "2005", "Checksum provided is invalid"), Denied, None), (("F", "2006", "Mid is invalid"), Denied, None),
     (("F", "330", "Invalid checksum"), Denied, None), (("F", "501", "System Error"), Temporary, None),
     (("U", "00000900", "System Error"), Temporary, None), (("F", "2007", "Txn amount"), Permanent, "amount"),
     (("F", "2023", "Repeat Request"), Permanent, "orderId"), (("F", "1001", "Not valid"), Permanent, None),
     (("", "", ""), Permanent, None), (("s", "0000", "lower case"), Permanent, None)],
)  # fmt: skip
def test_refusals_say_whether_trying_again_helps(gateway, canned, wish, kit, answer, kind, field):
    with pytest.raises(kind) as caught:
        gateway.open(canned((200, kit.told(*answer))), wish())
    assert type(caught.value) is kind
    assert getattr(caught.value, "field", None) == field


def test_a_wrong_website_name_is_hinted_at(live, wish):
    settings = live.simulator.settings() | {"website_name": "WRONG"}
    with pytest.raises(Temporary, match="website_name"):
        type(live.gateway)(live.gateway.Settings(**settings)).open(live.client, wish())


def test_a_success_without_a_token_is_no_session(gateway, canned, wish, kit):
    with pytest.raises(Temporary, match="token"):
        gateway.open(canned((200, kit.told("S", "0000"))), wish())


def test_no_session_is_looked_for_since_its_id_is_ours(gateway):
    assert (gateway.can.find, gateway.can.close, gateway.can.capture, gateway.can.void) == (False,) * 4
