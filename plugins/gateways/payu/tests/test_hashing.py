"""The hashes, against the formulas written out by hand, and what must never be hashed."""

import hashlib

import pytest
from kartify_payu import hashing

KNOWN_REQUEST = (
    "8a05bfa5bebca93605bc282672b0c406ee2f41d384d2c8ffe049850716508fd4"
    "21159c7d785dec8bef9bcfa7b6ceb06a3ac2f191ece5f2a2bf03bef70b6c4058"
)
FIELDS = {
    "key": "k", "txnid": "t", "amount": "10.00", "productinfo": "p", "firstname": "f", "email": "e@x", "udf1": "1",
    "udf2": "2", "udf3": "3", "udf4": "4", "udf5": "5", "status": "success",
}  # fmt: skip


def sha(text):
    return hashlib.sha512(text.encode()).hexdigest()


def test_a_request_has_six_pipes_before_the_salt():
    assert hashing.of_request(FIELDS, "S") == sha("k|t|10.00|p|f|e@x|1|2|3|4|5||||||S")
    bare = {name: value for name, value in FIELDS.items() if not name.startswith("udf")}
    assert hashing.of_request(bare, "S") == sha("k|t|10.00|p|f|e@x|||||||||||S")


def test_a_known_digest_of_a_request():
    """Reckoned once with sha512sum: the whole text, letter by letter."""
    fields = {
        "key": "KEY123", "txnid": "KTF100045A1", "amount": "1499.00", "productinfo": "Order 100045",
        "firstname": "Asha", "email": "asha@example.com", "udf1": "100045",
    }  # fmt: skip
    assert hashing.of_request(fields, "MADE0UP0SALT0NUMBER1") == KNOWN_REQUEST


def test_a_call_hashes_its_first_variable_only():
    assert hashing.of_command("k", "verify_payment", "a|b", "S") == sha("k|verify_payment|a|b|S")


def test_an_answer_goes_backwards_its_udfs_too():
    text = "S|success||||||5|4|3|2|1|e@x|f|p|10.00|t|k"
    assert hashing.of_answer(FIELDS, "S") == sha(text)
    assert hashing.of_answer(FIELDS, "S", fee="0.02") == sha(f"0.02|{text}")
    split = "S|success|{}||||||5|4|3|2|1|e@x|f|p|10.00|t|k"
    assert hashing.of_answer(FIELDS, "S", split="{}") == sha(split)
    assert hashing.of_answer(FIELDS, "S", fee="0.02", split="{}") == sha(f"0.02|{split}")


@pytest.mark.parametrize("fee", [{}, {"additionalCharges": "0.02"}, {"additional_charges": "0.02"}])
@pytest.mark.parametrize("split", [{}, {"splitInfo": '{"splitStatus":"splitNotReceived"}'}])
@pytest.mark.parametrize("fee_signed", [True, False])
@pytest.mark.parametrize("split_signed", [True, False])
def test_whatever_is_there_may_or_may_not_be_in_the_hash(fee, split, fee_signed, split_signed):
    text = "S|success" + (f"|{split['splitInfo']}" if split and split_signed else "")
    text += "||||||5|4|3|2|1|e@x|f|p|10.00|t|k"
    text = f"0.02|{text}" if fee and fee_signed else text
    assert hashing.is_genuine({**FIELDS, **fee, **split, "hash": sha(text)}, "S")


def test_values_are_hashed_as_they_came():
    fields = {**FIELDS, "productinfo": "cut off here "}
    assert hashing.is_genuine({**fields, "hash": sha("S|success||||||5|4|3|2|1|e@x|f|cut off here |10.00|t|k")}, "S")
    assert not hashing.is_genuine({**fields, "hash": sha("S|success||||||5|4|3|2|1|e@x|f|cut off here|10.00|t|k")}, "S")


@pytest.mark.parametrize("name", ["status", "udf1", "udf5", "email", "firstname", "productinfo", "amount", "txnid"])
def test_each_signed_value_counts(name):
    good = hashing.of_answer(FIELDS, "S")
    assert not hashing.is_genuine({**FIELDS, name: FIELDS[name] + "x", "hash": good}, "S")


def test_values_that_changed_places_are_another_text():
    good = hashing.of_answer(FIELDS, "S")
    assert not hashing.is_genuine({**FIELDS, "udf1": "2", "udf2": "1", "hash": good}, "S")


def test_a_pipe_that_moves_a_border_is_refused():
    """Joined they give the same text, so the digest is that of the genuine message."""
    moved = {**FIELDS, "udf2": "2|1", "udf1": "e@x", "email": "f", "firstname": "p", "productinfo": "10.00"}
    with pytest.raises(hashing.Pipe):
        hashing.of_answer(moved, "S")
    with pytest.raises(hashing.Pipe):
        hashing.of_request({**FIELDS, "firstname": "a|b"}, "S")
    with pytest.raises(hashing.Pipe):
        hashing.of_answer(FIELDS, "S", fee="1|2")
    split = {**FIELDS, "status": 'success|{"a":1}'}
    assert not hashing.is_genuine({**split, "hash": sha('S|success|{"a":1}||||||5|4|3|2|1|e@x|f|p|10.00|t|k')}, "S")


@pytest.mark.parametrize("spoilt", [str.upper, lambda text: text[:-1], lambda text: f"{text} ", lambda text: "", len])
def test_a_hash_of_another_form_is_none(spoilt):
    assert not hashing.is_genuine({**FIELDS, "hash": str(spoilt(hashing.of_answer(FIELDS, "S")))}, "S")
