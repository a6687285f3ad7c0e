"""The API's errors: which pause the account, which are tried again, which say that there is nothing."""

import pytest

from kartify.plugin import Denied, PartnerError, Permanent, Temporary, Throttled
from kartify.simulation.faults import KINDS


@pytest.fixture
def ask(gateway, canned, ref):
    return lambda *answers: gateway.ask(canned(*answers), ref())


def plain(code, text):
    return f"status=1&enc_response={text}&enc_error_code={code}".encode()


@pytest.mark.parametrize("code", ["51313", "51308", "51419"])
def test_no_record_is_believed_in_both_forms(ask, code):
    assert ask(plain(code, "Order List: Invalid Parameter")).found is False
    assert ask({"error_code": f"{code} ", "error_desc": "x", "status": 1}).found is False
    assert ask({"Order_Status_Result": {"error_code": code, "error_desc": "", "status": 1}}).found is False


@pytest.mark.parametrize(
    ("code", "error"),
    [("51407", Denied), ("51327", Denied), ("51401", Permanent), ("51404", Permanent), ("51410", Permanent),
     ("51411", Permanent), ("51421", Permanent), ("51420", Temporary), ("-1", Temporary), ("51017", Permanent),
     ("51018", Permanent), ("51999", Permanent)],
)  # fmt: skip
def test_codes(ask, code, error):
    for answer in (plain(code, "said so"), {"error_code": code, "error_desc": "said so", "status": 1}):
        with pytest.raises(error) as told:
            ask(answer)
        assert type(told.value) is error
        assert f"{code}: said so" in str(told.value)


def test_an_address_that_is_not_registered_says_what_to_do(ask):
    with pytest.raises(Denied, match="registered this server's public IP address"):
        ask(plain("51407", "You are not allowed to perform this operation."))
    with pytest.raises(Denied):
        ask(plain("", "Access_code: Invalid Parameter"))


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>busy</html>", b"{}", b'{"status":0}', b"status=0", b"status=2&enc_response=00", b"\xff\xfe",
     b"status=0&enc_response=", b"status=0&enc_response=zz", b"status=0&enc_response=" + b"00" * 16,
     b"status=0&status=1&enc_response=x", b"enc_response=00", b"a=1&" * 40 + b"status=0"],
)  # fmt: skip
def test_what_is_no_answer_of_the_api_is_tried_again(ask, body):
    with pytest.raises(Temporary):
        ask(body)


@pytest.mark.parametrize("share", [10, 33, 50, 64, 90, 97])
def test_an_answer_cut_off_anywhere_is_tried_again(ask, kit, share):
    whole = kit.told(kit.ROW).rstrip(b"&enc_error_code=").rstrip()
    with pytest.raises(Temporary):
        ask(whole[: len(whole) * share // 100])


@pytest.mark.parametrize("inside", ["", "[]", "null", "5", '"x"', "{", '{"a":' * 5000, "<html>", "status=0"])
def test_what_is_inside_and_no_object_is_tried_again(ask, inside):
    with pytest.raises(Temporary):
        ask(inside)


def test_an_answer_under_another_key_says_which_setting(ask, kit):
    with pytest.raises(Temporary, match="api_working_key"):
        ask(kit.told(kit.ROW, kit.WEB))


@pytest.mark.parametrize("lines", [b"\r\n", b"\n", b" ", b"%0D%0A"])
def test_line_ends_after_the_hex_do_no_harm(ask, kit, lines):
    text = kit.formula('{"error_code":"51313"}', kit.API).upper().encode()
    assert ask(b"status=0&enc_response=" + text + lines + b"&enc_error_code=").found is False


@pytest.mark.parametrize("status", [500, 502, 503, 504, 404, 408, 301, 204])
def test_other_statuses_are_tried_again(ask, status):
    with pytest.raises(Temporary):
        ask((status, b"<html>no such record found</html>", {}))


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_door_pauses_the_account(ask, status):
    with pytest.raises(Denied):
        ask((status, b"", {}))


@pytest.mark.parametrize(("headers", "wait"), [({"retry-after": "7"}, 7.0), ({}, None)])
def test_fewer_calls(ask, headers, wait):
    with pytest.raises(Throttled) as told:
        ask((429, b"Too many requests", headers))
    assert (told.value.retry_after, told.value.sent) == (wait, False)


def test_secrets_that_the_gateway_echoes_are_masked(ask, kit):
    for key in (kit.WEB, kit.API, kit.OLD):
        for answer in (plain("51411", f"bad {key}"), {"error_code": "51411", "error_desc": f"{'x' * 180}{key}"}):
            with pytest.raises(PartnerError) as told:
                ask(answer)
            assert key[:12] not in str(told.value)


@pytest.mark.parametrize("fault", [one for one in KINDS if one != "slow"])
def test_every_fault_of_the_line_is_temporary_and_the_next_call_works(live, fault):
    ours = live.opened()
    live.simulator.pay(ours.gateway_order_id)
    live.simulator.faults.next(fault)
    with pytest.raises(Temporary):
        live.ask(ours)
    assert live.ask(ours).reports[0].captured == 149900


def test_the_connection_is_tested_with_an_order_that_nobody_made(live, make_gateway):
    assert "test mode" in live.gateway.test(live.client)
    wrong = {**live.simulator.settings(), "api_access_code": "AVWRONG"}
    with pytest.raises(Denied):
        type(live.gateway)(type(live.gateway).Settings(**wrong)).test(live.client)
    other = {**live.simulator.settings(), "api_working_key": "WRONG0KEY0WRONG0KEY"}
    with pytest.raises(Temporary, match="api_working_key"):
        type(live.gateway)(type(live.gateway).Settings(**other)).test(live.client)
