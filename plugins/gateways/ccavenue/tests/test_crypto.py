"""The encryption, against other people's programs; and what it does not prove."""

import pytest
from kartify_ccavenue import crypto, fields

KEY = "MADE0UP0WEB0KEY0MADE0UP0WEB0KEY0"
# Made by the package pay_ccavenue 1.1.0; openssl reads the same text out of it.
OTHERS = (
    "7326baacec4ecdfb2e9bcf5fc97dc7fd04b91c80ac5450641a0a48a6284302ce973d6d9ee7018a43a7b48e8f3f8d4f8610b4f78b3112c0e0"
    "820434d2ac3270743ae8942bcecf7b9b2889df33542c961df57c909a3e601253b68371e467648294f52ad7cb414d62641e80cfbf85559bab"
    "7381cfa7175647b09ccdf95da13c2957324971e50da3ef0f2b98af92aa497dfea973395e795dc288953842869b8209a0efb5c10387a22d77"
    "d6f0c5c6f8f49dfa641aa891bbdcb905d2a4a9fcd2bf9463616a3b244209c6d447c147f3412c8660ba8bb9e0965222784a4b2e1d7512b94c"
)
TEXT = (
    "merchant_id=100001&order_id=KTF100045A1&currency=INR&amount=1499.00"
    "&redirect_url=https://kartify.example/callbacks/a&cancel_url=https://kartify.example/callbacks/a"
    "&language=EN&integration_type=iframe_normal&mode=LIVE"
)


def test_another_package_and_ours_write_the_same():
    assert crypto.encrypt(TEXT, KEY) == OTHERS
    assert crypto.decrypt(OTHERS, KEY) == crypto.decrypt(OTHERS.upper(), KEY) == TEXT


@pytest.mark.parametrize("text", ["", "a" * 15, "a" * 16, "a" * 17, "नमस्ते & Ashä", "x=1\r\ny"])
def test_every_length_and_letter_comes_back(kit, text):
    assert crypto.encrypt(text, KEY) == kit.formula(text, KEY)
    assert crypto.decrypt(crypto.encrypt(text, KEY), KEY) == text


@pytest.mark.parametrize(
    "text",
    ["", "0", "zz" * 16, "00" * 15, "00" * 17, "00" * 16, OTHERS[:-2], OTHERS[:-32], f" {OTHERS}", OTHERS + "\n"],
)
def test_what_is_no_such_text_is_refused_without_a_reason(text):
    with pytest.raises(crypto.Undecipherable) as told:
        crypto.decrypt(text, KEY)
    assert str(told.value) == ""


def test_clean_padding_around_bytes_that_are_no_text_is_refused(kit):
    with pytest.raises(crypto.Undecipherable):
        crypto.decrypt(kit.formula(b"order_id=\xff\xfe", KEY), KEY)


def test_pieces_of_two_genuine_texts_decrypt_so_it_proves_nothing(kit):
    """The sheet's attack, with pieces chosen such that the spoiled block may be anything."""
    failed, paid = "a" * 32 + "b" * 32 + "c" * 32, "d" * 32 + "e" * 32 + "order_status=Success"
    one, two = kit.formula(failed, KEY), kit.formula(paid, KEY)
    decrypted = crypto._cipher(KEY).decryptor()
    plain = decrypted.update(bytes.fromhex(one[:64] + two[96:])) + decrypted.finalize()
    assert plain.startswith(b"a" * 32)
    assert b"order_status=Success" in plain


def test_names_and_values_are_read_with_the_first_equals_sign():
    told = fields.parse("a=1=2&b=null&c=NULL&d=&billing_name=Tom & Co&e=x%26y+z")
    assert told == {"a": "1=2", "b": "", "c": "", "d": "", "billing_name": "Tom & Co", "e": "x&y+z"}


@pytest.mark.parametrize("text", ["", "a", "=1", "a=1&a=2", "a=1&%41=2", "a b=1", "a=\x00", "a=%00", "a=\x1b", "9=1"])
def test_a_text_that_is_not_clear_is_none(text):
    with pytest.raises(fields.Unclear):
        fields.parse(text)


def test_what_is_joined_comes_back():
    values = {"order_id": "K1", "redirect_url": "https://a.example/x?y=1&z=2%", "billing_name": "Asha + Rao #1"}
    assert fields.parse(fields.join(values)) == values
