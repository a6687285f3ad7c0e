"""The joins of PayU's hashes, written out here by hand."""

import hashlib

import pytest
from kartify_payu.hashing import answer_hash, command_hash, is_signed, request_hash

ASKED = {
    "key": "KEY123", "txnid": "KTF100045A1", "amount": "1499.00", "productinfo": "Order 100045", "firstname": "Asha",
    "email": "asha@example.com", "udf1": "100045", "udf2": "b", "udf3": "c", "udf4": "d", "udf5": "e",
}
TOLD = {**ASKED, "status": "success", "mihpayid": "403993715537000001", "unmappedstatus": "captured"}
REST = "success||||||e|d|c|b|100045|asha@example.com|Asha|Order 100045|1499.00|KTF100045A1|KEY123"
SPLIT = '{"splitStatus":"splitNotReceived","splitSegments":[]}'


def sha(text):
    return hashlib.sha512(text.encode()).hexdigest()


def test_a_request_has_five_empty_slots_before_the_salt():
    told = "KEY123|KTF100045A1|1499.00|Order 100045|Asha|asha@example.com|100045|b|c|d|e||||||SALT"
    assert request_hash(ASKED, "SALT") == sha(told)


def test_an_answer_is_the_reverse_udfs_too():
    assert answer_hash(TOLD, "SALT") == sha(f"SALT|{REST}")


def test_a_command_is_key_command_first_value_and_salt():
    assert command_hash("KEY123", "verify_payment", "A|B", "SALT") == sha("KEY123|verify_payment|A|B|SALT")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, f"SALT|{REST}"),
        ({"splitInfo": SPLIT}, f"SALT|{REST}"),
        ({"splitInfo": SPLIT}, f"SALT|success|{SPLIT}" + REST.removeprefix("success")),
        ({"additionalCharges": "0.02"}, f"0.02|SALT|{REST}"),
        ({"additional_charges": "0.02"}, f"0.02|SALT|{REST}"),
        ({"additionalCharges": "0.02", "splitInfo": SPLIT},
         f"0.02|SALT|success|{SPLIT}" + REST.removeprefix("success")),
    ],
)
def test_each_of_the_forms_that_payu_signs_is_taken(more, told):
    assert is_signed({**TOLD, **more, "hash": sha(told)}, "SALT")


@pytest.mark.parametrize(
    "change",
    [{"status": "failure"}, {"amount": "1.00"}, {"txnid": "KTF100046A1"}, {"udf5": ""},
     {"productinfo": "Order 100045 "}, {"hash": sha(f"SALT|{REST}").upper()}, {"hash": sha(f"SALT|{REST}")[:64]},
     {"hash": ""}],
)
def test_what_was_changed_or_cut_is_not_signed(change):
    assert not is_signed({**TOLD, "hash": sha(f"SALT|{REST}"), **change}, "SALT")


def test_another_salt_signs_nothing():
    assert not is_signed({**TOLD, "hash": sha(f"SALT|{REST}")}, "SALS")
