"""How Juspay's failures cross the border: whether trying again helps, and never a secret."""

import base64

import pytest

from kartify.plugin import Denied, Permanent, Temporary, Throttled

SECRETS = ("api-key-of-tests", "response-key-of-tests", "hook-password", "hook-password-before")


def error(text="Something", code="invalid_request", word="Bad Request", newer=""):
    info = {"error_info": {"code": newer, "user_message": text, "developer_message": text}} if newer else {}
    return {"status": word, "error_code": code, "error_message": text, **info}


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


@pytest.mark.parametrize(("status", "body"), [
    (500, error("Internal error")), (502, b"<html>502 Bad Gateway</html>"), (504, b""), (503, b"\xff\xfe"), (408, b""),
    (409, error("Busy")), (425, b""), (400, error("Another request is in process", newer="DUPLICATE_REQUEST")),
    (200, b"<html>maintenance</html>"), (200, b'{"order_id":"R7Q2M9","status":'), (200, b""), (200, []), (200, {}),
    (200, {"order_id": "R7Q2M9", "amount": True}), (200, b"[" * 10_000), (400, b"<html>blocked</html>"),
    (400, {"message": "not juspay"}), (400, []), (404, b"<html>Not Found</html>"), (404, b""), (302, b""),
    (404, {"message": "no Route matched with those values"}),
], ids=str)  # fmt: skip
def test_what_may_pass_is_temporary(failure, status, body):
    problem = failure(status, body)
    assert type(problem) is Temporary
    assert problem.sent


@pytest.mark.parametrize(("status", "body"), [
    (401, error("Unauthorized", "access_denied")), (401, b"<html>"), (403, b""), (403, error("Forbidden")),
    (400, error("x", "access_denied")), (400, error("x", newer="UNAUTHENTICATED")),
    (400, error("x", newer="BAD_ORIGIN")), (400, error("Invalid API key")), (400, error("merchant_id is not valid")),
    (404, error("Merchant account not found", newer="RESOURCE_NOT_FOUND")),
], ids=str)  # fmt: skip
def test_keys_that_are_refused_pause_the_account(failure, status, body):
    assert type(failure(status, body)) is Denied


def test_a_denial_says_what_to_compare(failure):
    assert "merchant id, API key and environment" in str(failure(401, error("Unauthorized")))


@pytest.mark.parametrize(("text", "field"), [
    ("amount must be a number", "amount"), ("Invalid value for unique_request_id", "unique_request_id"),
    ("Something else", None), ("", None),
])  # fmt: skip
def test_any_other_refusal_is_permanent_and_names_its_field(failure, text, field):
    problem = failure(400, error(text))
    assert isinstance(problem, Permanent)
    assert not isinstance(problem, Denied)
    assert problem.field == field


def test_a_404_about_something_else_is_not_an_order_that_is_unknown(gateway, canned, ref):
    with pytest.raises(Permanent, match="feature"):
        gateway.ask(canned((404, error("This feature is off"))), ref())


def test_something_missing_that_is_not_called_an_order_is_no_unknown_order(failure):
    problem = failure(400, error("No such resource", newer="RESOURCE_NOT_FOUND"))
    assert type(problem) is not Temporary
    assert "No such resource" in str(problem)


@pytest.mark.parametrize("status", [400, 401, 429, 500])
@pytest.mark.parametrize("secret", [*SECRETS, base64.b64encode(b"api-key-of-tests:").decode()])
def test_a_secret_that_is_echoed_is_masked(failure, status, secret):
    problem = failure(status, error("x" * 190 + f" value {secret} refused"))
    assert secret not in str(problem) + repr(problem)
    assert secret[:10] not in str(problem)


def test_an_error_is_short_and_printable(failure):
    text = str(failure(400, error("a\u0000b\u0007" + "y" * 5000)))
    assert len(text) <= 300
    assert text.isprintable()


def test_no_secret_shows_in_the_gateway_or_its_settings(gateway):
    shown = repr(gateway) + repr(gateway.settings) + str(gateway.settings)
    assert not any(secret in shown for secret in SECRETS)


@pytest.mark.parametrize(("fault", "kind"), [
    ("429", Throttled), ("429-wait", Throttled), ("500", Temporary), ("html", Temporary), ("html-502", Temporary),
    ("truncated", Temporary), ("dropped-before", Temporary), ("dropped-after", Temporary),
])  # fmt: skip
def test_each_fault_of_the_stand_in_is_temporary(live, fault, kind):
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


@pytest.mark.parametrize("changes", [{"api_key": "another-key"}, {"merchant_id": "another"}])
def test_wrong_keys_are_denied_by_the_running_api(live, make_gateway, changes):
    values = {**live.simulator.settings(), **changes}
    with pytest.raises(Denied):
        make_gateway(**values).test(live.client)


def test_the_right_key_is_known(live):
    assert live.gateway.test(live.client) == "Juspay knows this key (sandbox)."
    assert live.simulator.book.sessions == {}
