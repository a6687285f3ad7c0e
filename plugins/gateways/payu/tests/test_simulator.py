"""The stand-in refuses what PayU refuses, and can be driven by whoever knows only the toolkit."""

import json
from urllib.parse import urlencode

import pytest

from kartify.plugin import Inbound, Money
from kartify.simulation import Session


@pytest.fixture
def call(live, kit):
    """A raw call: what PayU answers."""

    def make(command="verify_payment", first="R1", query="?form=2", **changes):
        desk = live.desk
        form = {
            "key": desk.key, "command": command, "var1": first,
            "hash": kit.sha512(f"{desk.key}|{command}|{first}|{desk.salt}"), **changes,
        }  # fmt: skip
        answer = live.client.request("POST", f"{live.url}/merchant/postservice.php{query}", form=form)
        assert answer.status == 200
        return answer.body.decode()

    return make


@pytest.mark.parametrize(
    ("changes", "msg"),
    [({"key": "OTHER1"}, "Invalid Key."), ({"hash": "0" * 128}, "Invalid Hash."), ({"hash": ""}, "Invalid Hash."),
     ({"command": "drop_tables"}, "Parameter missing"), ({"first": ""}, "Parameter missing")],
)  # fmt: skip
def test_wrong_calls_are_refused(call, changes, msg):
    assert json.loads(call(**changes)) == {"status": 0, "msg": msg}


def test_without_the_wish_for_json_it_answers_in_phps_form(call):
    assert call(query="").startswith("a:2:{")


def test_each_id_is_answered_and_the_top_counts_those_that_are_known(live, call):
    live.opened("R1")
    live.simulator.pay("R1")
    told = json.loads(call(first="R1|R2"))
    assert (told["status"], told["msg"]) == (1, "1 out of 2 Transactions Fetched Successfully")
    assert told["transaction_details"]["R2"] == {"mihpayid": "Not Found", "status": "Not Found"}
    assert json.loads(call(first="R2"))["status"] == 0


def test_the_paid_sum_is_a_number_that_needs_no_decimals(live, call):
    live.opened("R1")
    live.simulator.pay("R1", discount=9950)
    live.opened("R2", minor=149910)
    live.simulator.pay("R2")
    text = call(first="R1|R2")
    assert '"net_amount_debit": 1399.5,' in text
    assert '"net_amount_debit": 1499.1,' in text
    assert '"amt": "1499.00"' in text


def test_a_request_is_found_by_its_own_number_too(live, call):
    live.opened("R1")
    charge = live.simulator.pay("R1")
    number = live.gateway.refund(live.client, charge.id, Money(100, "INR"), key="refundkey0001").gateway_refund_id
    told = json.loads(call("check_action_status", number))["transaction_details"]
    assert told[number][number]["status"] == "queued"
    assert json.loads(call("check_action_status", "1"))["transaction_details"] == {"1": "No action status found"}
    assert json.loads(call("check_payment", "1"))["status"] == 0


@pytest.mark.parametrize(
    ("command", "changes", "code"),
    [("cancel_refund_transaction", {"var3": "1.00"}, 124),
     ("cancel_refund_transaction", {"var2": "T" * 24, "var3": "1.00"}, 124),
     ("cancel_refund_transaction", {"var2": "T", "var3": "0"}, 105),
     ("cancel_refund_transaction", {"var2": "T", "var3": "1500.00"}, 105),
     ("cancel_refund_transaction", {"var2": "T", "var3": "x"}, 105),
     ("cancel_refund_transaction", {"var2": "T", "var3": "1.00", "first": "1"}, 116),
     ("capture_transaction", {"var2": "T", "var3": "1.00"}, 301)],
)  # fmt: skip
def test_wrong_moves_are_refused_with_their_code(live, call, command, changes, code):
    live.opened("R1")
    charge = live.simulator.pay("R1")
    told = json.loads(call(command, **{"first": charge.id, **changes}))
    assert (told["status"], told["error_code"]) == (0, code)


@pytest.mark.parametrize("state", ["failed", "pending"])
@pytest.mark.parametrize("command", ["cancel_refund_transaction", "capture_transaction"])
def test_what_holds_no_money_is_not_moved(live, call, state, command):
    live.opened("R1")
    charge = live.simulator.pay("R1", state=state)
    assert json.loads(call(command, charge.id, var2="T", var3="1.00"))["error_code"] == 111


