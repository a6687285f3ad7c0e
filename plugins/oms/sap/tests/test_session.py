"""CSRF tokens, their cookies, and who may renew."""

import threading
import time
from datetime import UTC, datetime

import pytest
from kartify_sap.session import Session, Sessions

from kartify.plugin import Denied, HttpAnswer, Kind, Temporary

NOW = datetime(2026, 11, 23, tzinfo=UTC)
TODAY = "Wed, 01 Jan 2031 00:00:00 GMT"
REQUIRED = (403, b"CSRF token validation failed", {"x-csrf-token": "Required"})
MADE = (201, {"d": {"SalesOrder": "1001", "PurchaseOrderByCustomer": "K1001"}})


def kept(header):
    session = Session()
    session.keep({"set-cookie": header}, NOW)
    return session.cookies().get("cookie", "")


def test_joined_cookies_are_told_apart_though_dates_have_commas():
    header = f"sap-usercontext=sap-client=100; path=/, SAP_SESSIONID_X_100=a%3d; expires={TODAY}; HttpOnly, c=d"
    assert kept(header) == "sap-usercontext=sap-client=100; SAP_SESSIONID_X_100=a%3d; c=d"


@pytest.mark.parametrize("attribute", ["Max-Age=0", "expires=Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_cookie_that_is_over_is_forgotten(attribute):
    session = Session()
    session.keep({"set-cookie": "a=1, b=2"}, NOW)
    session.keep({"set-cookie": f"a=; {attribute}; path=/"}, NOW)
    assert session.cookies() == {"cookie": "b=2"}


@pytest.mark.parametrize("header", ["", "nonsense", "=x", "a=ü"])
def test_what_is_no_cookie_is_left_alone(header):
    assert kept(header) == ""


def test_a_change_carries_the_token_and_the_cookies_that_came_with_it(sap, plugin, order):
    client = sap.canned(MADE)
    plugin(look_first=False).deliver(client, Kind.PUSH, order())
    [(method, url, given)] = client.asked
    assert (method, url) == ("POST", "https://my300000-api.example/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder")
    assert given["headers"]["x-csrf-token"] == "token-1"
    assert given["headers"]["cookie"] == "SAP_SESSIONID_X_100=abc"


def test_a_token_is_used_again_until_sap_wants_another(sap, plugin, order):
    client = sap.canned(MADE, MADE, REQUIRED, MADE)
    oms = plugin()
    for _ in range(3):
        oms.deliver(client, Kind.PUSH, order())
    assert client.log_ons == 2
    assert [given["headers"]["x-csrf-token"] for _, _, given in client.asked] == [
        "token-1", "token-1", "token-1", "token-2",
    ]


def test_a_token_that_is_never_taken_is_no_endless_round(sap, plugin, order):
    client = sap.canned(REQUIRED, REQUIRED)
    with pytest.raises(Temporary, match="cookies") as lost:
        plugin().deliver(client, Kind.PUSH, order())
    assert lost.value.sent is False


def test_a_403_without_the_mark_is_a_matter_of_rights_and_is_not_repeated(sap, plugin, order):
    client = sap.canned((403, sap.refusal({"message": "No authorization", "code": "C1"})))
    with pytest.raises(Denied, match="SAP_COM_0109"):
        plugin().deliver(client, Kind.PUSH, order())
    assert len(client.asked) == 1


def test_without_csrf_nothing_is_fetched(sap, plugin, order):
    client = sap.canned(MADE)
    plugin(csrf="off").deliver(client, Kind.PUSH, order())
    assert client.log_ons == 0
    assert "x-csrf-token" not in client.asked[0][2]["headers"]


def test_a_token_call_that_is_lost_has_surely_sent_no_order(plugin, order):
    class Lost:
        def request(self, method, url, **given):
            raise Temporary("no whole answer in time")

    with pytest.raises(Temporary, match="before anything was sent") as lost:
        plugin().deliver(Lost(), Kind.PUSH, order())
    assert lost.value.sent is False


def test_a_wrong_path_of_the_service_pauses_the_account_and_not_each_order(plugin, order):
    class Nowhere:
        def request(self, method, url, **given):
            return HttpAnswer(status=404, headers={}, body=b"<html>")

    with pytest.raises(Denied, match="service_path"):
        plugin().deliver(Nowhere(), Kind.PUSH, order())


def test_one_token_is_fetched_at_a_time():
    sessions, inside, most = Sessions(), [], []

    def fetch():
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.02)
        inside.pop()
        return HttpAnswer(status=200, headers={"x-csrf-token": "t"}, body=b"")

    def go():
        with sessions.borrow() as session:
            sessions.renew(session, fetch)

    threads = [threading.Thread(target=go) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert most == [1] * 6


def test_no_two_callers_have_one_session():
    sessions = Sessions()
    with sessions.borrow() as one, sessions.borrow() as two:
        assert one is not two
    with sessions.borrow() as again:
        assert again in (one, two)


def test_four_workers_at_once_each_keep_their_own_session(account, simulator, client, order):
    oms = account()
    errors = []

    def go(name):
        try:
            for number in range(5):
                oms.deliver(client, Kind.PUSH, order(f"K{name}-{number}"))
        except Exception as problem:
            errors.append(problem)

    threads = [threading.Thread(target=go, args=(name,)) for name in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert errors == []
    assert len(simulator.book.orders) == 20
    assert len(simulator.tokens) <= 4


def test_an_access_token_is_renewed_once_it_is_refused(account, simulator, client, order):
    from kartify_sap.simulator.stand_in import CLIENT, SECRET

    oms = account(auth="oauth", token_url=f"{simulator.options.base_url}/oauth/token", client_id=CLIENT,
                  client_secret=SECRET, username="", password=None)
    oms.deliver(client, Kind.PUSH, order("K1"))
    simulator.expire()
    oms.deliver(client, Kind.PUSH, order("K2"))
    assert simulator.calls["POST /oauth/token"] == 2
    assert [one.number for one in simulator.book.orders] == ["K1", "K2"]


def test_a_refused_oauth_client_pauses_the_account(account, simulator, client, order):
    oms = account(auth="oauth", token_url=f"{simulator.options.base_url}/oauth/token", client_id="x",
                  client_secret="guess-of-tests")
    with pytest.raises(Denied, match="token_url, client_id and client_secret") as refused:
        oms.deliver(client, Kind.PUSH, order())
    assert "guess-of-tests" not in str(refused.value)
