"""Trust: every genuine sample verifies; whatever was changed is refused, or at least reports nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from kartify import clock
from kartify.domain.errors import KartifyError, NoSecret, Permanent, Refused, Unreadable
from kartify.plugin import Callback, Gateway, Inbound, Report
from kartify.testing.kit.base import KitBase, without
from kartify.testing.kit.samples import Sample, facts, load

POSITIONS = 400
_IDLE = frozenset({"content-type", "content-length", "user-agent", "accept", "host"})
Make = Callable[..., Gateway]


class TrustChecks(KitBase):
    def test_trust_genuine_webhook_is_taken(self, make: Make, webhook: Sample) -> None:
        proof = make(webhook).verify(webhook.inbound())
        assert proof.secret == webhook.expect.get("secret", proof.secret)
        assert proof.signed_at is None or proof.signed_at.tzinfo is not None

    def test_trust_one_byte_of_the_body(self, make: Make, webhook: Sample) -> None:
        own, genuine = make(webhook), webhook.inbound()
        assert _verifies(own, genuine)
        said = _reports(own, genuine)
        passed = [message for message in _bodies(genuine) if _verifies(own, message)]
        if self.lacks("signed_body"):
            assert said == [], "no proof covers the body: it may only be a reason to ask"
            assert [message.body for message in passed if _reports(own, message)] == []
            return
        assert passed == [] or self.lacks("raw_body"), f"{len(passed)} changed bodies were taken"
        assert [message.body for message in passed if _reports(own, message) != said] == []

    def test_trust_headers_that_prove(self, make: Make, webhook: Sample) -> None:
        own, genuine = make(webhook), webhook.inbound()
        needed = [name for name in genuine.headers if name not in _IDLE and not _verifies(own, _without(genuine, name))]
        for name in needed:
            wrong = [value for value in _spoilt(genuine.headers[name]) if _verifies(own, _with(genuine, name, value))]
            assert wrong == [], f"{name} may be {wrong[:3]}"
        assert needed or not _verifies(own, replace(genuine, headers={}, body=b"{}")), "nothing proves it"

    def test_trust_without_anything_is_refused(self, make: Make, webhook: Sample) -> None:
        own, genuine = make(webhook), webhook.inbound()
        bare = replace(genuine, headers={"content-type": genuine.header("content-type")}, query=())
        fields = [replace(bare, body=b""), replace(bare, body=b"{}"), replace(bare, body=b"a=1&b=2")]
        assert [message.body for message in fields if _verifies(own, message)] == []

    def test_trust_another_secret_is_refused(self, make: Make, webhook: Sample) -> None:
        own = make(webhook)
        changes = {name: _other(secret) for name, secret in _secrets(own).items()}
        try:
            stranger = make(webhook, **changes)
        except ValueError:
            pytest.skip("these secrets have a form that the kit cannot make up")
        assert not _verifies(stranger, webhook.inbound())

    def test_trust_without_a_secret_nothing_is_taken(self, make: Make, webhook: Sample) -> None:
        for name in self.webhook_secrets:
            bare = without(make, name)
            if bare is None:
                continue
            with pytest.raises(NoSecret):
                bare.verify(webhook.inbound())

    def test_trust_retired_secret(self, make: Make) -> None:
        self.skip_if_lacking("retired_secret")
        self.skip_if_lacking("webhooks")
        found = [one for one in load(self.samples, "webhooks") if one.expect.get("secret") == "previous"]
        assert found, "a sample signed with the retired secret: expect.secret is 'previous'"

    def test_trust_self_test_is_proved_and_means_nothing(self, own: Gateway) -> None:
        """*Test webhook*: what it sends passes like the gateway's own, and neither reports nor asks anything."""
        marks = ("a1b2c3d4e5f6", "f6e5d4c3b2a1")
        if self.lacks("webhooks"):
            with pytest.raises(Permanent):
                own.probe(marks[0], clock.now())
            return
        first, second = (own.probe(mark, clock.now()) for mark in marks)
        assert own.verify(first).secret == "current"
        assert b"a1b2c3d4e5f6" in first.body, "by its mark in the body it is found again"
        told, other = own.read_webhook(first), own.read_webhook(second)
        assert told.ignored
        assert not told.reports
        assert not told.ask
        assert told.key != other.key, "each test is a message of its own"
        assert [name for name, secret in self.secrets().items() if secret.encode() in first.body] == []

    def test_trust_changed_return_proves_nothing_else(self, make: Make, callback: Sample) -> None:
        own, payment, genuine = make(callback), callback.payment(), callback.inbound()
        if callback.expect.get("refused"):
            with pytest.raises(Refused):
                own.read_callback(genuine, payment)
            return
        told = own.read_callback(genuine, payment)
        assert not self.lacks("signed_callback") or (not told.proved and told.reports == ())
        if not told.proved:
            assert told.reports == (), "what is not proved reports nothing"
            return
        for changed in _fields(callback):
            other = _returned(own, changed.inbound(), callback)
            assert other is None or not other.proved or _same(other, told)

    def test_trust_return_of_another_payment(self, make: Make, callback: Sample) -> None:
        own, payment = make(callback), callback.payment()
        session = f"{payment.gateway_order_id}Z"
        other = replace(payment, reference=f"{payment.reference[:-1]}Z", gateway_order_id=session)
        try:
            told = own.read_callback(callback.inbound(), other)
        except KartifyError:
            return
        assert not told.proved
        assert told.reports == ()


