"""Refunds: once per key, whatever happens to the answers; and only what CCAvenue confirmed is money back."""

import pytest

from kartify.plugin import Denied, Money, Permanent, Temporary

KEY, HALF = "refund-key-0001", Money(50000, "INR")
NONE = {"reference_no": "114012345678", "error_code": "51419", "error_desc": "Enc_request: No record found"}


@pytest.fixture
def paid(live):
    return live.simulator.pay(live.opened().gateway_order_id)


def listed(status="TS-REFC", ref="", amount="500.00", **changes):
    one = {"refund_amt": amount, "refund_mer_ref_no": ref, "refund_status": status}
    return {"reference_no": "114012345678", "order_curr": "INR", "refund_list": [one], "error_code": "", **changes}


def refused(code):
    return {"reason": "Reference number: Invalid Parameter", "error_code": code, "refund_status": 1}


def test_it_is_pending_until_the_list_of_refunds_confirms_it(live, paid):
    made = live.gateway.refund(live.client, paid.id, HALF, key=KEY)
    assert (made.state, made.amount, made.word) == ("pending", 50000, "taken")
    found = live.gateway.refund_status(live.client, paid.id, key=KEY, gateway_refund_id=made.gateway_refund_id)
    assert (found.state, found.word, found.gateway_refund_id) == ("pending", "TS-REFA", made.gateway_refund_id)
    paid.refunds[0].state = "processed"
    assert live.gateway.refund_status(live.client, paid.id, key=KEY, gateway_refund_id=None).state == "processed"


def test_the_same_key_again_is_the_same_refund(live, paid):
    first = live.gateway.refund(live.client, paid.id, HALF, key=KEY)
    again = live.gateway.refund(live.client, paid.id, HALF, key=KEY)
    assert again.gateway_refund_id == first.gateway_refund_id
    assert len(paid.refunds) == 1


def test_two_keys_are_two_refunds_and_never_more_than_was_paid(live, paid):
    for number in range(2):
        live.gateway.refund(live.client, paid.id, HALF, key=f"refund-key-{number:04}")
    third = live.gateway.refund(live.client, paid.id, HALF, key="refund-key-0009")
    assert (third.state, [one.amount for one in paid.refunds]) == ("failed", [50000, 50000])
    assert "51314" in third.word


def test_a_lost_answer_and_the_call_again_is_one_refund(live, paid):
    live.simulator.faults.next("dropped-after")
    with pytest.raises(Temporary) as told:
        live.gateway.refund(live.client, paid.id, HALF, key=KEY)
    assert told.value.sent
    assert live.gateway.refund(live.client, paid.id, HALF, key=KEY).state == "pending"
    assert len(paid.refunds) == 1


@pytest.mark.parametrize("key", ["refundkey0001", "A" * 30])
def test_a_key_that_fits_goes_as_it_is(gateway, canned, kit, key):
    client = canned({"refund_status": 0, "error_code": "", "reason": ""})
    assert gateway.refund(client, kit.CHARGE, HALF, key=key).gateway_refund_id == key
    sent = {"reference_no": kit.CHARGE, "refund_amount": "500.00", "refund_ref_no": key}
    assert client.commands == [("refundOrder", sent)]


@pytest.mark.parametrize("key", ["refund-key-0001", "refund_key_0001", "A" * 31, "0" * 40])
def test_a_key_that_does_not_fit_goes_as_its_digest(gateway, canned, kit, key):
    refs = set()
    for one in (key, key, key[:-1] + "Z"):
        made = gateway.refund(canned({"refund_status": "0"}), kit.CHARGE, HALF, key=one)
        assert made.gateway_refund_id.isalnum()
        assert len(made.gateway_refund_id) <= 30
        refs.add(made.gateway_refund_id)
    assert len(refs) == 2


