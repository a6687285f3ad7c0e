"""Tokens: one for many calls, renewed in time, by one thread at a time, and again when PhonePe refuses one early."""

import threading

import pytest
from kartify_phonepe.tokens import RENEW_BEFORE, REST, Token, TokenBook

from kartify.plugin import Denied, Temporary


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


class Source:
    """Gives token after token, or raises what it is told; ``gate`` holds it until somebody opens it."""

    def __init__(self, seconds=3600.0):
        self.count, self.seconds, self.problem = 0, seconds, None
        self.begun, self.gate = threading.Event(), threading.Event()
        self.gate.set()

    def __call__(self):
        self.count += 1
        self.begun.set()
        assert self.gate.wait(5)
        if self.problem:
            raise self.problem
        return Token(text=f"T{self.count}", seconds=self.seconds)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def book(clock):
    return TokenBook(clock)


def test_one_token_serves_many_calls_and_is_renewed_before_it_ends(book, clock):
    source = Source()
    assert {book.get(source) for _ in range(5)} == {"T1"}
    clock.now += 3600 - RENEW_BEFORE - 1
    assert book.get(source) == "T1"
    clock.now += 2
    assert book.get(source) == "T2"
    assert source.count == 2


def test_a_short_token_is_renewed_at_half_its_life(book, clock):
    source = Source(seconds=60)
    book.get(source)
    clock.now += 29
    assert book.get(source) == "T1"
    clock.now += 2
    assert book.get(source) == "T2"


def test_a_renewal_that_fails_costs_nothing_while_the_old_token_is_good(book, clock):
    source = Source()
    book.get(source)
    clock.now += 3600 - RENEW_BEFORE
    source.problem = Temporary("down")
    assert [book.get(source) for _ in range(3)] == ["T1"] * 3
    assert source.count == 2
    clock.now += REST
    source.problem = None
    assert book.get(source) == "T3"


def test_a_token_that_ended_is_never_used_again(book, clock):
    source = Source()
    book.get(source)
    clock.now += 3600
    source.problem = Temporary("down")
    with pytest.raises(Temporary):
        book.get(source)


def test_a_refused_token_is_replaced_once_for_all_who_held_it(book):
    source = Source()
    assert book.get(source) == "T1"
    assert book.replace("T1", source) == "T2"
    assert book.replace("T1", source) == "T2"
    assert source.count == 2


def test_a_refused_token_is_not_used_again_while_there_is_no_other(book):
    source = Source()
    book.get(source)
    source.problem = Temporary("down")
    for call in (lambda: book.replace("T1", source), lambda: book.get(source)):
        with pytest.raises(Temporary):
            call()


