"""Settings, announcements, and the news that comes back."""

from __future__ import annotations

import hashlib
import hmac
import json
from importlib.metadata import entry_points

import kartify_sandbox_oms
import pluggy
import pytest
from kartify_sandbox_oms import SandboxOms, SandboxOmsSimulator

from kartify.plugin import (
    Denied,
    Inbound,
    Kind,
    NewsKind,
    NoSecret,
    Permanent,
    Refused,
    SimulatorOptions,
    Unreadable,
    hookspecs,
)

SIMULATOR = SandboxOmsSimulator(SimulatorOptions(base_url="http://127.0.0.1:1/"))
[ROUTE] = SandboxOms.routes


def make(**overrides):
    return SandboxOms(SandboxOms.Settings(**{**SIMULATOR.settings(), **overrides}))


def inbound(body, headers):
    lowered = {name.lower(): value for name, value in headers.items()}
    return Inbound(method="POST", path="news", headers=lowered, body=body)


def signed(body):
    signature = hmac.new(SIMULATOR.webhook_secret.encode(), body, hashlib.sha256).hexdigest()
    return inbound(body, {"Sandbox-Oms-Signature": signature})


def read(document):
    message = signed(json.dumps(document).encode())
    plugin = make()
    plugin.authenticate(message)
    [news] = plugin.read_news(ROUTE, message)
    return news


def test_the_hooks_are_known_and_announce_the_classes():
    manager = pluggy.PluginManager("kartify")
    manager.add_hookspecs(hookspecs)
    manager.register(kartify_sandbox_oms)
    manager.check_pending()
    assert manager.hook.register_oms() == [[SandboxOms]]
    assert manager.hook.register_simulators() == [[SandboxOmsSimulator]]


def test_it_is_found_by_its_entry_point():
    [found] = entry_points(group="kartify", name="sandbox-oms")
    assert found.load() is kartify_sandbox_oms


def test_an_account_names_its_merchant_and_is_always_a_test():
    settings = make(merchant="acme").settings
    assert (settings.identity(), settings.mode()) == ("acme", "test")
    assert "sandbox-oms-key" not in repr(settings)


def test_the_simulator_gives_settings_that_make_an_account():
    assert make().settings.api_base == "http://127.0.0.1:1"
    assert make().order_url("SO-1") == "http://127.0.0.1:1/#SO-1"


def test_every_setting_is_explained():
    assert all(field.description or field.title for field in SandboxOms.Settings.model_fields.values())


@pytest.mark.parametrize(("way", "kind"), [("push", Kind.PUSH), ("feed", Kind.FEED)])
def test_the_way_says_what_a_processing_order_needs(way, kind):
    assert make(way=way).delivery_kind() is kind


def test_capabilities_follow_the_settings_of_each_account():
    strong, weak = make(idempotent="true"), make(lookup="false", way="feed")
    assert (strong.can.lookup, strong.can.idempotent, strong.receipt) == (True, True, "id")
    assert (weak.can.lookup, weak.can.idempotent, weak.receipt) == (False, False, "ack")
    assert weak.can.cancel
    assert weak.can.hold
    assert SandboxOms.can.lookup


@pytest.mark.parametrize("kind", [kind for kind in NewsKind if kind is not NewsKind.OTHER])
def test_signed_news_of_every_kind_is_read(kind):
    body, headers = SIMULATOR.news(kind.value, "K1001")
    plugin = make()
    plugin.authenticate(inbound(body, headers))
    [news] = plugin.read_news(ROUTE, inbound(body, headers))
    assert (news.kind, news.word, news.number, news.whole) == (kind, kind.value, "K1001", True)
    assert news.at.tzinfo is not None


def test_news_of_a_part_is_not_whole():
    body, headers = SIMULATOR.news("shipped", "K1001", partial=True)
    [news] = make().read_news(ROUTE, inbound(body, headers))
    assert not news.whole


def test_two_messages_have_two_keys_and_a_repetition_has_the_same():
    first, again = (SIMULATOR.news("shipped", "K1001") for _ in range(2))
    keys = [make().read_news(ROUTE, inbound(*message))[0].key for message in (first, first, again)]
    assert keys[0] == keys[1] != keys[2]


def test_an_unknown_kind_is_kept_as_other_with_its_word():
    news = read({"kind": "packed", "number": "K1", "order": "SO-1"})
    assert (news.kind, news.word, news.oms_order_id, news.at) == (NewsKind.OTHER, "packed", "SO-1", None)


@pytest.mark.parametrize(
    "change",
    [
        lambda body, headers: (body + b" ", headers),
        lambda body, headers: (body, {}),
        lambda body, headers: (body, {"Sandbox-Oms-Signature": ""}),
        lambda body, headers: (body, {"Sandbox-Oms-Signature": "पता\udcff"}),
        lambda body, headers: (body, {"Sandbox-Oms-Signature": headers["Sandbox-Oms-Signature"][:-1] + "z"}),
    ],
)
def test_news_that_is_not_signed_for_these_bytes_is_refused(change):
    with pytest.raises(Refused):
        make().authenticate(inbound(*change(*SIMULATOR.news("shipped", "K1001"))))


def test_news_signed_with_another_secret_is_refused():
    with pytest.raises(Refused):
        make(webhook_secret="another").authenticate(inbound(*SIMULATOR.news("shipped", "K1001")))


@pytest.mark.parametrize("secret", [None, ""])
def test_without_a_secret_no_news_is_taken(secret):
    with pytest.raises(NoSecret):
        make(webhook_secret=secret).authenticate(inbound(*SIMULATOR.news("shipped", "K1001")))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"kind": "shipped"}',
        b'{"number": "K1"}',
        b'{"kind": 5, "number": "K1"}',
        b'{"kind": "shipped", "number": 5}',
        b'{"kind": "shipped", "number": "K1", "partial": "no"}',
        b'{"kind": "shipped", "number": "K1", "at": "yesterday"}',
        b'{"kind": "shipped", "number": "K1", "at": "2026-09-01T10:00:00"}',
    ],
)
def test_authentic_news_that_makes_no_sense_is_unreadable(body):
    message = signed(body)
    plugin = make()
    plugin.authenticate(message)
    with pytest.raises(Unreadable):
        plugin.read_news(ROUTE, message)


def test_testing_the_connection_tells_who_answered(oms, client, order):
    oms.deliver(client, Kind.PUSH, order)
    assert oms.test(client) == "Sandbox OMS answers for merchant sandbox; sales orders there: 1."


def test_testing_with_a_wrong_key_is_denied(account, client):
    with pytest.raises(Denied) as denied:
        account(api_key="wrong-key").test(client)
    assert isinstance(denied.value, Permanent)
    assert "wrong-key" not in str(denied.value)
