"""Who wrote a webhook: proved by bytes, secret and moment, or not taken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from kartify_sandbox import SandboxGateway
from kartify_sandbox.signing import webhook_header

from kartify.plugin import NoSecret, Refused

AT = datetime(2026, 9, 1, 10, 0, tzinfo=UTC)
MOMENT = int(AT.timestamp())


@pytest.fixture
def body(sample):
    return sample("charge_captured")


def signed(body, secret="the-new-secret"):
    return {"Sandbox-Signature": webhook_header(secret, MOMENT, body)}


def test_genuine_webhook_is_proved_with_its_moment(alone, inbound, body):
    proof = alone().verify(inbound(body, signed(body)))
    assert (proof.secret, proof.signed_at) == ("current", AT)


def test_scheme_declares_how_old_a_moment_may_be():
    assert SandboxGateway.tolerance == timedelta(minutes=5)


def test_every_changed_byte_of_the_body_is_refused(alone, inbound, body):
    gateway, headers = alone(), signed(body)
    for place in range(len(body)):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        with pytest.raises(Refused):
            gateway.verify(inbound(changed, headers))


def test_body_cut_or_padded_is_refused(alone, inbound, body):
    for other in (b"", body[:-1], body + b" ", body + b"\n", b" " + body, body.replace(b"\n", b"\r\n")):
        with pytest.raises(Refused):
            alone().verify(inbound(other, signed(body)))


def test_every_changed_character_of_the_header_is_refused(alone, inbound, body):
    gateway, header = alone(), signed(body)["Sandbox-Signature"]
    for place, old in enumerate(header):
        for new in ("0", "1", "A", " ", ","):
            if new == old:
                continue
            changed = header[:place] + new + header[place + 1 :]
            with pytest.raises(Refused):
                gateway.verify(inbound(body, {"Sandbox-Signature": changed}))


def test_missing_empty_doubled_or_odd_header_is_refused(alone, inbound, body):
    header = signed(body)["Sandbox-Signature"]
    moment, digest = header.split(",")
    odd = [
        None, "", ",", "t=,v1=", header + "," + header, header + ", " + header, f"{moment},{moment},{digest}",
        f"{header},{digest}", f"{digest},{moment}", digest, moment, header.upper(), f" {header}", f"{header}\n",
        header.replace("t=", "t=-"), header.replace("t=", "t=99999999"), "t=١٢٣٤٥٦٧٨٩٠," + digest, header + "é",
    ]  # fmt: skip
    for value in odd:
        headers = {} if value is None else {"Sandbox-Signature": value}
        with pytest.raises(Refused):
            alone().verify(inbound(body, headers))


def test_digest_of_the_body_alone_is_refused(alone, inbound, body):
    header = webhook_header("the-new-secret", MOMENT, body).replace(str(MOMENT), str(MOMENT + 1))
    with pytest.raises(Refused):
        alone().verify(inbound(body, {"Sandbox-Signature": header}))


def test_previous_secret_is_taken_and_told(alone, inbound, body):
    gateway = alone(webhook_secret_previous="the-old-secret")
    assert gateway.verify(inbound(body, signed(body, "the-old-secret"))).secret == "previous"
    assert gateway.verify(inbound(body, signed(body))).secret == "current"


def test_retired_secret_is_refused_once_it_is_gone(alone, inbound, body):
    for previous in (None, ""):
        with pytest.raises(Refused):
            alone(webhook_secret_previous=previous).verify(inbound(body, signed(body, "the-old-secret")))


def test_key_secret_signs_no_webhooks(alone, inbound, body):
    with pytest.raises(Refused):
        alone().verify(inbound(body, signed(body, "the-key")))


@pytest.mark.parametrize("secret", [None, "", "  "])
def test_without_a_secret_nothing_is_verified(alone, inbound, body, secret):
    gateway = alone(webhook_secret=secret, webhook_secret_previous="the-old-secret")
    with pytest.raises(NoSecret):
        gateway.verify(inbound(body, signed(body, secret or "")))