def _together(count, work):
    found = []
    threads = [threading.Thread(target=lambda: found.append(work())) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads, found


def _waiting(threads):
    """Gives the threads time to reach the lock: what they find there is the same if one comes late."""
    for thread in threads:
        thread.join(0.02)


def test_many_threads_without_a_token_fetch_one(book):
    source = Source()
    source.gate.clear()
    threads, found = _together(8, lambda: book.get(source))
    assert source.begun.wait(5)
    _waiting(threads)
    source.gate.set()
    for thread in threads:
        thread.join(5)
    assert (found, source.count) == (["T1"] * 8, 1)


def test_those_who_waited_for_a_failure_share_it_and_the_next_call_tries_anew(book):
    source = Source()
    source.gate.clear()
    source.problem = Temporary("the token service is down", retry_after=7)

    def work():
        try:
            return book.get(source)
        except Temporary as problem:
            return (str(problem), problem.retry_after)

    threads, found = _together(6, work)
    assert source.begun.wait(5)
    _waiting(threads)
    source.gate.set()
    for thread in threads:
        thread.join(5)
    assert set(found) == {("the token service is down", 7)}
    assert source.count == 1
    source.problem = None
    assert book.get(source) == "T2"


def test_while_one_thread_renews_the_others_go_on_with_the_old_token(book, clock):
    source = Source()
    book.get(source)
    clock.now += 3600 - RENEW_BEFORE
    source.begun.clear()
    source.gate.clear()
    threads, found = _together(1, lambda: book.get(source))
    assert source.begun.wait(5)
    assert book.get(source) == "T1"
    source.gate.set()
    threads[0].join(5)
    assert (found, book.get(source), source.count) == (["T2"], "T2", 2)


def test_a_token_shows_in_no_repr():
    assert "secret-text" not in repr(Token(text="secret-text", seconds=1))


# Against the simulator.


def test_a_hundred_questions_cost_one_token(live):
    ours = live.opened()
    for _ in range(100):
        live.gateway.ask(live.client, ours)
    assert live.simulator.calls["POST /apis/pg-sandbox/v1/oauth/token"] == 1


def test_threads_share_one_token(live):
    live.simulator.faults.next("slow")
    threads, found = _together(6, lambda: live.gateway.test(live.client))
    for thread in threads:
        thread.join(10)
    assert len(found) == 6
    assert live.simulator.calls["POST /apis/pg-sandbox/v1/oauth/token"] == 1


def test_a_token_taken_back_early_is_renewed_and_the_call_repeated_once(live):
    ours = live.opened()
    live.simulator.calls.clear()
    live.simulator.revoke_tokens()
    assert live.gateway.ask(live.client, ours).found
    assert live.simulator.calls == {
        "POST /apis/pg-sandbox/v1/oauth/token": 1, "GET /apis/pg-sandbox/checkout/v2/order/<order_id>/status": 2,
    }


def test_a_call_that_is_refused_with_a_fresh_token_too_is_denied(gateway, canned, ref):
    refused = (401, {"code": "AUTHORIZATION_FAILED", "message": "Unauthorized made-up-token"})
    client = canned(refused, refused)
    with pytest.raises(Denied) as caught:
        gateway.ask(client, ref())
    assert (len(client.asked), len(client.tokens)) == (2, 2)
    assert "made-up-token" not in str(caught.value)


def test_the_token_is_asked_for_at_the_place_of_the_environment(make_gateway, canned, ref, order):
    places = {
        "test": "https://api-preprod.phonepe.com/apis/pg-sandbox/v1/oauth/token",
        "live": "https://api.phonepe.com/apis/identity-manager/v1/oauth/token",
    }
    for environment, place in places.items():
        client = canned((200, order()))
        make_gateway(environment=environment).ask(client, ref())
        [(url, given)] = client.tokens
        assert url == place
        assert given["form"] == {
            "client_id": "KARTIFYUAT_2606", "client_version": "1", "client_secret": "made-up-client-secret",
            "grant_type": "client_credentials",
        }
        [(_, _, asked)] = client.asked
        assert asked["headers"]["authorization"] == "O-Bearer made-up-token"


@pytest.mark.parametrize("fault", ["500", "html", "html-502", "truncated", "dropped-before", "dropped-after", "429"])
def test_a_token_service_in_trouble_means_that_nothing_was_sent(live, wish, fault):
    live.simulator.faults.next(fault)
    with pytest.raises(Temporary) as caught:
        live.gateway.open(live.client, wish())
    assert not caught.value.sent
    assert live.simulator.book.sessions == {}


def test_wrong_credentials_are_denied_in_words_and_without_the_secret(live, wish):
    wrong = {**live.simulator.settings(), "client_secret": "another-made-up-secret"}
    gateway = type(live.gateway)(live.gateway.Settings(**wrong))
    with pytest.raises(Denied, match="client id, version and secret") as caught:
        gateway.open(live.client, wish())
    assert "another-made-up-secret" not in str(caught.value)


def test_a_token_that_ends_during_the_day_is_renewed_on_the_way(live):
    live.simulator.tokens.seconds = 0
    ours = live.opened()
    live.simulator.tokens.seconds = 3600
    assert live.gateway.ask(live.client, ours).found
