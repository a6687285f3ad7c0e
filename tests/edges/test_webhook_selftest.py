"""*Test webhook*: a real message over a real proxy, and what became of it told in the right words."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from accounts_of import settings_of
from crooked import Way, compact, drop, latin, like_javascript, percent_blanks, proxy
from doors import close, make_app
from fakes import Bank, PlainPlugin

from kartify.domain.errors import Conflict, NoSecret, Permanent
from kartify.flows.people import stores
from kartify.flows.receiving import altered, selftest, selftest_rows
from kartify.house import House
from kartify.plugin import Inbound
from kartify.testing.builder import Shop, make_house, make_shop, new_sqlite
from kartify.testing.serve import serving

GATEWAYS = ("cashfree", "ccavenue", "juspay", "paytm", "payu", "phonepe", "razorpay", "sandbox", "stripe")
SIGNED = ("cashfree", "razorpay", "sandbox", "stripe")


@dataclass
class Road:
    house: House
    shop: Shop
    way: Way

    def account(self, slug: str = "sandbox") -> UUID:
        return self.shop.account(slug, settings_of(slug))


@pytest.fixture
def road(tmp_path: Path, bank: Bank) -> Iterator[Road]:
    """A kartify behind a proxy that is its public address."""
    yield from _road(new_sqlite(tmp_path / "kartify.db"), bank)


@pytest.fixture
def either(database_url: str, bank: Bank) -> Iterator[Road]:
    """The same on each database: for what is read from it."""
    yield from _road(database_url, bank)


def _road(url: str, bank: Bank) -> Iterator[Road]:
    with proxy() as (address, way):
        house = make_house(url, plugins=[PlainPlugin(bank)], tables=False, public_url=address)
        app = make_app(house)
        with serving(app) as target:
            way.target = target
            yield Road(house, make_shop(house), way)
        close(app)
        house.database.engine.dispose()


@pytest.mark.parametrize("slug", GATEWAYS)
def test_sc_12_a_good_way_is_fine_and_the_message_settles_nothing(road, slug):
    account = road.account(slug)
    found = selftest.run(road.house, account)
    assert (found.word, found.status) == ("fine", 200)
    [row] = _rows(road.house, "inbox")
    assert (row["state"], row["reason"], row["account_id"]) == ("ignored", "webhook self-test", account)
    assert [_rows(road.house, name) for name in ("charges", "reports", "settlements", "cases", "refusals")] == [[]] * 5


def test_fine_and_changed_and_headless_are_told_on_both_databases(either):
    account = either.account("razorpay")
    assert selftest.run(either.house, account).word == "fine"
    either.way.body = compact
    assert selftest.run(either.house, account).word == "body changed"
    either.way.body = bytes
    either.way.headers = drop("x-razorpay-signature")
    assert selftest.run(either.house, account).word == "header missing"


@pytest.mark.parametrize("slug", SIGNED)
def test_sc_12_a_body_written_anew_is_refused_and_told(road, slug):
    road.way.body = like_javascript
    found = selftest.run(road.house, road.account(slug))
    assert (found.word, found.good) == ("body changed", False)
    assert "written anew, without blanks" in found.text


@pytest.mark.parametrize(("change", "words"), [
    (compact, "written anew, without blanks"), (latin, "charset was changed to latin-1"),
    (lambda body: body + b"\n", "added at its end"),
    (lambda body: b"", "thrown away"), (lambda body: body[:40], "bytes were sent and 40 arrived"),
])
def test_a_changed_body_is_told_with_what_was_done_to_it(road, change, words):
    road.way.body = change
    found = selftest.run(road.house, road.account())
    assert found.word == "body changed"
    assert words in found.text


@pytest.mark.parametrize("slug", ["juspay", "phonepe"])
def test_a_changed_body_is_told_where_the_proof_does_not_cover_it(road, slug):
    road.way.body = compact
    found = selftest.run(road.house, road.account(slug))
    assert found.word == "body changed"
    assert "taken all the same" in found.text


@pytest.mark.parametrize("slug", ["paytm", "payu", "ccavenue"])
def test_a_form_that_was_written_anew_is_told(road, slug):
    road.way.body = percent_blanks if slug != "ccavenue" else lambda body: body.replace(b"nonce=", b"extra=1&nonce=")
    found = selftest.run(road.house, road.account(slug))
    assert found.word == "body changed"
    if slug != "ccavenue":
        assert "blanks as %20" in found.text


@pytest.mark.parametrize(("slug", "header"), [
    ("razorpay", "x-razorpay-signature"), ("stripe", "stripe-signature"), ("sandbox", "sandbox-signature"),
    ("cashfree", "x-webhook-signature"), ("juspay", "authorization"), ("phonepe", "authorization"),
])
def test_a_dropped_header_is_named(road, slug, header):
    road.way.headers = drop(header)
    found = selftest.run(road.house, road.account(slug))
    assert (found.word, found.status) == ("header missing", 401)
    assert header in found.text


def test_a_mark_that_is_dropped_does_not_hide_the_message(road):
    road.way.headers = drop(selftest_rows.MARK)
    assert selftest.run(road.house, road.account()).word == "fine"


def test_a_spoilt_proof_is_a_wrong_secret_with_the_body_unchanged(road):
    road.way.headers = lambda headers: {
        name: "f" * 64 if name.lower() == "x-razorpay-signature" else value for name, value in headers.items()
    }
    found = selftest.run(road.house, road.account("razorpay"))
    assert found.word == "wrong secret"
    assert "arrived unchanged" in found.text


def test_another_kartify_behind_the_address_is_told(road, bank, tmp_path):
    """Staging, say: the same account there, with another secret."""
    account = road.account()
    other = make_house(f"sqlite:///{tmp_path / 'other.db'}", plugins=[PlainPlugin(bank)])
    make_shop(other)
    app = make_app(other)
    with serving(app) as road.way.target:
        found = selftest.run(road.house, account)
    close(app)
    other.database.engine.dispose()
    assert found.word == "wrong address"
    assert "a kartify that has no such account" in found.text


@pytest.mark.parametrize(("instead", "word", "words"), [
    ((301, {"location": "https://www.shop.example/webhooks/x?secret=1"}, b""), "redirected", "https://www.shop.example/"),
    ((404, {"content-type": "text/html"}, b"<h1>no</h1>"), "wrong address", "404"),
    ((200, {"content-type": "text/html"}, b"We will be back soon"), "answered by something else", "200"),
    ((403, {"content-type": "text/html"}, b"blocked"), "answered by something else", "403"),
    ((401, {"content-type": "application/problem+json"}, b"{}"), "wrong secret", "Another kartify"),
])
def test_what_answers_in_our_place_is_told(road, instead, word, words):
    road.way.instead = instead
    found = selftest.run(road.house, road.account())
    assert (found.word, found.status) == (word, instead[0])
    assert words in found.text
    assert "secret=1" not in f"{found}"
    assert len(road.way.seen) == 1, "a redirect is not followed"


def test_an_answer_that_is_spoilt_on_its_way_back_is_told(road):
    road.way.spoil = 502
    found = selftest.run(road.house, road.account())
    assert (found.word, found.status) == ("answered by something else", 502)
    assert "arrived and was taken" in found.text


def test_a_slow_way_is_told(road, monkeypatch):
    road.way.delay = 0.3
    monkeypatch.setattr(selftest, "SLOW", 0.2)
    found = selftest.run(road.house, road.account())
    assert found.word == "slow"
    assert found.milliseconds >= 300


def test_no_answer_in_time_is_told_as_uncertain(road, monkeypatch):
    road.way.delay = 1.0
    monkeypatch.setattr(selftest, "TIMEOUT", 0.3)
    found = selftest.run(road.house, road.account())
    assert found.word == "not reachable"
    assert "no whole answer in time" in found.text
    assert "not certain" in found.text


@pytest.mark.parametrize(("address", "words"), [
    ("http://127.0.0.1:{port}", "the connection was refused"),
    ("https://{way}", "the TLS connection failed"),
])
def test_what_cannot_be_reached_is_told(tmp_path, bank, address, words):
    database_url = new_sqlite(tmp_path / "kartify.db")
    with proxy() as (there, _way):
        url = address.format(port=_free_port(), way=there.removeprefix("http://"))
        house = make_house(database_url, plugins=[PlainPlugin(bank)], tables=False, public_url=url)
        found = selftest.run(house, make_shop(house).account("sandbox", settings_of("sandbox")))
        house.database.engine.dispose()
    assert found.word == "not reachable"
    assert words in found.text
    assert "KARTIFY_PUBLIC_URL" in found.advice


def test_a_changed_content_type_is_told(road):
    road.way.headers = lambda headers: {
        name: "text/plain" if name.lower() == "content-type" else value for name, value in headers.items()
    }
    found = selftest.run(road.house, road.account())
    assert found.word == "not taken"
    assert "content type text/plain" in found.text


def test_no_secret_no_test(road):
    account = road.account()
    stores.set_account(road.house, account, {"webhook_secret": ""})
    with pytest.raises(NoSecret):
        selftest.run(road.house, account)
    assert road.way.seen == []


def test_a_plugin_without_a_message_says_so(road):
    account = road.shop.account("plain", {"webhook_secret": "s"})
    with pytest.raises(Permanent, match="means nothing"):
        selftest.run(road.house, account)


def test_a_plugins_message_that_would_mean_something_is_not_sent(road, monkeypatch):
    account = road.shop.account("plain", {"webhook_secret": "s"})
    from fakes import signed

    def probe(self: object, nonce: str, at: object) -> Inbound:
        return signed(b'{"event": "hint", "order": "o1", "nonce": "' + nonce.encode() + b'"}', "s")

    monkeypatch.setattr(road.house.registry.partner("plain"), "probe", probe, raising=False)
    with pytest.raises(Conflict, match="would mean something"):
        selftest.run(road.house, account)
    assert road.way.seen == []


def test_a_refusal_of_somebody_else_is_not_taken_for_the_tests(road):
    account = road.account()
    assert selftest.run(road.house, account).word == "fine"
    road.way.instead = (404, {}, b"")
    import urllib.request
    request = urllib.request.Request(f"{road.way.target}/webhooks/{account}", data=b"forged", method="POST")
    with pytest.raises(Exception, match="401"):
        urllib.request.urlopen(request)
    assert selftest.run(road.house, account).word == "wrong address"


def test_what_was_done_to_a_body_is_found_by_its_digest_alone():
    body = b'{"a": 1.50, "b": "x"}'
    anew = b'{"a":1.5,"b":"x"}'
    assert "without blanks" in altered.how(body, lambda one: altered.digest(one) == altered.digest(anew), len(anew))
    assert "does not recognise" in altered.how(body, lambda one: False, 7)


def _rows(house: House, name: str) -> list[dict[str, object]]:
    from kartify.models import Base

    with house.database.read() as connection:
        return [dict(row) for row in connection.execute(Base.metadata.tables[name].select()).mappings()]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
