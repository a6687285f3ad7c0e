"""The checksum, cross-checked with Paytm's own package in both directions."""

import base64

import paytmchecksum
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kartify_paytm import checksum

from kartify.plugin import Refused

KEYS = ["made-up-key-1234", "k%y@_#k%y@_#k%y@", "made-up-key-of-24-chars!", "made-up-key-of-32-characters-ok!"]
TEXTS = ["", "a", '{"mid":"KARTIF","orderId":"K1"}', "Zoë / ₹ | x", "x" * 5000]
FIELDS = {"MID": "KARTIF", "ORDERID": "K1", "TXNAMOUNT": "1499.00", "BANKNAME": "", "RESPMSG": "NULL"}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("text", TEXTS)
def test_what_we_sign_the_official_package_accepts(key, text):
    assert paytmchecksum.verifySignature(text, key, checksum.sign(text, key))


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("text", TEXTS)
def test_what_the_official_package_signs_we_accept(key, text):
    checksum.check(text, paytmchecksum.generateSignature(text, key), key)


@pytest.mark.parametrize("key", KEYS)
def test_fields_are_joined_as_the_official_package_joins_them(key):
    checksum.check_fields({**FIELDS, "CHECKSUMHASH": paytmchecksum.generateSignature(dict(FIELDS), key)}, key)
    assert paytmchecksum.verifySignature(dict(FIELDS), key, checksum.sign_fields(FIELDS, key))


NAMES = st.text("ABCDEFGHIJ_", min_size=1)
# The bar is refused before the join; see below.
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="|"))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(NAMES, WORDS, max_size=8))
def test_any_fields_give_the_same_text_as_the_official_package(fields):
    made = paytmchecksum.generateSignature(dict(fields), KEYS[0])
    checksum.check_fields({**fields, "CHECKSUMHASH": made}, KEYS[0])


def test_the_formula_of_these_tests_is_that_of_the_official_package(kit):
    assert paytmchecksum.verifySignature("text", kit.KEY, kit.formula("text"))
    assert paytmchecksum.verifySignature(dict(kit.PAID), kit.KEY, kit.signed(kit.PAID)["CHECKSUMHASH"])


def test_salts_differ_from_one_signature_to_the_next():
    assert len({checksum.sign("text", KEYS[0]) for _ in range(20)}) == 20


def test_the_word_null_and_nothing_are_one_value_to_the_checksum():
    """What the scheme cannot tell apart must never be proof."""
    for value in ("null", "NULL", "Null", ""):
        checksum.check_fields({"A": value, "B": "1", "CHECKSUMHASH": checksum.sign("|1", KEYS[0])}, KEYS[0])


def test_values_of_a_failure_pass_under_the_names_of_a_success(kit):
    """The join has no names: the checksum of one set of fields fits another. Hence: only a reason to ask."""
    genuine = {"A_NOTE": "TXN_SUCCESS", "RESPMSG": "no", "STATUS": "TXN_FAILURE"}
    renamed = {"STATUS": "TXN_SUCCESS", "TEXT": "no", "WORD": "TXN_FAILURE"}
    made = kit.formula(kit.joined(genuine))
    assert paytmchecksum.verifySignature(dict(renamed), kit.KEY, made)
    checksum.check_fields({**renamed, "CHECKSUMHASH": made}, kit.KEY)


def test_a_bar_inside_a_value_is_refused_though_the_checksum_fits(kit):
    fields = {"A": "1|2", "B": "3"}
    assert kit.joined(fields) == kit.joined({"A": "1", "B": "2", "C": "3"})
    with pytest.raises(Refused, match="where it ends"):
        checksum.check_fields(kit.signed(fields), kit.KEY)


GOOD = checksum.sign("text", KEYS[0])


@pytest.mark.parametrize(
    "wrong",
    ["", " ", "x", "====", GOOD[:-4], GOOD + "AAAA", f"{GOOD},{GOOD}", GOOD + "\n", GOOD.lower(), "é" * 108,
     base64.b64encode(b"\0" * 80).decode(), base64.b64encode(b"x" * 16).decode(), base64.b64encode(b"").decode(),
     checksum.sign("text", "someone-elses-16"), checksum.sign("other", KEYS[0])],
)  # fmt: skip
def test_garbage_is_refused_and_nothing_else_is_raised(wrong):
    with pytest.raises(Refused):
        checksum.check("text", wrong, KEYS[0])


def test_one_changed_byte_of_the_checksum_is_refused():
    whole = base64.b64decode(GOOD)
    for position in range(len(whole)):
        changed = bytearray(whole)
        changed[position] ^= 1
        with pytest.raises(Refused):
            checksum.check("text", base64.b64encode(changed).decode(), KEYS[0])


@pytest.mark.parametrize("position", range(4))
def test_one_changed_character_of_the_text_is_refused(position):
    changed = "text"[:position] + "X" + "text"[position + 1 :]
    with pytest.raises(Refused):
        checksum.check(changed, GOOD, KEYS[0])


@pytest.mark.parametrize("given", [{}, {"CHECKSUMHASH": ""}])
def test_a_missing_checksum_is_refused(given):
    with pytest.raises(Refused, match="no checksum"):
        checksum.check_fields({"A": "1", **given}, KEYS[0])


def test_a_well_filled_secret_that_is_no_digest_is_refused(kit):
    """AES alone proves nothing: what is inside must be the digest and its salt."""
    sealed = paytmchecksum.encrypt("not a digest at all", kit.KEY)
    with pytest.raises(Refused, match="merchant key"):
        checksum.check("text", sealed, kit.KEY)
