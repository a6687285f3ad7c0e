"""The small parts: raw members of JSON, Indian time, ids of charges."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kartify_paytm import ids, raw
from kartify_paytm.moments import read_moment, write_date, write_moment

from kartify.plugin import Permanent, Unreadable

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8,
)


@given(st.dictionaries(st.text(), VALUES, max_size=4), st.sampled_from([None, 1, 3]), st.booleans())
def test_the_text_of_each_member_is_what_was_sent(value, indent, ascii_only):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    try:
        found = raw.members(text.encode())
    except UnicodeEncodeError:
        return  # half a character cannot be sent
    assert {name: json.loads(part) for name, part in found.items()} == value
    assert all(part in text for part in found.values())


def test_blanks_and_escapes_inside_a_member_are_kept():
    assert raw.members(b' {"body" :  {"a" : "\\u20b9/\\/" } , "head":1 } \n') == {
        "body": '{"a" : "\\u20b9/\\/" }', "head": "1",
    }  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [b"", b"[]", b"{", b'{"a"', b'{"a":', b'{"a":1', b'{"a":1,', b'{"a":1,}', b'{"a" 1}', b'{"a":1 "b":2}', b"{1:2}",
     b'{"a":1}x', b'{"a":1,"a":2}', b"\xff\xfe", b'{"a":' + b"[" * 20_000, b"null", b'{"a":1}{"b":2}', b"<html>"],
)  # fmt: skip
def test_anything_else_is_unreadable(wrong):
    with pytest.raises(Unreadable):
        raw.members(wrong)


@pytest.mark.parametrize(
    ("text", "moment"),
    [("2026-06-01 11:51:47.0", datetime(2026, 6, 1, 6, 21, 47, tzinfo=UTC)),
     ("2026-01-01 00:00:00.0", datetime(2025, 12, 31, 18, 30, tzinfo=UTC)),
     ("2026-06-01 11:51:47", datetime(2026, 6, 1, 6, 21, 47, tzinfo=UTC)),
     ("2026-06-01T11:51:47+05:30", datetime(2026, 6, 1, 6, 21, 47, tzinfo=UTC)),
     ("2026-06-01T06:21:47Z", datetime(2026, 6, 1, 6, 21, 47, tzinfo=UTC)),
     ("2024-02-29 23:59:59.0", datetime(2024, 2, 29, 18, 29, 59, tzinfo=UTC))],
)  # fmt: skip
def test_indian_time_becomes_utc(text, moment):
    assert read_moment(text) == moment
    assert read_moment(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text", [None, "", "7/24/2020 15:13:02", "2026-13-01 00:00:00.0", "0001-01-01 00:00:00.0", "now"]
)
def test_what_is_no_moment_is_none(text):
    assert read_moment(text) is None


def test_moments_are_written_in_indian_time():
    moment = datetime(2026, 6, 1, 20, 0, tzinfo=UTC)
    assert write_moment(moment) == "2026-06-02T01:30:00+05:30"
    assert write_date(moment) == "2026-06-02 01:30:00.0"
    assert read_moment(write_moment(moment)) == read_moment(write_date(moment)) == moment


def test_a_charge_is_named_by_transaction_and_order(kit):
    name = ids.charge_id(kit.TXN, "KTF100045A1")
    assert name == f"{kit.TXN}:KTF100045A1"
    assert ids.split(name) == (kit.TXN, "KTF100045A1")
    assert ids.transaction_of(name) == kit.TXN


@pytest.mark.parametrize("transaction", [None, "", "a b", "x:y", 5, "x" * 65])
def test_what_is_no_transaction_names_no_charge(transaction):
    assert ids.charge_id(transaction, "K1") is None


def test_a_name_too_long_for_the_core_is_the_transaction_alone_and_cannot_be_refunded_here(kit):
    name = ids.charge_id(kit.TXN, "O" * 50)
    assert name == kit.TXN
    with pytest.raises(Permanent, match="dashboard"):
        ids.split(name)


@pytest.mark.parametrize("value", ["", "a/b", "a b", "ü", "x" * 51, "a|b", "a\n"])
def test_what_paytm_takes_for_no_order_id_is_refused_before_the_call(value):
    with pytest.raises(Permanent):
        ids.require_order(value)
    assert ids.order_id(value) is None