def test_sums_that_do_not_fit_an_authorisation_are_refused(live, call):
    live.opened("R1")
    charge = live.simulator.pay("R1", state="authorized")
    assert json.loads(call("capture_transaction", charge.id, var2="T", var3="1499.01"))["error_code"] == 303
    assert json.loads(call("cancel_refund_transaction", charge.id, var2="T", var3="1.00"))["error_code"] == 117


@pytest.fixture
def post(live, wish):
    """Posts the form, changed as given."""

    def make(**changes):
        fields = {**live.gateway.open(live.client, wish()).next.fields, **changes}
        return live.client.request("POST", f"{live.url}/_payment", form=fields)

    return make


@pytest.mark.parametrize("changes", [{"amount": "1.00"}, {"key": "OTHER1"}, {"hash": "0" * 128}, {"udf1": "2"},
                                     {"txnid": "KTF2"}, {"email": ""}, {"phone": "9<0"}, {"surl": ""}])  # fmt: skip
def test_the_page_refuses_what_was_changed(live, post, changes):
    answer = post(**changes)
    assert (answer.status, b"Error" in answer.body) == (200, True)
    assert live.book.sessions == {}


def test_a_form_may_be_posted_again_until_it_is_paid(live, post, kit):
    assert [post().status, post().status] == [303, 303]
    live.simulator.pay(kit.ORDER, state="failed")
    assert post().status == 303
    live.simulator.pay(kit.ORDER)
    assert b"Duplicate Order ID" in post().body


@pytest.mark.parametrize("state", ["captured", "authorized", "failed", "pending"])
@pytest.mark.parametrize("more", [{}, {"fee": 3000}])
def test_what_it_sends_is_read_by_the_plugin(live, state, more):
    ours = live.opened()
    charge = live.simulator.pay(ours.gateway_order_id, state=state, **more)
    (told,) = live.simulator.told(charge)
    message = Inbound(method="POST", path="/", headers={}, body=told.body)
    live.gateway.verify(message)
    assert live.gateway.read_webhook(message).ask == (ours.reference,)
    posted = urlencode(live.simulator.comeback(charge).fields).encode()
    message = Inbound(method="POST", path="/", headers={}, body=posted)
    assert live.gateway.callback_key(message).reference == ours.reference
    outcome = {"captured": "success", "authorized": "success", "failed": "failure"}.get(state, "unknown")
    back = live.gateway.read_callback(message, ours)
    assert (back.proved, back.outcome) == (True, outcome)


def test_its_hash_is_the_reverse_one_written_by_hand(live, kit):
    ours = live.opened()
    charge = live.simulator.pay(ours.gateway_order_id, fee=3000)
    fields = dict(live.simulator.comeback(charge).fields)
    assert fields["hash"] == kit.reverse(fields, live.desk.salt, fee="30.00")


def test_refund_news_is_unsigned_and_goes_to_the_address_with_the_token(live):
    ours = live.opened()
    charge = live.simulator.pay(ours.gateway_order_id)
    (told,) = live.simulator.told(charge, refund=live.simulator.refund_outside(charge.id))
    assert b"hash" not in told.body
    url = live.simulator.webhook_url(charge)
    address, _, query = url.partition("?")
    assert address == "https://kartify.example/webhooks/a"
    name, _, value = query.partition("=")
    headers = {name.lower(): text for name, text in told.headers.items()}
    message = Inbound(method="POST", path="/", headers=headers, query=((name, value),), body=told.body)
    live.gateway.verify(message)
    assert live.gateway.read_webhook(message).ask == (ours.reference,)


def test_without_a_way_back_there_is_no_webhook(live):
    session = live.book.open(Session(
        id="R1", reference="R1", amount=100, currency="INR", callback_url="", created_at=live.book.now()
    ))  # fmt: skip
    assert live.simulator.webhook_url(live.simulator.pay(session.id)) == ""


def test_a_late_success_shows_under_the_same_number(live):
    ours = live.opened()
    charge = live.simulator.pay(ours.gateway_order_id, state="pending")
    live.simulator.late(charge.id)
    (report,) = live.ask(ours).reports
    assert (report.gateway_payment_id, report.captured) == (charge.id, 149900)