@pytest.mark.parametrize(
    ("code", "state"),
    [("51309", "pending"), ("51310", "failed"), ("51311", "failed"), ("51328", "failed"), ("51312", "failed"),
     ("51315", "failed")],
)  # fmt: skip
def test_a_refusal_is_believed_only_where_no_such_refund_is_listed(gateway, canned, kit, code, state):
    key = "refundkey0001"
    assert gateway.refund(canned(refused(code), NONE), kit.CHARGE, HALF, key=key).state == state
    stands = canned(refused(code), listed("TS-REFA", key))
    assert gateway.refund(stands, kit.CHARGE, HALF, key=key).state == "pending"
    others = canned(refused(code), listed("TS-REFC", "someoneelses"))
    assert gateway.refund(others, kit.CHARGE, HALF, key=key).state == state


def test_a_refusal_is_not_believed_where_the_list_cannot_be_read(gateway, canned, kit):
    with pytest.raises(Temporary):
        gateway.refund(canned(refused("51314"), (500, b"", {})), kit.CHARGE, HALF, key=KEY)


@pytest.mark.parametrize("told", [{}, {"refund_status": ""}, {"refund_status": 2}, {"refund_status": True}])
def test_an_answer_that_says_nothing_is_none(gateway, canned, kit, told):
    with pytest.raises(Temporary):
        gateway.refund(canned(told), kit.CHARGE, HALF, key=KEY)


def test_taken_with_an_error_beside_it_is_looked_up(gateway, canned, kit):
    told = {"refund_status": 0, "error_code": "51312", "reason": "x"}
    assert gateway.refund(canned(told, NONE), kit.CHARGE, HALF, key=KEY).state == "failed"


def test_keys_and_other_errors_are_told_apart_from_refusals(gateway, canned, kit):
    with pytest.raises(Denied):
        gateway.refund(canned(refused("51407")), kit.CHARGE, HALF, key=KEY)
    with pytest.raises(Permanent) as told:
        gateway.refund(canned(refused("51015"), NONE), kit.CHARGE, HALF, key=KEY)
    assert told.value.field == "amount"
    with pytest.raises(Temporary):
        gateway.refund(canned(refused("51420")), kit.CHARGE, HALF, key=KEY)


@pytest.mark.parametrize(
    ("word", "state"),
    [("TS-REFC", "processed"), ("TS-REFA", "pending"), ("TS-REFF", "failed"), ("TS-REFD", "failed"),
     ("TS-NEW", "pending"), ("", "pending")],
)  # fmt: skip
def test_words_of_refunds(gateway, canned, kit, word, state):
    client = canned(listed(word, "refundkey0001"))
    told = gateway.refund_status(client, kit.CHARGE, key="refundkey0001", gateway_refund_id=None)
    assert (told.state, told.amount) == (state, 50000)


def test_a_refund_that_is_not_listed_is_none(gateway, canned, kit):
    for answer in (NONE, listed("TS-REFC", "someoneelses")):
        assert gateway.refund_status(canned(answer), kit.CHARGE, key=KEY, gateway_refund_id=None) is None


@pytest.mark.parametrize(
    "change",
    [{"order_curr": ""}, {"reference_no": "9"}, {"refund_list": "odd"},
     {"refund_list": [{"refund_mer_ref_no": "refundkey0001", "refund_status": "TS-REFC"}]},
     {"refund_list": [{"refund_mer_ref_no": "refundkey0001", "refund_amt": "-1"}]}],
)  # fmt: skip
def test_a_list_of_refunds_that_cannot_be_read_is_no_answer(gateway, canned, kit, change):
    client = canned(listed(ref="refundkey0001", **change))
    with pytest.raises(Temporary):
        gateway.refund_status(client, kit.CHARGE, key="refundkey0001", gateway_refund_id=None)


@pytest.mark.parametrize(
    ("charge", "money", "key"),
    [("pay_1", HALF, KEY), ("", HALF, KEY), ("1", Money(0, "INR"), KEY), ("1", Money(1, "USD"), KEY), ("1", HALF, "short"),  # noqa: E501
     ("1", HALF, "has blanks in it")],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_without_a_call(gateway, canned, charge, money, key):
    with pytest.raises(Permanent):
        gateway.refund(canned(), charge, money, key=key)
