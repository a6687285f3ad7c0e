"""What goes wrong on the way: tried again, slowed down, or for a person, in words and without secrets."""

import logging
import time

import pytest
from kartify_phonepe import PhonePeGateway

from kartify.plugin import Denied, PartnerError, Permanent, Temporary, Throttled

from .conftest import SECRETS


@pytest.mark.parametrize("fault", ["500", "html", "html-502", "truncated", "dropped-before", "dropped-after"])
def test_a_broken_answer_is_temporary_and_the_next_one_counts(live, fault):
    ours = live.opened()
    live.simulator.pay(ours.gateway_order_id)
    live.simulator.faults.next(fault)
    with pytest.raises(Temporary) as caught:
        live.gateway.ask(live.client, ours)
    assert not isinstance(caught.value, Throttled)
    assert live.gateway.ask(live.client, ours).reports


@pytest.mark.parametrize(("fault", "wait"), [("429", None), ("429-wait", 1.0)])
def test_too_many_calls_slow_the_account_down(live, fault, wait):
    ours = live.opened()
    live.simulator.faults.next(fault)
    with pytest.raises(Throttled) as caught:
        live.gateway.ask(live.client, ours)
    assert (caught.value.retry_after, caught.value.sent) == (wait, False)


def test_token_and_call_share_one_deadline(live):
    ours = live.opened()
    hasty = type(live.gateway)(live.gateway.settings)
    hasty.deadline = 0.6
    live.simulator.faults.next("slow", "slow")
    begun = time.monotonic()
    with pytest.raises(Temporary):
        hasty.ask(live.client, ours)
    assert time.monotonic() - begun < 1.2


def test_a_token_gets_no_more_time_than_the_call_has(live, wish):
    live.gateway.deadline = 0.15
    live.simulator.faults.next("slow")
    begun = time.monotonic()
    with pytest.raises(Temporary) as caught:
        live.gateway.open(live.client, wish())
    assert not caught.value.sent
    assert time.monotonic() - begun < 0.4


def test_a_call_for_which_no_time_is_left_is_not_made(gateway, canned, ref):
    gateway.deadline = 0.0
    client = canned()
    with pytest.raises(Temporary) as caught:
        gateway.ask(client, ref())
    assert (caught.value.sent, client.asked) == (False, [])


def test_what_tries_again_gets_through_whatever_fails(simulated, client, wish, ref):
    """Sixty orders through an API that fails every third time, and each is told once and right."""
    simulator = simulated(faults=2606)
    simulator.faults.kinds = tuple(kind for kind in simulator.faults.kinds if kind != "slow")
    gateway = PhonePeGateway(PhonePeGateway.Settings(**simulator.settings()))
    for number in range(60):
        name = f"R{number}"
        _until_told(lambda name=name: gateway.find(client, wish(reference=name))
                    or gateway.open(client, wish(reference=name)))
        simulator.pay(name)
        answer = _until_told(lambda name=name: gateway.ask(client, ref(reference=name, gateway_order_id=name)))
        assert [report.captured for report in answer.reports] == [149900]
    assert len(simulator.book.sessions) == 60
    assert sum(simulator.calls.values()) > 200


def _until_told(call):
    for _ in range(20):
        try:
            return call()
        except Temporary:
            continue
    raise AssertionError("never got through")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"code": "INVALID_CLIENT", "errorCode": "OIM000", "message": "Bad Request"}, Denied),
        (400, {"code": "BAD_REQUEST", "message": "Unauthorized"}, Denied),
        (400, {"code": "PR004", "message": "Unauthorized"}, Denied),
        (400, {"code": "ERROR_B2B_API_RETURNED_ERROR", "message": "x"}, Denied),
        (403, {"code": "FORBIDDEN", "message": "no"}, Denied),
        (403, b"<html>blocked</html>", Denied),
        (400, {"code": "BAD_REQUEST", "message": "amount: wrong"}, Permanent),
        (417, {"code": "EXPECTATION_FAILED", "message": "x"}, Permanent),
        (400, {"code": "INTERNAL_SERVER_ERROR", "message": "x"}, Temporary),
        (400, {"code": "TOO_MANY_REQUESTS", "message": "x"}, Throttled),
        (200, {"code": "TOO_MANY_REQUESTS", "message": "x"}, Throttled),
        (200, {"success": False, "code": "BAD_REQUEST", "message": "x"}, Permanent),
        (500, {"code": "INTERNAL_SERVER_ERROR", "message": "x"}, Temporary),
        (503, b"", Temporary),
        (408, {"code": "X"}, Temporary),
        (404, b"<html>not found</html>", Temporary),
        (400, b"", Temporary),
        (302, b"", Temporary),
        (200, b"<!doctype html><title>Please wait</title>", Temporary),
        (200, b'{"state": "COMPL', Temporary),
        (200, b"[]", Temporary),
        (200, b"null", Temporary),
        (204, b"", Temporary),
    ],
)
def test_a_refusal_is_of_the_right_kind(gateway, canned, ref, status, body, kind):
    with pytest.raises(PartnerError) as caught:
        gateway.ask(canned((status, body)), ref())
    assert type(caught.value) is kind


def test_no_answer_is_temporary_and_says_whether_it_was_sent(gateway, canned, ref, wish):
    for sent in (True, False):
        with pytest.raises(Temporary) as caught:
            gateway.open(canned(Temporary("the line was lost", sent=sent)), wish())
        assert caught.value.sent is sent


def test_what_phonepe_echoes_of_our_secrets_is_masked(gateway, canned, ref):
    echo = " ".join([*SECRETS, "made-up-token"])
    for status in (400, 403, 500):
        with pytest.raises((Permanent, Temporary)) as caught:
            gateway.ask(canned((status, {"code": "BAD_REQUEST", "message": echo})), ref())
        text = str(caught.value) + repr(caught.value)
        assert [secret for secret in [*SECRETS, "made-up-token"] if secret in text] == []


def test_no_secret_and_no_token_is_logged(live, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    live.gateway.ask(live.client, live.opened())
    logged = caplog.text + "".join(capsys.readouterr())
    assert "http.call" in logged
    assert [word for word in ("made-up-client-secret", "token-0000", "O-Bearer") if word in logged] == []


def test_no_secret_is_in_a_repr(gateway, live):
    live.gateway.test(live.client)
    shown = repr(gateway.settings) + repr(gateway) + repr(vars(live.gateway)) + repr(live.gateway._tokens._held)
    assert [secret for secret in [*SECRETS, "token-0000"] if secret in shown] == []


def test_test_connection_tells_what_answered(live):
    assert live.gateway.test(live.client) == "PhonePe knows this client id (test mode)."
    assert live.simulator.book.sessions == {}


def test_test_connection_fails_where_the_product_is_not_enabled(gateway, canned):
    with pytest.raises(Denied, match="Standard Checkout"):
        gateway.test(canned((400, {"code": "PR004", "message": "x"})))


def test_an_error_is_a_sentence_of_bounded_length(gateway, canned, ref):
    with pytest.raises(Permanent) as caught:
        gateway.ask(canned((400, {"code": "X" * 500, "message": "y" * 5000 + "\x00"})), ref())
    assert len(str(caught.value)) <= 300
    assert "\x00" not in str(caught.value)
