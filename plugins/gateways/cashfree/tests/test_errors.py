"""How Cashfree's failures cross the border: whether trying again helps, and never a secret."""

import pytest

from kartify.plugin import Denied, Permanent, Temporary, Throttled

SECRETS = ("made-up-client-secret", "made-up-retired-secret")


def error(message="Something", code="request_failed", kind="invalid_request_error"):
    return {"message": message, "code": code, "type": kind, "help": "https://example.com"}


LIMIT = error("Too many requests from IP. Check headers", kind="rate_limit_error")


@pytest.fixture
def failure(gateway, canned, ref):
    def ask(status, body, headers=None, on=gateway):
        with pytest.raises((Temporary, Permanent)) as caught:
            on.ask(canned((status, body, headers or {})), ref())
        return caught.value

    return ask


@pytest.mark.parametrize(
    ("headers", "wait"),
    [({}, 60), ({"x-ratelimit-retry": "17"}, 17), ({"retry-after": "7"}, 7),
     ({"x-ratelimit-retry": "17", "retry-after": "7"}, 17), ({"x-ratelimit-retry": "soon"}, 60),
     ({"retry-after": "tomorrow"}, 60), ({"x-ratelimit-retry": "9999999"}, 86_400), ({"x-ratelimit-retry": "٣"}, 60)],
)  # fmt: skip
def test_429_slows_the_account_down(failure, headers, wait):
    problem = failure(429, LIMIT, headers)
    assert type(problem) is Throttled
    assert (problem.retry_after, problem.sent) == (wait, False)


def test_the_pause_without_a_hint_is_a_setting(failure, make_gateway):
    assert failure(429, b"<html>", on=make_gateway(throttle_seconds=5)).retry_after == 5


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, error("internal Server Error", "internal_error", "api_error")), (502, b"<html>502 Bad Gateway</html>"),
     (504, b""), (503, b"\xff\xfe"), (408, b""), (502, error("bank processing failure", "bank_failure", "api_error")),
     (400, error("try again", kind="api_error")), (200, b"<html>maintenance</html>"), (200, b'{"order_id":"R7'),
     (200, b""), (200, []), (200, {"order_id": 5}), (200, {"order_id": "R7Q2M9"}), (200, b"[" * 10_000),
     (400, b"<html>blocked</html>"), (404, b"<html>no such page</html>"), (404, b""), (400, {"message": "a proxy"}),
     (302, b""), (400, {"message": 5, "code": 7})],
)  # fmt: skip
def test_what_may_pass_is_temporary(failure, status, body):
    problem = failure(status, body)
    assert type(problem) is Temporary
    assert problem.sent


def test_retry_after_of_a_503_is_honoured(failure):
    assert failure(503, b"<html>", {"retry-after": "9"}).retry_after == 9


@pytest.mark.parametrize(
    ("status", "body"),
    [(401, error("authentication Failed", kind="authentication_error")), (401, b"<html>"), (403, error("Forbidden")),
     (400, error("x-client-id is missing in the request")), (400, error("app_id is blocked")),
     (400, error("nope", kind="authentication_error"))],
)  # fmt: skip
def test_keys_that_are_refused_pause_the_account(failure, status, body):
    assert type(failure(status, body)) is Denied


def test_a_wrong_address_is_not_an_unknown_order(failure):
    """Cashfree answers 404 to both."""
    problem = failure(404, error("bad URL, please check API documentation"))
    assert isinstance(problem, Permanent)
    assert not isinstance(problem, Denied)


@pytest.mark.parametrize(
    ("code", "field"),
    [("order_amount_invalid", "order_amount"), ("customer_details.customer_phone_missing",
      "customer_details.customer_phone"), ("order_meta.return_url_required", "order_meta.return_url"),
     ("request_failed", None)],
)  # fmt: skip
def test_any_other_refusal_is_permanent_and_names_its_field(failure, code, field):
    problem = failure(400, error("not so", code))
    assert type(problem) is Permanent
    assert problem.field == field
    assert "not so" in str(problem)


def test_the_same_key_with_another_body_is_permanent(failure):
    assert type(failure(422, error("differs", "request_invalid", "idempotency_error"))) is Permanent


@pytest.mark.parametrize("status", [400, 401, 404, 409, 429, 500])
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_that_is_echoed_is_masked(failure, status, secret):
    problem = failure(status, error("x" * 250 + f" key {secret} refused"))
    assert secret not in str(problem) + repr(problem)
    assert secret[:8] not in str(problem)
    assert len(str(problem)) <= 360


def test_no_secret_shows_in_the_gateway_or_its_settings(gateway):
    shown = repr(gateway) + repr(gateway.settings) + str(gateway.settings)
    assert not any(secret in shown for secret in SECRETS)


@pytest.mark.parametrize("part", ["payments", "refunds"])
@pytest.mark.parametrize("body", [{"data": []}, [[]], [{"refund_amount": "x"}], "x", [{"order_amount": []}]])
def test_an_answer_in_part_is_no_answer(gateway, canned, ref, order, attempt, part, body):
    answers = [(200, order())]
    answers += [(200, body)] if part == "payments" else [(200, [attempt()]), (200, body)]
    with pytest.raises(Temporary):
        gateway.ask(canned(*answers), ref())


def test_null_in_the_place_of_a_list_is_no_answer(gateway, canned, ref, order):
    with pytest.raises(Temporary):
        gateway.ask(canned((200, order(order_status="ACTIVE")), (200, None)), ref())


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("429", Throttled), ("429-wait", Throttled), ("500", Temporary), ("html-502", Temporary), ("html", Temporary),
     ("truncated", Temporary), ("dropped-before", Temporary), ("dropped-after", Temporary)],
)  # fmt: skip
@pytest.mark.parametrize("call", [0, 1, 2])
def test_each_fault_of_each_call_is_temporary(live, fault, kind, call):
    """Of a paid order: the order, its attempts, its refunds."""
    ours = live.opened()
    live.simulator.pay("R7Q2M9")
    live.simulator.faults.next(*["none"] * call, fault)
    with pytest.raises(kind) as caught:
        live.gateway.ask(live.client, ours)
    assert type(caught.value) is kind


def test_a_slow_answer_is_an_answer(live):
    ours = live.opened()
    live.simulator.faults.next("slow")
    assert live.gateway.ask(live.client, ours).found


def test_a_good_connection_is_told_with_its_environment(live):
    assert live.gateway.test(live.client) == "Cashfree knows these keys (sandbox)."


@pytest.mark.parametrize("changes", [{"client_secret": "another-made-up-secret"}, {"client_id": "TESTOTHER1"}])
def test_wrong_keys_are_denied_by_the_running_api(live, changes):
    with pytest.raises(Denied):
        live.gateway_with(**changes).test(live.client)


def test_a_wrong_address_is_not_a_good_connection(live):
    with pytest.raises(Temporary):
        live.gateway_with(api_base=f"{live.url}/elsewhere").test(live.client)
