"""How Paytm's failures cross the border: whether trying again helps, and never a secret."""

import pytest

from kartify.plugin import Denied, Permanent, Temporary, Throttled

SECRETS = ("made-up-key-1234", "retired-key-9876")


@pytest.fixture
def failure(gateway, canned, ref):
    def ask(status, body, headers=None):
        with pytest.raises((Temporary, Permanent)) as caught:
            gateway.ask(canned((status, body, headers or {})), ref())
        return caught.value

    return ask


def test_429_slows_the_account_down(failure, kit):
    problem = failure(429, kit.told("F", "429", "Too many requests"))
    assert type(problem) is Throttled
    assert (problem.retry_after, problem.sent) == (None, False)


def test_retry_after_is_honoured(failure):
    assert failure(429, b"", {"retry-after": "7"}).retry_after == 7
    assert failure(503, b"<html>", {"retry-after": "9"}).retry_after == 9
    assert failure(429, b"", {"retry-after": "tomorrow"}).retry_after is None


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, b"{}"), (502, b"<html>502 Bad Gateway</html>"), (504, b""), (503, b"\xff\xfe"), (408, b""),
     (200, b"<html>maintenance</html>"), (200, b'{"head":{},"body":{"resultInfo":{"resultStatus":"TXN_SU'), (200, b""),
     (200, []), (200, {}), (200, {"body": 5}), (200, {"body": {}}), (200, {"body": {"resultInfo": 5}}),
     (200, b'{"body":' + b"[" * 10_000), (400, b"<html>blocked</html>"), (400, {"message": "not paytm"}), (302, b""),
     (200, b'{"body":{"resultInfo":{"resultStatus":"PENDING"}},"body":{}}'),
     (200, b'{"body":{"resultInfo":{"resultStatus":"PENDING"},"txnAmount":NaN}}')],
)  # fmt: skip
def test_what_may_pass_is_temporary(failure, status, body):
    problem = failure(status, body)
    assert type(problem) is Temporary
    assert problem.sent


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("body", [b"", b"<html>", {"body": {"resultInfo": {"resultStatus": "F", "resultMsg": "No"}}}])
def test_keys_that_are_refused_pause_the_account_and_say_what_to_check(failure, status, body):
    problem = failure(status, body)
    assert type(problem) is Denied
    assert "environment" in str(problem)


def test_a_refusal_in_paytms_own_words_is_permanent(failure, kit):
    problem = failure(400, kit.told("F", "1001", "Request parameters are not valid"))
    assert type(problem) is Permanent
    assert "Request parameters" in str(problem)


@pytest.mark.parametrize("status", [200, 400, 401, 429, 500])
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_that_is_echoed_is_masked(failure, kit, status, secret):
    problem = failure(status, kit.told("TXN_FAILURE", "330", "x" * 180 + f" key {secret} refused"))
    assert secret not in str(problem) + repr(problem)
    assert secret[:6] not in str(problem)


def test_no_secret_shows_in_the_gateway_or_its_settings(gateway):
    shown = repr(gateway) + repr(gateway.settings) + str(gateway.settings) + gateway.settings.model_dump_json()
    assert not any(secret in shown for secret in SECRETS)


def test_no_secret_leaves_in_a_call(gateway, canned, ref, wish, kit):
    client = canned((200, kit.told("PENDING", "402")), (200, kit.told("S", "0000", txnToken="t")))
    gateway.ask(client, ref())
    gateway.open(client, wish())
    assert not any(secret in str(client.asked) for secret in SECRETS)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("429", Throttled), ("429-wait", Throttled), ("500", Temporary), ("html-502", Temporary), ("html", Temporary),
     ("truncated", Temporary), ("dropped-before", Temporary), ("dropped-after", Temporary)],
)  # fmt: skip
def test_each_fault_of_the_simulator_is_temporary(live, fault, kind):
    ours = live.opened()
    live.simulator.faults.next(fault)
    with pytest.raises(kind) as caught:
        live.ask(ours)
    assert type(caught.value) is kind
    if fault == "429-wait":
        assert caught.value.retry_after == 1


def test_a_slow_answer_is_an_answer(live):
    ours = live.opened()
    live.simulator.pay(ours.gateway_order_id)
    live.simulator.faults.next("slow")
    assert live.ask(ours).found


@pytest.mark.parametrize("text", ["a\x00b\ud800", "x" * 5000, 7, None, ["list"]])
def test_any_text_of_paytms_fits_a_page_and_a_database(gateway, canned, ref, kit, text):
    told = kit.told("TXN_FAILURE", "227", text, txnId=kit.TXN, orderId="KTF100045A1")
    (report,) = gateway.ask(canned((200, told)), ref()).reports
    shown = report.detail or ""
    shown.encode()
    assert len(shown) <= 200
    assert "\x00" not in shown
