"""The token: asked for by GET as Uniware wants it, renewed in time, and a 403 that need not mean what it says."""

import logging

import pytest
from uniware_said import ABSENT, GIVEN, PASSWORD, no, order, told

from kartify.plugin import Denied, Kind, OmsCapabilities, Permanent, Presence, Temporary, Throttled


def looks(oms, client):
    return oms.find(client, Kind.PUSH, order())


def test_the_password_goes_into_the_query_encoded_and_into_no_log(account, client, simulator, caplog):
    with caplog.at_level(logging.DEBUG):
        assert looks(account(), client).presence is Presence.ABSENT
    assert simulator.calls["GET /oauth/token"] == 1
    assert "&" in simulator.settings()["password"]
    assert simulator.settings()["password"] not in caplog.text
    assert "grant_type" not in caplog.text


def test_the_token_is_kept_and_renewed_with_the_refresh_token(canned, uniware, clock):
    oms, client = uniware(), canned(*[ABSENT] * 3)
    looks(oms, client)
    looks(oms, client)
    assert len(client.log_ins) == 1
    clock.forward(seconds=41621 - 59)
    looks(oms, client)
    assert [one["grant_type"] for one in client.log_ins] == ["password", "refresh_token"]
    assert client.log_ins[1]["refresh_token"] == "refresh-1"
    assert client.log_ins[0] == {
        "grant_type": "password", "client_id": "my-trusted-client", "username": GIVEN["username"], "password": PASSWORD,
    }
    assert [asked[2]["headers"]["authorization"] for asked in client.asked] == [
        "bearer token-1", "bearer token-1", "bearer token-2",
    ]


def test_a_refresh_token_that_ended_means_the_password_again(canned, uniware, clock):
    fine = {"access_token": "t", "refresh_token": "r", "expires_in": 600}
    ended = (400, {"error": "invalid_grant"})
    oms, client = uniware(), canned(ABSENT, ABSENT, logins=[(200, fine), ended, (200, fine)])
    looks(oms, client)
    clock.forward(seconds=600)
    looks(oms, client)
    assert [one["grant_type"] for one in client.log_ins] == ["password", "refresh_token", "password"]


@pytest.mark.parametrize("refused", [(401, {"error": "invalid_token"}), no((100209, "INVALID_TOKEN", "", ""))])
def test_a_refused_token_is_replaced_by_the_password_and_the_call_made_again(canned, uniware, refused):
    client = canned(refused, told())
    assert looks(uniware(), client).presence is Presence.DONE
    assert [one["grant_type"] for one in client.log_ins] == ["password", "password"]


def test_fresh_tokens_that_are_refused_pause_the_account(canned, uniware):
    with pytest.raises(Denied, match="fresh token"):
        looks(uniware(), canned(*[(401, {})] * 3))


@pytest.mark.parametrize(("answer", "kind", "sentence"), [
    ((400, {"error": "invalid_grant"}), Denied, "refuses user or password"), ((401, {}), Denied, "set them anew"),
    ((403, b"Access Denied"), Throttled, "not on its list"), ((429, {}), Throttled, "fewer calls"),
    ((404, b"<html>"), Permanent, "tenant's address"), ((500, {}), Temporary, "log-in"),
    ((200, b"<html>"), Temporary, "log-in"), ((200, {}), Temporary, "without a token"),
    ((200, {"access_token": "a\nb"}), Temporary, "without a token"), ((200, []), Temporary, "without a token"),
])
def test_log_ins_that_fail_are_told_apart_and_nothing_was_sent(canned, uniware, answer, kind, sentence):
    client = canned(logins=[answer])
    with pytest.raises(kind, match=sentence) as failed:
        looks(uniware(), client)
    assert client.asked == []
    assert getattr(failed.value, "sent", False) is False


def test_a_lost_log_in_is_not_a_lost_order(canned, uniware):
    class Lost:
        def request(self, *_, **__):
            raise Temporary("no whole answer in time", sent=True)

    with pytest.raises(Temporary) as lost:
        uniware().deliver(Lost(), Kind.PUSH, order())
    assert lost.value.sent is False


@pytest.mark.parametrize("lifetime", [None, True, 0, -5, "long", 10**9])
def test_an_untold_lifetime_is_a_short_one(canned, uniware, clock, lifetime):
    fine = (200, {"access_token": "t", "expires_in": lifetime})
    oms, client = uniware(), canned(ABSENT, ABSENT, ABSENT, logins=[fine, fine])
    looks(oms, client)
    clock.forward(seconds=500)
    looks(oms, client)
    assert len(client.log_ins) == 1
    clock.forward(seconds=100)
    looks(oms, client)
    assert len(client.log_ins) == 2


def test_403_slows_down_first_and_only_pauses_the_account_when_it_stays(canned, uniware):
    oms, client = uniware(), canned(*[(403, b"<html>Access Denied</html>")] * 6)
    for _ in range(5):
        with pytest.raises(Throttled) as slowed:
            looks(oms, client)
        assert slowed.value.retry_after == 10
    with pytest.raises(Denied, match="6 calls in a row"):
        looks(oms, client)
    assert len(client.log_ins) == 2, "the token is given up before the account is"


def test_any_other_answer_ends_the_row_of_403(canned, uniware):
    oms = uniware()
    client = canned(*[(403, b"")] * 5, told(), *[(403, b"")] * 5)
    for _ in range(5):
        with pytest.raises(Throttled):
            looks(oms, client)
    assert looks(oms, client).presence is Presence.DONE
    for _ in range(5):
        with pytest.raises(Throttled):
            looks(oms, client)


def test_429_does_not_end_it(canned, uniware):
    oms = uniware()
    client = canned(*[(403, b"")] * 3, (429, {}), *[(403, b"")] * 3)
    for _ in range(6):
        with pytest.raises(Throttled):
            looks(oms, client)
    with pytest.raises(Denied):
        looks(oms, client)


def test_403_from_the_stand_in_makes_no_order_and_then_goes_on(account, client, simulator):
    oms = account()
    simulator.forbid = 1
    with pytest.raises(Throttled):
        oms.deliver(client, Kind.PUSH, order())
    assert oms.deliver(client, Kind.PUSH, order()).id == "K1001"


@pytest.mark.parametrize("status", [404, 422])
def test_other_refusals_say_what_uniware_said(canned, uniware, status):
    with pytest.raises(Permanent, match="no such page"):
        looks(uniware(), canned((status, {"message": "no such page"})))


def test_an_account_without_user_says_so_and_calls_nobody(uniware):
    oms = uniware(way="pull", username="", password=None)
    with pytest.raises(Denied, match="no user and password"):
        looks(oms, None)
    assert oms.can == OmsCapabilities()
    assert "logs in here" in oms.test(None)


def test_the_connection_test_asks_for_one_order_of_the_channel(canned, uniware):
    client = canned(reply_of(elements=[]))
    assert uniware().test(client) == "Uniware answers for the channel KARTIFY."
    assert client.asked[0][2]["json"]["channel"] == "KARTIFY"
    with pytest.raises(Permanent, match="refuses the search"):
        uniware().test(canned((200, {"successful": False, "message": "no"})))


def reply_of(**more):
    return 200, {"successful": True, **more}


