"""Reading: the same facts each time, no fact out of garbage, money to the last unit, and nothing but the bytes."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from kartify.domain.errors import Invalid, Refused, Unreadable
from kartify.domain.reports import MONEY
from kartify.plugin import ChargeState, Gateway, Inbound, Report, Webhook
from kartify.testing.kit.base import KitBase
from kartify.testing.kit.samples import Sample, compare, facts, plain

Make = Callable[..., Gateway]
# In hundreds, a float has no room for it: neither cut nor rounded does it come out again.
HUGE = 8_999_999_999_999_999
HUGE_WRITTEN = "89999999999999.99"
LONGEST = 2.0
# Seconds without work that a busy machine may cause.
IDLE = 0.004
_FORBIDDEN = ("socket.", "subprocess.", "os.system", "sqlite3.", "urllib.")


class ReadingChecks(KitBase):
    def test_reading_webhook_says_what_is_expected(self, make: Make, webhook: Sample) -> None:
        told = _read(make(webhook), webhook.inbound())
        expect = webhook.expect
        compare(told.reports, expect.get("reports", []))
        assert told.event == expect.get("event", told.event)
        assert list(told.ask) == expect.get("ask", list(told.ask))
        assert (told.ignored is not None) == expect.get("ignored", told.ignored is not None)
        assert told.reports or told.ask or told.ignored, "what says nothing is ignored, with a reason"

    def test_reading_twice_is_the_same(self, make: Make, webhook: Sample) -> None:
        own, message = make(webhook), webhook.inbound()
        assert _read(own, message) == _read(own, message) == _read(make(webhook), message)

    def test_reading_key_tells_messages_apart(self, make: Make, webhook: Sample) -> None:
        own, message = make(webhook), webhook.inbound()
        key = _read(own, message).key
        assert 0 < len(key) <= 200
        for other in (replace(message, body=message.body + b" "), replace(message, body=b" " + message.body)):
            try:
                assert _read(own, other).key != key, "the same event id with other bytes is another message"
            except Unreadable:
                continue

    def test_reading_unknown_word_is_never_money(self, make: Make, webhook: Sample) -> None:
        own, message = make(webhook), webhook.inbound()
        for report in _read(own, message).reports:
            if report.dispute is not None:  # whatever became of the dispute, it was about money
                continue
            for word in {part for part in report.word.replace(",", " ").split() if len(part) > 2}:
                body = message.body.replace(word.encode(), b"zz_unknown")
                assert [one for one in _told(own, replace(message, body=body)) if pays(one)] == []

    def test_reading_garbage_says_so_quickly(self, make: Make, webhook: Sample) -> None:
        own, message = make(webhook), webhook.inbound()
        for body in _garbage(message.body):
            begun = time.monotonic()
            found = _told(own, replace(message, body=body))
            assert [one for one in found if pays(one)] == []
            assert time.monotonic() - begun < LONGEST

    def test_reading_money_is_exact(self, make: Make, webhook: Sample) -> None:
        own, message = make(webhook), webhook.inbound()
        for report in _read(own, message).reports:
            if not report.captured:
                continue
            changed = [_told(own, replace(message, body=body)) for body in _enlarged(message.body, report.captured)]
            sums = {one.captured for found in changed for one in found if pays(one)}
            assert sums <= {HUGE, report.captured}, "an amount went through a float, or was taken for other units"

    def test_reading_return_says_what_is_expected(self, make: Make, callback: Sample) -> None:
        own, expect = make(callback), callback.expect
        if expect.get("refused"):
            with pytest.raises(Refused):
                own.read_callback(callback.inbound(), callback.payment())
            return
        message, payment = callback.inbound(), callback.payment()
        key = own.callback_key(message)
        assert payment.reference == (key.reference or payment.reference)
        assert key.reference or key.gateway_order_id
        told = own.read_callback(message, payment)
        assert told == own.read_callback(message, payment)
        compare(told.reports, expect.get("reports", []))
        wanted = {name: value for name, value in expect.items() if name != "reports"}
        assert {name: plain(getattr(told, name)) for name in wanted} == wanted

    def test_reading_return_of_garbage(self, make: Make, callback: Sample) -> None:
        own, payment = make(callback), callback.payment()
        for body in _garbage(callback.inbound().body):
            message = replace(callback.inbound(), body=body, query=())
            try:
                own.callback_key(message)
                told = own.read_callback(message, payment)
            except (Refused, Unreadable):
                continue
            assert [one for one in told.reports if pays(one)] == []

    def test_reading_touches_nothing_but_the_bytes(self, make: Make, webhook: Sample) -> None:
        own, message = make(webhook), webhook.inbound()
        _read(own, message)  # what is loaded once, such as time zones, is loaded
        with _alone() as seen:
            own.verify(message)
            _read(own, message)
        assert seen == []
        assert min(_idle(own, message) for _ in range(5)) < IDLE, "it waits for something"

    def test_reading_return_touches_nothing_but_the_bytes(self, make: Make, callback: Sample) -> None:
        own, message, payment = make(callback), callback.inbound(), callback.payment()
        with _alone() as seen:
            try:
                own.callback_key(message)
                own.read_callback(message, payment)
            except (Refused, Unreadable):
                pass
        assert seen == []


def _read(own: Gateway, message: Inbound) -> Webhook:
    told = own.read_webhook(message)
    assert isinstance(told, Webhook)
    facts(told.reports)
    return told


def _idle(own: Gateway, message: Inbound) -> float:
    """Seconds of a reading in which this thread did nothing."""
    begun, worked = time.perf_counter(), time.thread_time()
    own.verify(message)
    own.read_webhook(message)
    return (time.perf_counter() - begun) - (time.thread_time() - worked)


def _told(own: Gateway, message: Inbound) -> list[Report]:
    """Reports, or none where it cannot be read, or where the core would refuse them. Anything but our own error is a
    failure of the plugin."""
    try:
        return facts(own.read_webhook(message).reports)
    except (Unreadable, Invalid):
        return []


def pays(report: Report) -> bool:
    return report.state in MONEY or report.state is ChargeState.AUTHORIZED or bool(report.captured)


def _garbage(body: bytes) -> Iterator[bytes]:
    yield from (b"", b"{}", b"[]", b"null", b"1", b'""', b"\xff\xfe\x00", b"=&=", b"%", b"a" * 2_000_000,
                b"[" * 10_000, b'{"a":' * 10_000)
    for part in range(1, 16):
        yield body[: len(body) * part // 16]
    yield body + body


def _enlarged(body: bytes, captured: int) -> Iterator[bytes]:
    """With a sum that no float holds, wherever the message writes its own in minor units or in hundreds."""
    yield body.replace(str(captured).encode(), str(HUGE).encode())
    major, cents = divmod(captured, 100)
    written = {f"{major}.{cents:02}", f"{major}.{cents:02}".rstrip("0"), f"{major}.0"}
    for text in written | ({str(major)} if not cents else set()):
        if len(text) > 2:
            yield body.replace(text.encode(), HUGE_WRITTEN.encode())


_watching: dict[int, list[str]] = {}
_lock = threading.Lock()
_hooked: list[bool] = []


def _hook(event: str, _given: Any) -> None:
    seen = _watching.get(threading.get_ident())
    if seen is not None and event.startswith(_FORBIDDEN):
        seen.append(event)


@contextmanager
def _alone() -> Iterator[list[str]]:
    """Notes what this thread does besides reckoning: sockets, processes, sleeping."""
    with _lock:
        if not _hooked:
            sys.addaudithook(_hook)  # it cannot be taken away again, and does nothing while nobody watches
            _hooked.append(True)
    seen: list[str] = []
    threads = threading.active_count()
    _watching[threading.get_ident()] = seen
    try:
        yield seen
    finally:
        del _watching[threading.get_ident()]
        if threading.active_count() > threads:
            seen.append("a thread was started")
