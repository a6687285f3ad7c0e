"""The API's errors: which pause the account, which are tried again, and that no secret is in them."""

import pytest

from kartify.plugin import Denied, PartnerError, Permanent, Temporary, Throttled
from kartify.simulation.faults import KINDS


@pytest.fixture
def ask(gateway, canned, ref):
    return lambda *answers: gateway.ask(canned(*answers), ref())


@pytest.mark.parametrize("msg", ["Invalid Hash.", "Invalid Key.", "Invalid key", "Hash mismatch", "invalid merchant",
                                 "Merchant key is incorrect", "Hash is empty", "Access denied", "Unauthorized",
                                 "You are not authorised"])  # fmt: skip
def test_wrong_keys_pause_the_account_and_say_what_to_check(ask, msg):
    with pytest.raises(Denied, match="key, salt and environment"):
        ask({"status": 0, "msg": msg})
    with pytest.raises(Denied):
        ask({"status": "0", "message": msg})


@pytest.mark.parametrize("msg", ["Requests limit reached", "Too many requests", "API rate limit exceeded"])
def test_asked_for_fewer_calls_in_words(ask, msg):
    with pytest.raises(Throttled) as told:
        ask({"status": 0, "msg": msg})
    assert told.value.sent is False


def test_a_parameter_that_is_missing_is_our_mistake(ask):
    with pytest.raises(Permanent) as told:
        ask({"status": 0, "msg": "Parameter missing"})
    assert type(told.value) is Permanent


@pytest.mark.parametrize("msg", ["", "Something", "Partial refunds not allowed", "Transaction limit exceeded"])
def test_other_words_are_tried_again(ask, msg):
    with pytest.raises(Temporary) as told:
        ask({"status": 0, "msg": msg})
    assert not isinstance(told.value, Throttled)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>busy</html>", b"{}", b"[]", b"null", b"5", b'"x"', b"\xff\xfe", b'{"status":2}', b'{"status":true}',
     b'{"msg":"x"}', b'{"a":' * 5000, b'a:2:{s:6:"status";i:0;}'],
)  # fmt: skip
def test_what_is_no_answer_of_the_api_is_tried_again(ask, body):
    with pytest.raises(Temporary):
        ask(body)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 404, 408, 301, 204])
def test_other_statuses_are_tried_again(ask, status):
    with pytest.raises(Temporary):
        ask((status, b'{"status":0,"msg":"Not Found"}', {}))


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_door_pauses_the_account(ask, status):
    with pytest.raises(Denied):
        ask((status, b"", {}))


@pytest.mark.parametrize(("headers", "wait"), [({"retry-after": "7"}, 7.0), ({}, None)])
def test_fewer_calls(ask, headers, wait):
    with pytest.raises(Throttled) as told:
        ask((429, b"Too many requests", headers))
    assert (told.value.retry_after, told.value.sent) == (wait, False)


def test_secrets_that_the_gateway_echoes_are_masked(gateway, canned, ref, kit):
    for secret in (kit.SALT, kit.OLD, kit.TOKEN):
        for msg in (f"Invalid Hash {secret}", f"Requests limit {secret}", f"{'x' * 280}{secret}",
                    f"Parameter missing: {secret}"):
            with pytest.raises(PartnerError) as told:
                gateway.ask(canned({"status": 0, "msg": msg}), ref())
            assert secret[:12] not in str(told.value)
        refused = {"status": 0, "msg": f"No: {secret}", "error_code": 105}
        answer = gateway.refund(
            canned(kit.acts(), refused, kit.acts()), kit.CHARGE, ref().amount, key="refundkey0001"
        )
        assert secret not in answer.word


@pytest.mark.parametrize("fault", [one for one in KINDS if one != "slow"])
def test_every_fault_of_the_line_is_temporary_and_the_next_call_works(live, fault):
    ours = live.opened()
    live.simulator.pay(ours.gateway_order_id)
    live.simulator.faults.next(fault)
    with pytest.raises(Temporary):
        live.ask(ours)
    assert live.ask(ours).reports[0].captured == 149900


def test_the_connection_is_tested_with_a_payment_that_nobody_made(live, gateway, canned, kit):
    assert live.gateway.test(live.client) == "PayU knows this key (test)."
    kind = type(live.gateway)
    for change in ({"key": "WRONG1"}, {"salt": "WRONG0SALT0WRONG"}):
        wrong = {**live.simulator.settings(), **change}
        with pytest.raises(Denied):
            kind(kind.Settings(**wrong)).test(live.client)
    with pytest.raises(PartnerError):
        gateway.test(canned(kit.verified(KARTIFYCONNECTION=kit.ENTRY | {"txnid": ""})))
    with pytest.raises(PartnerError):
        gateway.test(canned(kit.verified(kit.ENTRY)))
