"""Who may tell and fetch; what is told; which page is meant."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from kartify_arvind.signing import Signed, body_signature

from kartify.plugin import Acked, FeedWish, Invalid, Listed, Listing, NewsKind, NoSecret, Refused, Unreadable

from .conftest import NOW

TOLD = {
    "event_id": "E1", "number": "K1001", "reference": "OM-1", "status": "shipped",
    "occurred_at": "2025-01-02T08:34:05+05:30", "reason": {"text": "as asked"}, "shipment": {"awb": "A1"},
}


def signed(method, target, body=b"", *, secret="very-secret-news", at=NOW):
    one = Signed(method=method, target=target, body=body, timestamp=str(int(at.timestamp())), nonce="n" * 32)
    return {"X-Kartify-Timestamp": one.timestamp, "X-Kartify-Nonce": one.nonce, "X-Kartify-Signature": one.by(secret)}


def test_a_signature_over_the_path_with_or_without_the_accounts_prefix(arvind, inbound):
    for target in ("/news", "/partners/acc/news"):
        arvind().authenticate(inbound("POST", "news", b"{}", headers=signed("POST", target, b"{}")))


def test_the_query_counts_as_it_was_sent(arvind, inbound):
    sent = "updated_from=2025-01-01T00%3a00:00%2B05:30&x=a+b"
    headers = signed("GET", f"/oms/v1/orders?{sent}")
    query = [("updated_from", "2025-01-01T00:00:00+05:30"), ("x", "a b")]
    oms = arvind(way="pull")
    oms.authenticate(inbound("GET", "oms/v1/orders", headers=headers, query=query, query_string=sent))
    with pytest.raises(Refused):
        oms.authenticate(inbound("GET", "oms/v1/orders", headers=headers, query=query, query_string=f"{sent}&limit=9"))


@pytest.mark.parametrize("change", [
    {"method": "PUT"}, {"path": "new"}, {"body": b"{ }"}, {"headers": {}},
    {"headers": signed("POST", "/news", b"{}", secret="guess")},
    {"headers": signed("POST", "/news", b"{}", at=NOW - timedelta(seconds=301))},
    {"headers": signed("POST", "/news", b"{}", at=NOW + timedelta(seconds=301))},
    {"headers": {**signed("POST", "/news", b"{}"), "X-Kartify-Timestamp": "soon"}},
    {"headers": {**signed("POST", "/news", b"{}"), "X-Kartify-Nonce": "other"}},
])
def test_anything_else_than_what_was_signed_in_time_is_refused(arvind, inbound, change):
    plain = {"method": "POST", "path": "news", "body": b"{}", "headers": signed("POST", "/news", b"{}"), **change}
    with pytest.raises(Refused):
        arvind().authenticate(inbound(plain["method"], plain["path"], plain["body"], headers=plain["headers"]))


def test_the_retired_secret_counts_until_its_end(arvind, inbound):
    message = inbound("POST", "news", b"{}", headers=signed("POST", "/news", b"{}", secret="very-secret-old"))
    old = {"inbound_secret_previous": "very-secret-old"}
    arvind(**old).authenticate(message)
    arvind(**old, webhook_secret_previous_until=NOW + timedelta(hours=1)).authenticate(message)
    with pytest.raises(Refused):
        arvind(**old, webhook_secret_previous_until=NOW).authenticate(message)


def test_without_a_secret_nobody_is_heard(arvind, inbound):
    for settings in ({"inbound_secret": None}, {"inbound_auth": "api_key"}):
        with pytest.raises(NoSecret):
            arvind(**settings).authenticate(inbound("POST", "news", headers=signed("POST", "/news")))


def test_an_api_key_in_its_header(arvind, inbound):
    oms = arvind(inbound_auth="api_key", inbound_api_key="k-very-secret")
    oms.authenticate(inbound("GET", "x", headers={"X-Api-Key": "k-very-secret"}))
    for headers in ({}, {"X-Api-Key": "k"}, {"X-Api-Key": "k-very-secre\u00e9"}):
        with pytest.raises(Refused):
            oms.authenticate(inbound("GET", "x", headers=headers))


def test_a_signature_over_the_body_alone_where_it_was_agreed(arvind, inbound):
    oms = arvind(inbound_auth="hmac_body", hmac_header_prefix="X-Omuni-")
    right = body_signature("very-secret-news", b"{}")
    for given in (right, f"sha256={right}"):
        oms.authenticate(inbound("POST", "news", b"{}", headers={"X-Omuni-Signature": given}))
    with pytest.raises(Refused):
        oms.authenticate(inbound("POST", "news", b"[]", headers={"X-Omuni-Signature": right}))


# News.


def read(arvind, inbound, told, **settings):
    oms = arvind(supports_webhook="true", **settings)
    [news] = oms.read_news(oms.routes[0], inbound("POST", "news", told))
    return news


def test_news_of_the_whole_order(arvind, inbound):
    news = read(arvind, inbound, TOLD)
    assert (news.kind, news.word, news.number, news.oms_order_id, news.whole) == (
        NewsKind.SHIPPED, "shipped", "K1001", "OM-1", True)
    assert news.at == datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (news.key.partition(":")[0], news.detail) == ("E1", "as asked A1")


@pytest.mark.parametrize(("word", "kind"), [
    ("accepted", "accepted"), ("packed", "accepted"), ("OUT_FOR_DELIVERY", "shipped"), ("delivered", "delivered"),
    ("cancelled", "cancelled"), ("returned", "returned"), ("rto", "returned"), ("lost in space", "other"),
])
def test_their_words_are_ours(arvind, inbound, word, kind):
    assert read(arvind, inbound, {**TOLD, "status": word}).kind == kind


def test_news_that_names_lines_is_about_a_part(arvind, inbound):
    lines = [{"line_id": "1", "quantity": 1, "status": "shipped"}]
    assert read(arvind, inbound, {**TOLD, "items": lines}).whole is False


def test_news_in_an_accounts_own_words(arvind, inbound):
    told = {"data": {"orderNo": 1001, "state": "GONE", "when": 1735787045}, "evt": "x"}
    news = read(arvind, inbound, told, number_path="data.orderNo", status_path="data.state", statuses="GONE=shipped",
                news_at_path="data.when", times="seconds", news_event_path="evt")
    assert (news.number, news.kind) == ("1001", NewsKind.SHIPPED)
    assert news.at == datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("change", [
    {"number": None, "reference": None}, {"status": ""}, {"status": {"a": 1}}, {"number": "K\0"},
    {"occurred_at": "2025-01-02T08:34:05"}, {"occurred_at": "2025-01-02T08:34:05 05:30"}, {"occurred_at": "soon"},
])
def test_news_that_cannot_be_read_says_so(arvind, inbound, change):
    with pytest.raises(Unreadable):
        read(arvind, inbound, {**TOLD, **change})


# The feed.


def wish(arvind, inbound, **query):
    oms = arvind(way="pull")
    pairs = list(query.items())
    return oms.read_feed(oms.routes[0], inbound("GET", "oms/v1/orders", query=pairs, query_string=urlencode(pairs)))


def test_what_is_asked_for(arvind, inbound):
    since, until = "2025-01-01T00:00:00+05:30", "2025-01-31T00:00:00Z"
    assert wish(arvind, inbound) == FeedWish(limit=50)
    assert wish(arvind, inbound, cursor="c7", limit="100", status="processing") == FeedWish(cursor=7, limit=100)
    assert wish(arvind, inbound, unacknowledged="true").unacknowledged is True
    page = wish(arvind, inbound, updated_from=since, updated_to=until, cursor="p3")
    assert (page.page, page.since.isoformat(), page.until.isoformat()) == (3, since, "2025-01-31T00:00:00+00:00")
    assert wish(arvind, inbound, updated_from=since).page == 1


@pytest.mark.parametrize(("query", "field"), [
    ({"status": "missing"}, "status"), ({"limit": "0"}, "limit"), ({"limit": "101"}, "limit"),
    ({"limit": "x"}, "limit"),
    ({"cursor": "7"}, "cursor"), ({"cursor": "p7"}, "cursor"), ({"cursor": "c-1"}, "cursor"),
    ({"unacknowledged": "perhaps"}, "unacknowledged"), ({"updated_from": "2025-01-01"}, "updated_from"),
    ({"updated_from": "2025-01-01T00:00:00 05:30"}, "updated_from"), ({"updated_to": "soon"}, "updated_to"),
    ({"updated_from": "2025-01-01T00:00:00Z", "updated_to": "2025-02-02T00:00:00Z"}, "updated_to"),
    ({"updated_from": "2025-01-02T00:00:00Z", "updated_to": "2025-01-01T00:00:00Z"}, "updated_to"),
    ({"updated_from": "2025-01-01T00:00:00Z", "cursor": "c1"}, "cursor"),
    ({"updated_from": "2025-01-01T00:00:00Z", "unacknowledged": "true"}, "unacknowledged"),
])
def test_what_cannot_be_asked_for_is_named(arvind, inbound, query, field):
    with pytest.raises(Invalid) as problem:
        wish(arvind, inbound, **query)
    assert problem.value.field == field


def page(arvind, order, asked, *, more=False, **settings):
    oms = arvind(way="pull", **settings)
    listed = Listed(
        position=7, order=order(), status="processing", since=NOW, acknowledged=False, cancel_requested=True
    )
    reply = oms.write_feed(oms.routes[0], None, asked, Listing(items=[listed], cursor=7, more=more))
    return json.loads(reply.body)


def test_a_page_holds_the_bodies_of_pushes_and_how_they_stand(arvind, order):
    told = page(arvind, order, FeedWish(), more=True, field_map="number=orderNo")
    assert (told["next_cursor"], told["has_more"]) == ("c7", True)
    [one] = told["orders"]
    assert (one["orderNo"], one["totals"]["grand"]) == ("K1001", "1049.00")
    assert one["feed"] == {"position": 7, "status": "processing", "acknowledged": False, "cancel_requested": True}


def test_pages_of_a_window_count_on_while_there_are_more(arvind, order):
    assert page(arvind, order, FeedWish(page=2), more=True)["next_cursor"] == "p3"
    assert page(arvind, order, FeedWish(page=2))["next_cursor"] == "p2"


def test_an_acknowledgement_and_a_refusal(arvind, inbound):
    oms = arvind(way="pull")
    _, ack, reject = oms.routes
    [one] = oms.read_acks(ack, inbound("POST", "oms/v1/orders/K1001/ack", {"reference": "OM-1"}))
    assert (one.number, one.oms_order_id, one.refused) == ("K1001", "OM-1", None)
    [bare] = oms.read_acks(ack, inbound("POST", "oms/v1/orders/K1001/ack"))
    assert (bare.number, bare.oms_order_id) == ("K1001", None)
    told = {"code": "sku", "message": "no such SKU"}
    [no] = oms.read_acks(reject, inbound("POST", "oms/v1/orders/K1001/reject", told))
    assert (no.number, no.refused) == ("K1001", "sku: no such SKU")
    for body in (b"[]", b"{", b"\xff"):
        with pytest.raises(Unreadable):
            oms.read_acks(ack, inbound("POST", "oms/v1/orders/K1001/ack", body))


@pytest.mark.parametrize(("problem", "status"), [(None, 200), ("unknown", 404), ("conflict", 409)])
def test_what_became_of_it_is_told(arvind, problem, status):
    oms = arvind(way="pull")
    reply = oms.write_acks(oms.routes[1], None, [Acked(number="K1001", receipt="OM-1", problem=problem, text="why")])
    assert reply.status == status
