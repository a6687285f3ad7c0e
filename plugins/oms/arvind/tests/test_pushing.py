"""What each answer to a push, a cancel or a token call means."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from kartify.plugin import Denied, Kind, Permanent, Temporary, Throttled

TAKEN = {"reference": "OM-1", "number": "K1001"}
FULL = {**TAKEN, "currency": "INR", "totals": {"grand": "1049.00"}}
LISTED = {"orders": [{**FULL, "status": "accepted"}]}


def push(arvind, canned, order, *answers, **settings):
    client = canned(*answers)
    return client, lambda: arvind(**settings).deliver(client, Kind.PUSH, order())


@pytest.mark.parametrize("answer", [(201, TAKEN), (200, FULL), (202, TAKEN), (201, {"reference": "OM-1"})])
def test_taken_with_their_id(arvind, canned, order, answer):
    _, deliver = push(arvind, canned, order, answer)
    assert deliver().id == "OM-1"


@pytest.mark.parametrize(("answer", "field"), [
    ((201, {"reference": "OM-1", "number": "K9"}), "number"),
    ((201, {**FULL, "totals": {"grand": "1048.99"}}), "total"),
    ((201, {**FULL, "currency": "USD"}), "number"),
])
def test_an_answer_about_something_else_is_for_a_person(arvind, canned, order, answer, field):
    _, deliver = push(arvind, canned, order, answer)
    with pytest.raises(Permanent) as refused:
        deliver()
    assert refused.value.field == field


@pytest.mark.parametrize("answer", [
    (500, {}), (503, b"<html>"), (408, {}), (425, {}), (200, b"<html>"), (201, b'{"ref'), (201, []), (204, b""),
    (302, b""), (201, {"number": "K1001"}), (201, {"reference": "  "}), (201, {"reference": True}),
])
def test_what_is_not_clear_is_open(arvind, canned, order, answer):
    _, deliver = push(arvind, canned, order, answer)
    with pytest.raises(Temporary) as lost:
        deliver()
    assert lost.value.sent is True


def test_an_order_that_is_taken_later_is_not_looked_for_too_early(arvind, canned, order):
    _, deliver = push(arvind, canned, order, (202, {}), supports_lookup="true", visible_after_s="120")
    with pytest.raises(Temporary) as lost:
        deliver()
    assert (lost.value.sent, lost.value.retry_after) == (True, 120)


def test_an_oms_without_ids_is_named_by_our_number(arvind, canned, order):
    _, deliver = push(arvind, canned, order, (200, {}), reference_path="")
    assert deliver().id == "demo/K1001"
    assert arvind(reference_path="").receipt == "ack"


def test_a_refusal_names_our_field_in_their_words(arvind, canned, order):
    error = {"error": {"code": "invalid", "message": "no such PIN", "fields": [{"path": "shipping_address.pincode"}]}}
    _, deliver = push(arvind, canned, order, (422, error))
    with pytest.raises(Permanent, match="no such PIN") as refused:
        deliver()
    assert refused.value.field == "shipping_address.postcode"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": "x"}', b'{"error": {"message": 7}}'])
def test_a_refusal_without_a_reason_still_says_what_to_do(arvind, canned, order, body):
    _, deliver = push(arvind, canned, order, (400, body))
    with pytest.raises(Permanent, match=r"look there|7"):
        deliver()


@pytest.mark.parametrize("status", [401, 403])
def test_keys_that_are_refused_pause_the_account(arvind, canned, order, status):
    _, deliver = push(arvind, canned, order, (status, {}))
    with pytest.raises(Denied, match="resume"):
        deliver()


def test_throttling_is_told_with_its_wait(arvind, canned, order):
    _, deliver = push(arvind, canned, order, (429, {}, {"retry-after": "7"}))
    with pytest.raises(Throttled) as slowed:
        deliver()
    assert slowed.value.retry_after == 7


def test_a_number_that_is_there_is_a_success_when_reference_and_sum_are_ours(arvind, canned, order):
    _, deliver = push(arvind, canned, order, (409, {**FULL, "duplicate": True}))
    assert deliver().id == "OM-1"


@pytest.mark.parametrize("told", [
    {**FULL, "totals": {"grand": "1.00"}}, {**FULL, "number": "K2"}, {**FULL, "status": "cancelled"},
    {**TAKEN, "duplicate": True}, {}, {"error": {"code": "conflict", "reference": "OM-1"}},
])
def test_a_number_that_is_there_and_cannot_be_compared_is_for_a_person(arvind, canned, order, told):
    _, deliver = push(arvind, canned, order, (409, told))
    with pytest.raises(Permanent):
        deliver()


@pytest.mark.parametrize(("listed", "problem"), [
    (LISTED, None), ({"orders": [{**FULL, "totals": {"grand": "1.00"}}]}, Permanent), ({"orders": []}, Temporary),
])
def test_a_number_that_is_there_is_looked_up_where_that_is_possible(arvind, canned, order, listed, problem):
    _, deliver = push(arvind, canned, order, (409, {}), (200, listed), preset="lookup")
    if problem is None:
        assert deliver().id == "OM-1"
        return
    with pytest.raises(problem):
        deliver()


def test_all_tries_of_an_order_carry_one_key_and_each_its_own_nonce(arvind, canned, order):
    client, deliver = push(arvind, canned, order, (500, {}), (500, {}))
    for _ in range(2):
        with pytest.raises(Temporary):
            deliver()
    heads = [given["headers"] for _, _, given in client.asked]
    assert {head["Idempotency-Key"] for head in heads} == {"order:demo:K1001:created"}
    assert len({head["X-Kartify-Nonce"] for head in heads}) == 2


def test_the_signature_covers_what_is_sent(arvind, canned, order):
    client, deliver = push(arvind, canned, order, (201, TAKEN), create_path="/orders?source=web&x=%20")
    deliver()
    [(method, url, given)] = client.asked
    head = given["headers"]
    assert url == "https://oms.test/api/orders?source=web&x=%20"
    text = "\n".join([
        head["X-Kartify-Timestamp"], head["X-Kartify-Nonce"], method, "/api/orders?source=web&x=%20",
        hashlib.sha256(given["body"]).hexdigest(),
    ])
    right = hmac.new(b"very-secret-hmac", text.encode(), hashlib.sha256).hexdigest()
    assert head["X-Kartify-Signature"] == f"v1={right}"
    assert json.loads(given["body"])["number"] == "K1001"


@pytest.mark.parametrize(("settings", "name", "value"), [
    ({"auth": "api_key", "api_key": "k-very-secret", "api_key_header": "X-Key"}, "X-Key", "k-very-secret"),
    ({"auth": "bearer", "bearer_token": "b-very-secret"}, "Authorization", "Bearer b-very-secret"),
    ({"auth": "basic", "basic_user": "u", "basic_password": "p-secret"}, "Authorization", "Basic dTpwLXNlY3JldA=="),
])
def test_each_proof_is_in_its_header(arvind, canned, order, settings, name, value):
    client, deliver = push(arvind, canned, order, (201, TAKEN), **settings)
    deliver()
    assert client.asked[0][2]["headers"][name] == value


OAUTH = {"auth": "oauth_client_credentials", "oauth_client_id": "me", "oauth_client_secret": "c-very-secret"}
TOKEN = (200, {"access_token": "t-very-secret", "expires_in": 3600})


def test_a_token_is_fetched_once_and_renewed_once(arvind, canned, order):
    client = canned(TOKEN, (201, TAKEN), (401, {}), TOKEN, (201, TAKEN))
    oms = arvind(**OAUTH)
    for _ in range(2):
        assert oms.deliver(client, Kind.PUSH, order()).id == "OM-1"
    assert [url.rpartition("/")[2] for _, url, _ in client.asked] == ["token", "orders", "orders", "token", "orders"]


def test_a_token_that_is_refused_twice_pauses_the_account(arvind, canned, order):
    _, deliver = push(arvind, canned, order, TOKEN, (401, {}), TOKEN, (401, {}), **OAUTH)
    with pytest.raises(Denied):
        deliver()


@pytest.mark.parametrize("answer", [
    (500, {}), (200, b"<html>"), (200, {}), (200, {"access_token": "a\nb"}), Temporary("lost", sent=True),
])
def test_without_a_token_nothing_was_sent(arvind, canned, order, answer):
    client, deliver = push(arvind, canned, order, answer, **OAUTH)
    with pytest.raises(Temporary) as problem:
        deliver()
    assert problem.value.sent is False
    assert len(client.asked) == 1


def test_a_client_that_is_refused_pauses_the_account(arvind, canned, order):
    _, deliver = push(arvind, canned, order, (401, {"error": "c-very-secret"}), **OAUTH)
    with pytest.raises(Denied) as refused:
        deliver()
    assert "very-secret" not in str(refused.value)


def test_secrets_that_they_repeat_are_not_shown(arvind, canned, order):
    told = {"error": {"message": "very-secret-hmac is wrong", "fields": [{"path": "very-secret-news"}]}}
    _, deliver = push(arvind, canned, order, (422, told))
    with pytest.raises(Permanent) as refused:
        deliver()
    assert "very-secret" not in f"{refused.value} {refused.value.field}"
    assert "*** is wrong" in str(refused.value)


# Cancel.


def cancel(arvind, canned, order, *answers, **settings):
    client = canned(*answers)
    made = {"preset": "lookup", **settings}
    return client, lambda: arvind(**made).deliver(client, Kind.CANCEL, order(oms_order_id="OM/1"))


def test_cancel_goes_by_number_or_by_their_id(arvind, canned, order):
    client, deliver = cancel(arvind, canned, order, (200, {}), cancel_path="/orders/{reference}/cancel?n={number}")
    assert deliver().id == "OM/1"
    assert client.asked[0][1] == "https://oms.test/api/orders/OM%2F1/cancel?n=K1001"


@pytest.mark.parametrize("answer", [(200, b""), (202, {"ok": True})])
def test_cancel_may_be_answered_with_nothing(arvind, canned, order, answer):
    assert cancel(arvind, canned, order, answer)[1]().id == "OM/1"


def test_cancel_too_late_is_their_word(arvind, canned, order):
    late = (409, {"error": {"message": "It has left."}})
    _, deliver = cancel(arvind, canned, order, late, (200, {"orders": [{**FULL, "status": "shipped"}]}))
    with pytest.raises(Permanent, match="It has left"):
        deliver()


def test_cancelled_already_is_done(arvind, canned, order):
    there = {"orders": [{**FULL, "reference": "OM/1", "status": "cancelled"}]}
    assert cancel(arvind, canned, order, (409, {}), (200, there))[1]().id == "OM/1"


@pytest.mark.parametrize("answer", [(500, {}), (200, b"<html>wait")])
def test_cancel_without_a_clear_answer_is_open(arvind, canned, order, answer):
    with pytest.raises(Temporary) as lost:
        cancel(arvind, canned, order, answer)[1]()
    assert lost.value.sent is True


def test_cancel_by_their_id_needs_it(arvind, canned, order):
    with pytest.raises(Permanent) as refused:
        arvind(cancel_path="/x/{reference}").deliver(canned(), Kind.CANCEL, order())
    assert refused.value.field == "oms_order_id"


# Test connection.


@pytest.mark.parametrize(("settings", "answer", "word"), [
    ({}, (404, {}), "answers"), ({"preset": "lookup"}, (200, {"orders": []}), "takes these keys"),
    ({"supports_lookup": "true"}, (404, {"error": {"code": "not_found"}}), "takes these keys"),
    ({"test_path": "/ping"}, (200, {"ok": 1}), "takes these keys"),
])
def test_the_connection_is_tested_without_harm(arvind, canned, settings, answer, word):
    client = canned(answer)
    assert word in arvind(**settings).test(client)
    assert [method for method, _, _ in client.asked] == ["GET"]


@pytest.mark.parametrize(("settings", "answer", "problem"), [
    ({}, (500, {}), Temporary), ({"supports_lookup": "true"}, (404, b"<html>"), Permanent),
    ({"preset": "lookup"}, (200, b"<html>"), Temporary), ({}, (401, {}), Denied),
])
def test_a_connection_that_does_not_work_says_so(arvind, canned, settings, answer, problem):
    with pytest.raises(problem):
        arvind(**settings).test(canned(answer))


def test_where_they_fetch_nothing_is_called(arvind, canned):
    assert "fetches" in arvind(way="pull").test(canned())
