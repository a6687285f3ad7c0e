"""Refunds: once per key, whatever Paytm does with a repeated one."""

import pytest

from kartify.plugin import Denied, Money, Permanent, Temporary

APPLY, STATUS = "POST /refund/apply", "POST /v2/refund/status"
KEY = "refund-key-01"
HALF = Money(50000, "INR")


@pytest.fixture
def paid(live):
    live.opened()
    return live.simulator.pay("KTF100045A1")


@pytest.fixture
def refund(live, paid):
    return lambda amount=HALF, key=KEY: live.gateway.refund(live.client, paid.id, amount, key=key)


@pytest.fixture
def status(live, paid):
    return lambda key=KEY: live.gateway.refund_status(live.client, paid.id, key=key, gateway_refund_id=None)


def test_a_refund_that_was_taken_is_pending_until_paytm_says_so(live, paid, refund, status):
    first = refund()
    assert (first.state, first.amount, first.word) == ("pending", 50000, "PENDING 601")
    paid.refunds[0].state = "processed"
    again = status()
    assert (again.state, again.amount, again.gateway_refund_id) == ("processed", 50000, first.gateway_refund_id)


def test_what_is_sent_names_order_transaction_and_key(gateway, canned, kit):
    client = canned((200, kit.told("PENDING", "601", refId=KEY, refundId="9")))
    gateway.refund(client, f"{kit.TXN}:KTF100045A1", Money(50005, "INR"), key=KEY)
    assert client.sent[0]["body"] == {
        "mid": kit.MID, "txnType": "REFUND", "orderId": "KTF100045A1", "txnId": kit.TXN, "refId": KEY,
        "refundAmount": "500.05",
    }  # fmt: skip


@pytest.mark.parametrize("duplicates", ["same", "refused"])
def test_the_same_key_refunds_once_whether_paytm_repeats_or_refuses_it(live, paid, refund, duplicates):
    """Sources disagree on a repeated refId; after a lost answer the same key must come to the same refund."""
    live.simulator.duplicates = duplicates
    live.simulator.faults.next("dropped-after")
    with pytest.raises(Temporary) as caught:
        refund()
    assert caught.value.sent
    answer = refund()
    assert (answer.state, answer.amount) == ("pending", 50000)
    assert len(paid.refunds) == 1


def test_two_keys_are_two_refunds_and_never_more_than_was_paid(paid, refund):
    refund(key="refund-key-01")
    refund(key="refund-key-02", amount=Money(90000, "INR"))
    third = refund(key="refund-key-03", amount=Money(9901, "INR"))
    assert (third.state, "617" in third.word) == ("failed", True)
    assert [one.amount for one in paid.refunds] == [50000, 90000]


@pytest.mark.parametrize(("takes", "state"), [("pending", "pending"), ("processed", "processed"), ("failed", "failed")])
def test_the_status_word_decides_and_not_the_code(live, refund, status, takes, state):
    live.simulator.refunds_take = takes
    assert refund().state == state
    assert status().state == state


def test_an_unknown_word_is_not_money_back(live, paid, refund, status):
    refund()
    paid.refunds[0].data["word"] = "REFUND_ODD"
    assert status().state == "pending"


def test_a_refund_that_paytm_does_not_have_is_none(refund, status):
    refund()
    assert status(key="refund-key-99") is None


@pytest.mark.parametrize("answer", [("TXN_FAILURE", "631", "Record not found"), ("NO_RECORD_FOUND", "331", "No Record"),
                                    ("TXN_FAILURE", "999", "Refund not found")])
def test_only_clear_words_mean_that_there_is_none(gateway, canned, kit, answer):
    found = gateway.refund_status(canned((200, kit.told(*answer))), f"{kit.TXN}:K1", key=KEY, gateway_refund_id=None)
    assert found is None


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(("TXN_FAILURE", "999", "Something"), Temporary), (("TXN_FAILURE", "501", "System Error"), Temporary),
     (("TXN_FAILURE", "330", "Invalid checksum"), Denied), (("", "", ""), Temporary)],
)  # fmt: skip
def test_an_answer_that_names_no_refund_tells_nothing_of_it(gateway, canned, kit, answer, kind):
    """Above all not that it failed: a second refund under another key would follow."""
    with pytest.raises(kind):
        gateway.refund_status(canned((200, kit.told(*answer))), f"{kit.TXN}:K1", key=KEY, gateway_refund_id=None)


def test_a_refusal_is_believed_only_when_the_books_agree(gateway, canned, kit):
    refused = kit.told("TXN_FAILURE", "602", "Duplicate refId")
    lost = canned((200, refused), (502, b""))
    with pytest.raises(Temporary):
        gateway.refund(lost, f"{kit.TXN}:K1", HALF, key=KEY)
    none = canned((200, refused), (200, kit.told("TXN_FAILURE", "631", "Record not found")))
    assert gateway.refund(none, f"{kit.TXN}:K1", HALF, key=KEY).state == "failed"


def test_an_unknown_word_for_a_refund_that_is_not_there_is_tried_again(gateway, canned, kit):
    odd = canned((200, kit.told("ACCEPTED_ODD")), (200, kit.told("TXN_FAILURE", "631", "Record not found")))
    with pytest.raises(Temporary):
        gateway.refund(odd, f"{kit.TXN}:K1", HALF, key=KEY)


@pytest.mark.parametrize(("code", "kind"), [("330", Denied), ("335", Denied), ("501", Temporary), ("334", Permanent)])
def test_our_own_mistakes_are_no_failed_refunds(gateway, canned, kit, code, kind):
    with pytest.raises(kind):
        gateway.refund(canned((200, kit.told("TXN_FAILURE", code, "No"))), f"{kit.TXN}:K1", HALF, key=KEY)


def test_an_answer_about_another_refund_is_none(gateway, canned, kit):
    other = kit.told("TXN_SUCCESS", "10", refId="refund-key-77", refundId="9")
    with pytest.raises(Temporary, match="another refund"):
        gateway.refund_status(canned((200, other)), f"{kit.TXN}:K1", key=KEY, gateway_refund_id=None)


@pytest.mark.parametrize("charge", ["", "20260601", ":K1", "20260601:", "a b:K1", "1:a/b"])
def test_a_charge_without_its_order_is_left_to_the_dashboard(gateway, canned, charge):
    with pytest.raises(Permanent, match="dashboard"):
        gateway.refund(canned(), charge, HALF, key=KEY)


@pytest.mark.parametrize("key", ["short", "x" * 41, "with space 1", "über-key-01"])
def test_a_key_of_another_form_is_refused_before_the_call(gateway, canned, kit, key):
    with pytest.raises(Permanent) as caught:
        gateway.refund(canned(), f"{kit.TXN}:K1", HALF, key=key)
    assert caught.value.field == "key"


@pytest.mark.parametrize("amount", [Money(100, "USD"), Money(0, "INR"), Money(-1, "INR")])
def test_what_is_no_rupees_is_not_refunded(gateway, canned, kit, amount):
    with pytest.raises(Permanent):
        gateway.refund(canned(), f"{kit.TXN}:K1", amount, key=KEY)


def test_a_refund_costs_one_call(live, refund):
    live.simulator.calls.clear()
    refund()
    assert live.simulator.calls == {APPLY: 1}
