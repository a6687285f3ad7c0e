"""Asking: written exchanges come to what is expected, and no failure of the gateway is taken for a fact."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any, ClassVar

import pytest

from kartify.domain.errors import Denied, Invalid, PartnerError, Temporary, Throttled
from kartify.plugin import Gateway, HttpAnswer, Opened, PaymentAnswer, RefundAnswer
from kartify.testing.kit.base import KitBase
from kartify.testing.kit.reading import HUGE, HUGE_WRITTEN, pays
from kartify.testing.kit.samples import Replayed, Sample, compare, facts, load, money

Make = Callable[..., Gateway]
_HTML = b"<!doctype html><title>Please wait</title><h1>Please wait</h1>"


def _http(status: int, body: bytes = b"", **headers: str) -> HttpAnswer:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return HttpAnswer(status=status, headers=named, body=body)


FAULTS: Mapping[str, Any] = {
    "no answer": Temporary("no whole answer in time"), "not sent": Temporary("no connection", sent=False),
    "500": _http(500, b'{"error":"broken"}'), "502": _http(502, _HTML), "503": _http(503), "html": _http(200, _HTML),
    "empty": _http(200), "null": _http(200, b"null"), "list": _http(200, b"[]"), "object": _http(200, b"{}"),
    "text": _http(200, b'"ok"'), "half": _http(200, b'{"status": "suc'), "not text": _http(200, b"\xff\xfe\x00"),
    "404": _http(404, _HTML),
}


class AskingChecks(KitBase):
    """``denied``: the status that says that keys are wrong; ``throttle``: the status that asks for fewer calls."""

    denied: ClassVar[int] = 401
    throttle: ClassVar[int] = 429

    def test_asking_says_what_is_expected(self, make: Make, ask: Sample) -> None:
        client = Replayed(ask.exchanges)
        told = make(ask).ask(client, ask.payment())
        assert isinstance(told, PaymentAnswer)
        assert (told.found, told.over) == (ask.expect.get("found", True), ask.expect.get("over", told.over))
        compare(told.reports, ask.expect.get("reports", []))
        assert len(client.asked) == len(ask.exchanges), f"asked {client.asked}"

    def test_asking_failure_is_never_a_fact(self, make: Make, ask: Sample, said: list[str]) -> None:
        for fault, (place, exchange) in product(sorted(FAULTS), enumerate(ask.exchanges)):
            if fault == "list" and isinstance(exchange["response"].get("body"), list):
                continue  # there an empty list is an answer
            told = self._ask(make(ask), ask, Replayed(ask.exchanges, broken_at=place, fault=FAULTS[fault]), said)
            if told is None:
                continue
            assert told.found or self._knows(ask, fault, place), f"{fault} at call {place + 1} is no word on it"
            assert not told.over or ask.expect.get("over"), f"{fault} at call {place + 1} ends no payment"
            if place == 0:
                assert [one for one in told.reports if pays(one)] == [], f"{fault} at call {place + 1} is no payment"
            compare_less(told, ask)

    def _knows(self, ask: Sample, fault: str, place: int) -> bool:
        """What an earlier answer said stands."""
        return place > 0 and ask.expect.get("found") is False and fault != "404"

    def test_asking_for_fewer_calls_is_understood(self, make: Make, ask: Sample) -> None:
        for headers, wait in (({"retry_after": "7"}, 7.0), ({}, None)):
            asks = _http(self.throttle, b'{"error":"slow down"}', **headers)
            slowed = Replayed(ask.exchanges, broken_at=0, fault=asks)
            with pytest.raises(Throttled) as told:
                make(ask).ask(slowed, ask.payment())
            # Without a word of the gateway's the plugin may know a pause of its own.
            assert told.value.retry_after == wait or (wait is None and (told.value.retry_after or 0) > 0)
            assert told.value.sent is False

    def test_asking_with_revoked_keys_is_denied_and_shows_no_secret(
        self, make: Make, ask: Sample, said: list[str]
    ) -> None:
        echo = json.dumps({"error": {"code": "UNAUTHORIZED", "description": f"wrong: {self.secrets()}"},
                           "message": f"wrong: {self.secrets()}"}).encode()
        for body in (b"{}", echo):
            with pytest.raises(Denied) as told:
                make(ask).ask(Replayed(ask.exchanges, broken_at=0, fault=_http(self.denied, body)), ask.payment())
            said.append(str(told.value))

    def test_asking_errors_that_echo_secrets_are_masked(self, make: Make, ask: Sample, said: list[str]) -> None:
        for text, status in product(self.secrets().values(), (400, 409, 422, 500)):
            echo = json.dumps({"error": {"code": "X", "description": text, "message": text}, "message": text,
                               "msg": text, "resultInfo": {"resultMsg": text}, "error_description": text}).encode()
            self._ask(make(ask), ask, Replayed(ask.exchanges, broken_at=0, fault=_http(status, echo)), said)

    def test_asking_money_is_exact(self, make: Make, ask: Sample, said: list[str]) -> None:
        for report in ask.expect.get("reports", []):
            captured = report.get("captured", 0)
            if not captured:
                continue
            for grown in _grown(ask, captured):
                told = self._ask(make(ask), ask, Replayed(grown, strict=False), said)
                sums = {one.captured for one in (told.reports if told else ()) if pays(one)}
                # Where only one of two sums was changed, the other may be what counts.
                strange = [one for one in sums - {HUGE, captured} if str(one) not in json.dumps(list(ask.exchanges))]
                assert strange == [], "an amount went through a float, or was taken for other units"

    def test_asking_several_attempts_and_unknown_words_are_among_the_samples(self, make: Make) -> None:
        found = [one.expect for one in load(self.samples, "asks")]
        assert self.lacks("several_attempts") or any(len(one.get("reports", [])) > 1 for one in found)
        assert any(one.get("found") is False for one in found) or self.lacks("unknown_id")
        states = {report.get("state") for one in found for report in one.get("reports", [])}
        assert {"captured", "failed"} <= states

    def test_opening_says_what_is_expected(self, make: Make, open: Sample) -> None:
        opened = make(open).open(Replayed(open.exchanges), open.request())
        assert isinstance(opened, Opened)
        assert opened.gateway_order_id == open.expect["gateway_order_id"]
        told, wanted = opened.next.as_dict(), open.expect["next"]
        assert {name: told.get(name) for name in wanted} == dict(wanted)

    def test_opening_failure_is_told(self, make: Make, open: Sample, said: list[str]) -> None:
        for fault, place in product(sorted(FAULTS), range(len(open.exchanges))):
            with pytest.raises(PartnerError) as told:
                make(open).open(Replayed(open.exchanges, broken_at=place, fault=FAULTS[fault]), open.request())
            said.append(str(told.value))

    def test_refund_says_what_is_expected(self, make: Make, refund: Sample) -> None:
        client = Replayed(refund.exchanges)
        told = make(refund).refund(
            client, refund.told["gateway_payment_id"], money(refund.told), key=refund.told["key"]
        )
        assert isinstance(told, RefundAnswer)
        assert {name: getattr(told, name) for name in refund.expect} == dict(refund.expect)

    def test_refund_failure_is_never_processed(self, make: Make, refund: Sample, said: list[str]) -> None:
        for fault, place in product(sorted(FAULTS), range(len(refund.exchanges))):
            client = Replayed(refund.exchanges, broken_at=place, fault=FAULTS[fault])
            try:
                told = make(refund).refund(
                    client, refund.told["gateway_payment_id"], money(refund.told), key=refund.told["key"]
                )
            except PartnerError as problem:
                said.append(str(problem))
                continue
            known = refund.expect["state"] == "processed" and place > 0
            assert told.state != "processed" or known, f"{fault} at call {place + 1} is no refund"

    def test_capture_says_what_is_expected(self, make: Make, capture: Sample) -> None:
        client = Replayed(capture.exchanges)
        told = make(capture).capture(client, capture.told["gateway_payment_id"], money(capture.told))
        wanted = dict(capture.expect)
        assert str(told.state) == wanted.pop("state")
        assert wanted.pop("amount", told.captured) == told.captured

    def _ask(self, own: Gateway, ask: Sample, client: Replayed, said: list[str]) -> PaymentAnswer | None:
        """The answer; None for an error, which must be one of ours."""
        try:
            told = own.ask(client, ask.payment())
        except PartnerError as problem:
            said.append(str(problem))
            return None
        try:
            facts(told.reports)
        except Invalid:  # the core would refuse it
            return None
        return told


def compare_less(told: PaymentAnswer, ask: Sample) -> None:
    """After a failure no more may be told than the whole answers say."""
    known = {(one.get("gateway_payment_id"), one.get("captured", 0)) for one in ask.expect.get("reports", [])}
    more = [one for one in told.reports if pays(one) and (one.gateway_payment_id, one.captured) not in known]
    assert more == []


def _grown(ask: Sample, captured: int) -> Iterator[list[dict[str, Any]]]:
    """The exchanges with a sum that no float holds, wherever they write this one in minor units or in hundreds."""
    major, cents = divmod(captured, 100)
    number = json.dumps(captured / 100)  # as the sample's own JSON writes it
    written = {
        str(captured): str(HUGE), f'"{major}.{cents:02}"': f'"{HUGE_WRITTEN}"', f": {number}": f": {HUGE_WRITTEN}",
    }
    for old, new in written.items():
        yield [
            {"request": one["request"], "response": {
                **one["response"], "text": json.dumps(one["response"].get("body")).replace(old, new)
            }}
            for one in ask.exchanges
        ]
