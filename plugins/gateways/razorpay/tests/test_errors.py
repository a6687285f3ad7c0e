"""How Razorpay's failures cross the border: whether trying again helps, and never a secret."""

import pytest

from kartify.plugin import Denied, Permanent, Temporary, Throttled

SECRETS = ("key-secret-of-tests", "whsec-current", "whsec-previous")


def error(description="Something", code="BAD_REQUEST_ERROR", **more):
    return {"error": {"code": code, "description": description, "source": "business", "metadata": {}, **more}}


@pytest.fixture
def failure(gateway, canned, ref):
    def ask(status, body, headers=None):
        with pytest.raises((Temporary, Permanent)) as caught:
            gateway.ask(canned((status, body, headers or {})), ref())
        return caught.value

    return ask


def test_429_slows_the_account_down(failure):
    problem = failure(429, error("Too many requests"))
    assert type(problem) is Throttled
    assert (problem.retry_after, problem.sent) == (None, False)


def test_retry_after_is_honoured(failure):
    assert failure(429, error(), {"retry-after": "7"}).retry_after == 7
    assert failure(503, b"<html>", {"retry-after": "9"}).retry_after == 9
    assert failure(429, b"", {"retry-after": "tomorrow"}).retry_after is None


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, error("We are facing some trouble", "SERVER_ERROR")), (502, b"<html>502 Bad Gateway</html>"), (504, b""),
     (503, b"\xff\xfe"), (408, b""), (400, error("Gateway down", "GATEWAY_ERROR")),
     (400, error("Trouble", "SERVER_ERROR")), (200, b"<html>maintenance</html>"), (200, b'{"items":[{"id":'),
     (200, b""), (200, []), (200, {"items": 5}), (200, {"items": [{"id": "pay_1"}]}), (200, b"[" * 10_000),
     (400, b"<html>blocked</html>"), (400, {"message": "not razorpay"}), (302, b"")],
)  # fmt: skip
def test_what_may_pass_is_temporary(failure, status, body):
    problem = failure(status, body)
    assert type(problem) is Temporary
    assert problem.sent


@pytest.mark.parametrize(
    ("status", "text"),
    [(401, "Authentication failed"), (403, "Forbidden"), (401, ""), (400, "Authentication failed"),
     (400, "The api key provided is invalid"), (400, "The API key has expired"),
     (400, "Please provide your live mode key"), (400, "Test key cannot be used for this merchant")],
)  # fmt: skip
def test_keys_that_are_refused_pause_the_account(failure, status, text):
    assert type(failure(status, error(text))) is Denied


def test_a_401_without_razorpays_words_is_about_keys_too(failure):
    assert type(failure(401, b"<html>")) is Denied


@pytest.mark.parametrize("text", ["amount: must be an integer", "This feature is not available in test mode", ""])
def test_any_other_refusal_is_permanent_and_names_its_field(failure, text):
    problem = failure(400, error(text, field="amount"))
    assert isinstance(problem, Permanent)
    assert not isinstance(problem, Denied)
    assert problem.field == "amount"


@pytest.mark.parametrize("status", [400, 401, 429, 500])
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_that_is_echoed_is_masked(failure, status, secret):
    problem = failure(status, error("x" * 190 + f" key {secret} refused"))
    assert secret not in str(problem) + repr(problem)
    assert secret[:6] not in str(problem)


def test_no_secret_shows_in_the_gateway_or_its_settings(gateway):
    shown = repr(gateway) + repr(gateway.settings) + str(gateway.settings)
    assert not any(secret in shown for secret in SECRETS)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("429", Throttled), ("429-wait", Throttled), ("500", Temporary), ("html-502", Temporary),
     ("truncated", Temporary), ("dropped-before", Temporary), ("dropped-after", Temporary)],
)  # fmt: skip
def test_each_fault_of_the_simulator_is_temporary(live, fault, kind):
    ours = live.opened()
    live.simulator.faults.next(fault)
    with pytest.raises(kind) as caught:
        live.gateway.ask(live.client, ours)
    assert type(caught.value) is kind
    if fault == "429-wait":
        assert caught.value.retry_after == 1


def test_a_slow_answer_is_an_answer(live):
    ours = live.opened()
    live.simulator.faults.next("slow")
    assert live.gateway.ask(live.client, ours).found


def test_wrong_keys_are_denied_by_the_running_api(live, make_gateway):
    with pytest.raises(Denied):
        make_gateway(api_base=live.url).test(live.client)
