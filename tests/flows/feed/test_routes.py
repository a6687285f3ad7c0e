"""Routes of a plugin's own: a login, the feed by cursor and by window, acknowledgements and refusals."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from kartify import clock
from kartify.domain.delivery import Kind, State
from kartify.domain.errors import Invalid, NotFound, Refused
from kartify.domain.status import Actor, Status
from kartify.flows.delivering import deliver
from kartify.flows.partners import partner_call
from kartify.flows.ticking import tick
from kartify.plugin import Inbound


@pytest.fixture
def account(desk):
    return desk.open(way="feed", receipt="ack")


def call(desk, method, path, body=None, *, word="word", **query):
    message = Inbound(
        method=method, path=f"/partners/{desk.account}/{path}", headers={"x-word": word},
        query=[(name, str(value)) for name, value in query.items()], body=json.dumps(body or {}).encode(),
    )
    return partner_call.answer(desk.house, desk.account, message, path)


def listed(desk, **query):
    return json.loads(call(desk, "GET", "orders", **query).body)


def test_a_login_answers_itself_and_knows_the_time_and_stores_nothing(desk, account, rows):
    assert call(desk, "GET", "token").body == b"token of 2026-11-23"
    assert rows("inbox") == []


def test_whoever_does_not_know_the_word_gets_no_page_and_no_acknowledgement(desk, account, rows):
    desk.order("K1")
    for method, path in (("GET", "orders"), ("POST", "orders/K1"), ("GET", "token")):
        with pytest.raises(Refused):
            call(desk, method, path, word="guess")
    assert rows("refusals")[0]["count"] == 3
    assert desk.row(rows("orders")[0]["id"], Kind.FEED)["state"] == State.DUE


def test_a_page_by_cursor_in_the_partners_own_form(desk, account):
    for number in ("K1", "K2", "K3"):
        desk.order(number)
    first = listed(desk)
    assert ([one[0] for one in first["rows"]], first["more"]) == (["K1", "K2"], True)
    assert [one[0] for one in listed(desk, cursor=first["cursor"])["rows"]] == ["K3"]


def test_the_partner_acknowledges_or_refuses_by_its_route(desk, account, rows):
    good, bad = desk.order("K1"), desk.order("K2")
    listed(desk)
    assert call(desk, "POST", "orders/K1", {"id": "P-7"}).body == b"P-7"
    assert call(desk, "POST", "orders/K2", {"refused": "unknown SKU"}).status == 200
    assert call(desk, "POST", "orders/K1", {"id": "P-8"}).status == 409
    assert call(desk, "POST", "orders/K9", {"id": "P-9"}).status == 409
    assert (desk.row(good, Kind.FEED)["state"], desk.row(bad, Kind.FEED)["state"]) == (State.DONE, State.SENT_UNKNOWN)
    [case] = rows("cases")
    assert (case["type"], "unknown SKU" in case["reason"]) == ("oms_refused", True)
    assert rows("orders", number="K2")[0]["status"] == "processing"


@pytest.mark.parametrize("query", [{"limit": 501}, {"limit": 0}, {"page": 0}, {"page": 1, "limit": 600}])
def test_a_wish_that_cannot_be_is_refused_by_name(desk, account, query):
    with pytest.raises(Invalid):
        listed(desk, **query)


def test_an_address_that_is_not_declared_is_not_found(desk, account):
    for method, path in (("POST", "orders"), ("GET", "orders/K1"), ("POST", "orders/K1/more"), ("POST", "orders/")):
        with pytest.raises(NotFound):
            call(desk, method, path)


def test_a_window_is_read_page_by_page_and_again_and_tells_how_each_order_stands(desk):
    desk.open(way="feed", receipt="served")
    ids = [desk.order(f"K{number}") for number in range(5)]
    pages = [listed(desk, page=page) for page in (1, 2, 3)]
    assert [[one[0] for one in page["rows"]] for page in pages] == [["K0", "K1"], ["K2", "K3"], ["K4"]]
    row = desk.row(ids[3], Kind.FEED)
    assert (row["state"], row["receipt_kind"]) == (State.DONE, "served")
    assert row["receipt"].startswith("served 4, page 2, 2026-11-23T")
    desk.move(ids[0], Status.SHIPPED, Actor.OMS)
    assert listed(desk, page=1)["rows"] == [["K0", "shipped", True], ["K1", "processing", True]]


def test_a_window_leaves_out_what_is_older_and_what_is_missing(desk):
    desk.open(way="feed", receipt="served")
    desk.order("K1")
    desk.later(days=20)
    desk.order("K2")
    desk.shop.order("K3")
    since = (clock.now() - timedelta(days=15)).isoformat()
    assert [one[0] for one in listed(desk, page=1, limit=50, since=since)["rows"]] == ["K2"]


def test_what_is_not_acknowledged_in_half_an_hour_is_one_exception_that_its_receipt_closes(desk, account, rows):
    desk.order("K1")
    desk.order("K2")
    tick.inline(desk.house)
    listed(desk, limit=1)
    desk.later(minutes=29)
    tick.inline(desk.house)
    assert rows("cases") == []
    desk.later(minutes=2)
    tick.inline(desk.house)
    deliver.deliver_due(desk.house, desk.account, worker="w")
    cases = sorted(rows("cases"), key=lambda case: case["reason"])
    assert [(case["type"], case["money_held"]) for case in cases] == [("unacknowledged", 0)] * 2
    assert "not fetched" in cases[0]["reason"]
    assert "not acknowledged" in cases[1]["reason"]
    call(desk, "POST", "orders/K1", {"id": "P-1"})
    assert [case["closed_at"] is None for case in cases[:1]] == [True]
    assert len([case for case in rows("cases") if case["closed_at"] is None]) == 1