def _verifies(own: Gateway, message: Inbound) -> bool:
    """Whether it is taken. Anything but our own errors is a failure of the plugin."""
    try:
        own.verify(message)
    except (Refused, Unreadable, NoSecret):
        return False
    return True


def _reports(own: Gateway, message: Inbound) -> list[Report]:
    try:
        return facts(own.read_webhook(message).reports)
    except Unreadable:
        return []


def _bodies(message: Inbound) -> Iterator[Inbound]:
    """One byte changed: everywhere in small bodies, at so many places in large ones; one more, one less."""
    body = message.body
    step = max(1, len(body) // POSITIONS)
    for place in range(0, len(body), step):
        yield replace(message, body=body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :])
    yield replace(message, body=body + b" ")
    yield replace(message, body=body[:-1])


def _without(message: Inbound, name: str) -> Inbound:
    return replace(message, headers={key: value for key, value in message.headers.items() if key != name})


def _with(message: Inbound, name: str, value: str) -> Inbound:
    return replace(message, headers={**message.headers, name: value})


def _spoilt(value: str) -> Iterator[str]:
    yield from ("", " ", value[:8], value[:-1], f"{value}, {value}", value + value, value + "0", "0" * len(value))
    for place in range(len(value)):
        yield value[:place] + chr(ord(value[place]) ^ 1) + value[place + 1 :]


def _secrets(own: Gateway) -> dict[str, str]:
    fields = type(own.settings).model_fields
    return {
        name: text for name, field in fields.items()
        if "SecretStr" in str(field.annotation) and (text := own.settings.secret(name))
    }


def _other(secret: str) -> str:
    return secret[:-1] + ("x" if secret[-1] != "x" else "y")


def _fields(callback: Sample) -> Iterator[Sample]:
    """Each value of the form and of the query with one character changed, then away."""
    for part in ("form", "query"):
        pairs = list(dict(callback.told.get(part, {})).items())
        for place, (name, value) in enumerate(pairs):
            text = str(value)
            changes = [text[:-1] + ("0" if text[-1:] != "0" else "1")] if text else ["1"]
            for changed in changes:
                given = [*pairs[:place], (name, changed), *pairs[place + 1 :]]
                yield Sample(f"{name} changed", {**callback.told, part: _shaped(part, given)})
            yield Sample(f"no {name}", {**callback.told, part: _shaped(part, [*pairs[:place], *pairs[place + 1 :]])})


def _shaped(part: str, pairs: list[tuple[str, str]]) -> object:
    return dict(pairs) if part == "form" else [list(pair) for pair in pairs]


def _returned(own: Gateway, message: Inbound, callback: Sample) -> Callback | None:
    try:
        return own.read_callback(message, callback.payment())
    except (Refused, Unreadable):
        return None


def _same(one: Callback, two: Callback) -> bool:
    return (one.gateway_payment_id, facts(one.reports)) == (two.gateway_payment_id, facts(two.reports))
