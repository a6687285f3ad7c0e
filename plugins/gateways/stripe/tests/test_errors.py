"""How Stripe's failures cross the border: whether trying again helps, and never a secret."""

import pytest

from kartify.plugin import Denied, Permanent, Temporary, Throttled

SECRETS = ("sk_test_madeup0000000001", "whsec_current000001", "whsec_second0000001", "whsec_retired000001")


def error(text="Something", code="", kind="invalid_request_error", **more):
    return {"error": {"type": kind, "message": text, **({"code": code} if code else {}), **more}}


@pytest.fixture
def failure(gateway, canned, ref):
    def ask(status, body, headers=None):
        with pytest.raises((Temporary, Permanent)) as caught:
            gateway.ask(canned((status, body, headers or {})), ref())
        return caught.value

    return ask


def test_429_slows_the_account_down(failure):
    problem = failure(429, error("Request rate limit exceeded", "rate_limit"))
    assert type(problem) is Throttled
    assert (problem.retry_after, problem.sent) == (None, False)


def test_a_lock_on_one_object_does_not_slow_the_account_down(failure):
    problem = failure(429, error("This object cannot be accessed right now", "lock_timeout"))
    assert type(problem) is Temporary
    assert (problem.retry_after, problem.sent) == (2.0, False)


def test_retry_after_is_honoured(failure):
    assert failure(429, error(), {"retry-after": "7"}).retry_after == 7
    assert failure(503, b"<html>", {"retry-after": "9"}).retry_after == 9
    assert failure(429, b"", {"retry-after": "tomorrow"}).retry_after is None


@pytest.mark.parametrize(("status", "body"), [
    (500, error(kind="api_error")), (502, b"<html>502 Bad Gateway</html>"), (504, b""), (503, b"\xff\xfe"), (408, b""),
    (409, error(code="idempotency_key_in_use", kind="idempotency_error")), (425, b""), (400, b"<html>blocked</html>"),
    (200, b"<html>maintenance</html>"), (200, b'{"id":"cs_test_a1kart000001","object":'), (200, b""), (200, []),
    (200, {}), (200, {"id": "cs_test_a1kart000001"}), (200, {"id": "cs_test_a1kart000001", "amount_total": True}),
    (200, b"[" * 10_000), (400, {"message": "not stripe"}), (400, []), (404, b"<html>Not Found</html>"), (404, b""),
    (302, b""), (404, {"error": "not found"}), (404, {"error": {}}),
], ids=str)  # fmt: skip
def test_what_may_pass_is_temporary(failure, status, body):
    problem = failure(status, body)
    assert type(problem) is Temporary
    assert problem.sent


@pytest.mark.parametrize(("status", "body"), [
    (401, error("Invalid API Key provided")), (401, b"<html>"), (403, b""), (403, error("no permission")),
    (404, error("No such session; a similar object exists in live mode, but a test mode key was used",
                "resource_missing")),
], ids=str)  # fmt: skip
def test_keys_that_are_refused_pause_the_account(failure, status, body):
    assert type(failure(status, body)) is Denied


@pytest.mark.parametrize(("status", "code"), [(400, "parameter_unknown"), (402, "card_declined"), (404, ""),
                                              (422, "x")])  # fmt: skip
def test_any_other_refusal_is_permanent_and_names_its_field(failure, status, code):
    problem = failure(status, error("Some text", code, param="session"))
    assert isinstance(problem, Permanent)
    assert not isinstance(problem, Denied)
    assert (problem.field, "Some text" in str(problem)) == ("session", True)


def test_a_failure_that_a_key_keeps_is_not_tried_for_ever(failure):
    assert isinstance(failure(500, error(kind="api_error"), {"idempotent-replayed": "true"}), Permanent)


def test_an_error_names_the_number_of_the_call(failure):
    assert "(req_123)" in str(failure(400, error("No"), {"request-id": "req_123"}))


@pytest.mark.parametrize("status", [400, 401, 429, 500])
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_that_is_echoed_is_masked(failure, status, secret):
    problem = failure(status, error("x" * 230 + f" value {secret} refused"))
    assert secret not in str(problem) + repr(problem)
    assert secret[:14] not in str(problem)


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


def test_a_wrong_key_is_denied_by_the_running_api(live, make_gateway):
    values = {**live.simulator.settings(), "secret_key": "sk_test_another_one"}
    with pytest.raises(Denied):
        make_gateway(**values).test(live.client)


def test_the_right_key_is_known(live):
    assert live.gateway.test(live.client) == "Stripe knows this key (test)."
    assert live.simulator.book.sessions == {}


def test_a_list_that_does_not_end_is_temporary(gateway, canned, ref, made):
    page = made.rows(made.refund(), more=True)
    with pytest.raises(Temporary, match="does not end"):
        gateway.ask(canned(made.whole(None, made.charge(amount_refunded=1)), *[page] * 100), ref())
