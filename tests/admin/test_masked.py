"""SC-85: a stored message is shown by allow-list; secrets and card numbers are never shown, whoever asks."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from kartify.admin.frame import masked

CARD, MAIL, PHONE, SECRET = "4111 1111 1111 1111", "asha@example.com", "+919876543210", "s3cr3t-signature"
FIELDS = {
    "event": "payment.captured", "amount": 249900, "status": "captured", "txnid": "T1", "email": MAIL,
    "contact": PHONE, "name": "Asha Rao", "card_number": CARD, "razorpay_signature": SECRET, "hash": SECRET,
    "accessToken": SECRET, "vpa": "asha@upi", "strange": "what nobody knows",
}
XML = f"<order><status>PAID</status><email>{MAIL}</email><sign>{SECRET}</sign><card no='{CARD}'>x</card></order>"


def show(body: bytes, kind: str = "application/json", *, path: str = "/webhooks/a", revealed: bool = False,
         **headers: str) -> masked.Shown:
    return masked.show(method="POST", path=path, headers={"content-type": kind, **headers}, body=body,
                       revealed=revealed)


def everything(shown: masked.Shown) -> str:
    return f"{shown.path} {shown.headers} {shown.body}"


BODIES = {
    "json": (json.dumps({"outer": [FIELDS], **FIELDS}).encode(), "application/json"),
    "form": (urlencode(FIELDS).encode(), "application/x-www-form-urlencoded"),
    "xml": (XML.encode(), "application/xml"),
    "text": (f"email={MAIL} sign={SECRET} card {CARD}".encode(), "text/plain"),
    "unlabelled json": (json.dumps(FIELDS).encode(), ""),
    "broken json": (json.dumps(FIELDS).encode()[:-9], "application/json"),
}


@pytest.mark.parametrize("name", BODIES)
def test_sc_85_nothing_private_is_shown_and_secrets_and_cards_never(name: str) -> None:
    body, kind = BODIES[name]
    plain = everything(show(body, kind))
    for private in (MAIL, PHONE, "9876543210", "Asha", CARD, "4111", SECRET, "asha@upi", "nobody"):
        assert private not in plain, private
    revealed = everything(show(body, kind, revealed=True))
    assert MAIL in revealed or "asha%40" in revealed
    for never in (CARD, "4111111111111111", SECRET):
        assert never not in revealed, never


def test_the_structure_and_what_is_harmless_stay() -> None:
    shown = show(BODIES["json"][0])
    told = json.loads(shown.body)
    assert (told["event"], told["amount"], told["txnid"]) == ("payment.captured", 249900, "T1")
    assert list(told["outer"][0]) == list(FIELDS)
    assert told["email"] == masked.COVER
    assert shown.form == "JSON"
    form = show(BODIES["form"][0], BODIES["form"][1])
    assert "status=captured" in form.body.splitlines()
    assert "<status>PAID</status>" in show(BODIES["xml"][0], "text/xml").body


def test_headers_and_query_go_by_the_same_list() -> None:
    path = f"/callbacks/a?status=ok&email={MAIL}&token={SECRET}"
    headers = {"X-Signature": SECRET, "Authorization": "Basic abc", "User-Agent": "Gateway/1", "X-Customer": "Asha"}
    shown = show(b"{}", path=path, **headers)
    assert shown.path == "/callbacks/a?status=ok&email=•••&token=•••"
    assert dict(shown.headers)["User-Agent"] == "Gateway/1"
    assert "Asha" not in everything(shown)
    revealed = show(b"{}", path=path, revealed=True, **headers)
    told = dict(revealed.headers)
    assert (told["X-Customer"], told["X-Signature"], told["Authorization"]) == ("Asha", masked.COVER, masked.COVER)
    assert MAIL in revealed.path
    assert SECRET not in everything(revealed)


@pytest.mark.parametrize("value", [CARD, CARD.replace(" ", ""), "9876543210", MAIL, "x" * 200, "a<b"])
def test_a_harmless_name_does_not_carry_a_private_value(value: str) -> None:
    assert json.loads(show(json.dumps({"id": value}).encode()).body) == {"id": masked.COVER}


def test_a_number_that_is_a_card_is_covered_too() -> None:
    body = b'{"id": 4111111111111111, "amount": 249900, "created_at": 1700000000}'
    assert json.loads(show(body, revealed=True).body)["id"] == masked.COVER
    assert json.loads(show(body).body) == {"id": masked.COVER, "amount": 249900, "created_at": 1700000000}


def test_names_that_are_data_are_covered_and_stay_apart() -> None:
    told = json.loads(show(json.dumps({MAIL: 1, PHONE: 2, "id": 3}).encode()).body)
    assert list(told.values()) == [masked.COVER, masked.COVER, 3]
    assert MAIL not in str(told)


def test_what_hides_in_a_secret_field_is_covered_whole() -> None:
    told = json.loads(show(b'{"token": {"id": "tok_1", "values": ["x"]}}', revealed=True).body)
    assert told == {"token": masked.COVER}


@pytest.mark.parametrize("body", [
    b"[" * 100_000, b"<a>" * 50_000, b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"\xff\xfe\x00", b"", b"null", b"{}}",
    b'<<!--!ENTITY x "y">a</a>',
])
@pytest.mark.parametrize("kind", ["application/json", "text/xml", "application/x-www-form-urlencoded", ""])
@pytest.mark.parametrize("revealed", [True, False])
def test_what_cannot_be_read_breaks_nothing(body: bytes, kind: str, revealed: bool) -> None:
    shown: Any = show(body, kind, revealed=revealed)
    assert shown.size == len(body)
    assert len(shown.body) <= masked.LONGEST
