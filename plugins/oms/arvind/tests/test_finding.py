"""A look-up: absent only by their clear word, ours only after comparing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kartify.plugin import Denied, Kind, Known, NewsKind, Presence, Temporary

from .conftest import NOW

ONE = {"reference": "OM-1", "number": "K1001", "status": "accepted", "currency": "INR", "totals": {"grand": "1049.00"}}


def find(arvind, canned, order, answer, *, kind=Kind.PUSH, **settings):
    return arvind(**{"supports_lookup": "true", **settings}).find(canned(answer), kind, order())


@pytest.mark.parametrize(("answer", "presence"), [
    ((200, ONE), Presence.DONE),
    ((404, {"error": {"code": "not_found"}}), Presence.ABSENT),
    ((404, {"error": {"code": "no_route"}}), Presence.UNTOLD),
    ((404, b"<html>"), Presence.UNTOLD),
    ((404, b""), Presence.UNTOLD),
    ((200, {**ONE, "number": "K10019"}), Presence.DEAD),
    ((200, {**ONE, "totals": {"grand": "1049.01"}}), Presence.DEAD),
    ((200, {**ONE, "totals": {}}), Presence.DEAD),
    ((200, {**ONE, "currency": "USD"}), Presence.DEAD),
    ((200, {**ONE, "reference": ""}), Presence.DEAD),
    ((200, {**ONE, "status": "cancelled"}), Presence.DEAD),
    ((200, {**ONE, "status": "Shipped"}), Presence.DONE),
    ((200, {}), Presence.DEAD),
])
def test_by_number(arvind, canned, order, answer, presence):
    assert find(arvind, canned, order, answer).presence is presence


@pytest.mark.parametrize(("orders", "presence"), [
    ([ONE], Presence.DONE), ([], Presence.ABSENT), ([ONE, {**ONE, "reference": "OM-2"}], Presence.DEAD),
    ([{**ONE, "status": "cancelled"}, {**ONE, "reference": "OM-2"}], Presence.DONE),
    ([ONE, {**ONE, "number": "K10019"}], Presence.DONE),
    ([{**ONE, "number": "K10019"}], Presence.UNTOLD),
])
def test_by_search(arvind, canned, order, orders, presence):
    assert find(arvind, canned, order, (200, {"orders": orders}), lookup_by="search").presence is presence


def test_a_search_may_answer_with_the_bare_list(arvind, canned, order):
    assert find(arvind, canned, order, (200, [ONE]), lookup_by="search", list_path="").presence is Presence.DONE


@pytest.mark.parametrize("answer", [(500, {}), (200, b"<html>"), (200, {"orders": "x"}), (200, {})])
def test_a_search_without_a_clear_answer_tells_nothing(arvind, canned, order, answer):
    with pytest.raises(Temporary):
        find(arvind, canned, order, answer, lookup_by="search")


def test_a_lookup_with_refused_keys_says_so(arvind, canned, order):
    with pytest.raises(Denied):
        find(arvind, canned, order, (403, {}))


def test_a_blank_word_takes_any_404_in_json(arvind, canned, order):
    assert find(arvind, canned, order, (404, {}), absent_code="").presence is Presence.ABSENT


def test_a_sum_that_is_never_told_is_compared_only_where_wanted(arvind, canned, order):
    told = {**ONE, "totals": None}
    assert find(arvind, canned, order, (200, told), compare_amount="false").presence is Presence.DONE


@pytest.mark.parametrize(("status", "presence"), [
    ("cancelled", Presence.DONE), ("accepted", Presence.ABSENT), ("packed", Presence.ABSENT),
    ("shipped", Presence.DEAD), ("delivered", Presence.DEAD), ("returned", Presence.DEAD),
])
def test_before_a_cancel_is_repeated(arvind, canned, order, status, presence):
    assert find(arvind, canned, order, (200, {**ONE, "status": status}), kind=Kind.CANCEL).presence is presence


# Asking for news.


def known(number="K1001", *, age=timedelta(hours=1), oms_order_id="OM-1"):
    return Known(number=number, oms_order_id=oms_order_id, status="processing", since=NOW - age)


def polled(arvind, canned, answer, one, since=None):
    client = canned(*[answer] * 5)
    return list(arvind(supports_lookup="true").poll(client, [one], since)), len(client.asked)


def test_news_is_what_the_lookup_shows(arvind, canned):
    [one], _ = polled(arvind, canned, (200, {**ONE, "status": "rto"}), known())
    assert (one.kind, one.word, one.number, one.oms_order_id) == (NewsKind.RETURNED, "rto", "K1001", "OM-1")


@pytest.mark.parametrize("answer", [
    (404, {"error": {"code": "not_found"}}), (404, b""), (200, {**ONE, "status": "thinking"}),
    (200, {**ONE, "number": "K2"}), (200, {**ONE, "reference": "OM-2"}), (200, {}),
])
def test_no_news_of_another_order_or_in_an_unknown_word(arvind, canned, answer):
    assert polled(arvind, canned, answer, known())[0] == []


def test_orders_that_have_waited_long_are_asked_for_less_often(arvind, canned):
    since = NOW - timedelta(minutes=15)
    assert polled(arvind, canned, (200, ONE), known(age=timedelta(hours=3)), since)[1] == 1
    often = [polled(arvind, canned, (200, ONE), known(age=timedelta(days=20, minutes=15 * n)), since)[1]
             for n in range(400)]
    assert 1 <= sum(often) <= 4
