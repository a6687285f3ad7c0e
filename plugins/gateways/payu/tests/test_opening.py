"""The posted form: what the page takes, hashed as it is sent."""

import pytest

from kartify.plugin import Money, Permanent


def posted(gateway, request):
    return gateway.open(None, request)


def test_the_form_holds_what_the_page_needs_and_its_hash(gateway, wish, kit):
    opened = posted(gateway, wish())
    assert (opened.gateway_order_id, opened.next.type, opened.next.url) == (
        kit.ORDER, "form", "https://test.payu.in/_payment"
    )
    fields = dict(opened.next.fields)
    text = f"KEY123|{kit.ORDER}|1499.00|Order 100045|Asha Rao|asha@example.com|100045||||||||||{kit.SALT}"
    assert fields.pop("hash") == kit.sha512(text)
    assert fields == {
        "key": "KEY123", "txnid": kit.ORDER, "amount": "1499.00", "productinfo": "Order 100045",
        "firstname": "Asha Rao", "email": "asha@example.com", "phone": "9000000001", "udf1": "100045",
        "surl": "https://kartify.example/callbacks/a", "furl": "https://kartify.example/callbacks/a",
    }  # fmt: skip


def test_the_same_wish_gives_the_same_form(gateway, wish):
    assert posted(gateway, wish()) == posted(gateway, wish())


def test_nothing_that_changes_the_formula_is_sent(gateway, wish):
    changing = {"splitRequest", "si_details", "additional_charges", "api_version", "offer_key", "beneficiarydetail"}
    assert not set(posted(gateway, wish()).next.fields) & changing


def test_live_goes_to_the_live_page(make_gateway, wish):
    assert posted(make_gateway(environment="live"), wish()).next.url == "https://secure.payu.in/_payment"


@pytest.mark.parametrize(
    ("minor", "text"), [(1, "0.01"), (100, "1.00"), (149950, "1499.50"), (999999999999, "9999999999.99")]
)
def test_sums_are_rupees_with_two_decimals(gateway, wish, minor, text):
    assert posted(gateway, wish(amount=Money(minor, "INR"))).next.fields["amount"] == text


@pytest.mark.parametrize("amount", [Money(0, "INR"), Money(-1, "INR"), Money(10**12, "INR"), Money(100, "USD")])
def test_sums_that_payu_does_not_take_are_refused(gateway, wish, amount):
    with pytest.raises(Permanent) as told:
        posted(gateway, wish(amount=amount))
    assert told.value.field in ("amount", "currency")


def test_pipes_and_odd_letters_do_not_reach_the_hash(gateway, wish):
    customer = {"name": "A|B <i>राव", "email": "asha@example.com", "phone": "9000000001"}
    fields = posted(gateway, wish(customer=customer, description="x|y \"z\" &", order_number="K-1")).next.fields
    assert (fields["firstname"], fields["productinfo"]) == ("A B i", "x y z")
    assert not any("|" in value for value in fields.values())


def test_long_texts_are_cut_without_a_blank_at_the_end(gateway, wish):
    customer = {"name": "N" * 59 + " " + "M" * 10, "email": "asha@example.com", "phone": "9000000001"}
    fields = posted(gateway, wish(customer=customer, description="d" * 99 + " more")).next.fields
    assert (fields["firstname"], fields["productinfo"]) == ("N" * 59, "d" * 99)


def test_a_name_without_a_letter_that_payu_takes_has_a_stand_in(gateway, wish):
    customer = {"name": "आशा", "email": "asha@example.com", "phone": "9000000001"}
    assert posted(gateway, wish(customer=customer)).next.fields["firstname"] == "Customer"


@pytest.mark.parametrize(
    ("given", "sent"),
    [("+91 90000-00001", "9000000001"), ("09000000001", "9000000001"), ("919000000001", "9000000001"),
     ("(900) 000 0001", "9000000001"), ("+44 20 7946 0958", "442079460958")],
)  # fmt: skip
def test_phones(gateway, wish, given, sent):
    customer = {"name": "Asha", "email": "asha@example.com", "phone": given}
    assert posted(gateway, wish(customer=customer)).next.fields["phone"] == sent


@pytest.mark.parametrize("given", ["", "12", "call me", "900000000|1"])
def test_a_phone_is_needed(gateway, make_gateway, wish, given):
    request = wish(customer={"name": "Asha", "email": "asha@example.com", "phone": given})
    with pytest.raises(Permanent) as told:
        posted(gateway, request)
    assert told.value.field == "phone"
    assert posted(make_gateway(fallback_phone="9111111111"), request).next.fields["phone"] == "9111111111"


@pytest.mark.parametrize("given", ["", "nobody", "a|b@example.com", "a b@example.com", "x" * 50 + "@example.com"])
def test_a_mail_address_is_needed(gateway, make_gateway, wish, given):
    request = wish(customer={"name": "Asha", "email": given, "phone": "9000000001"})
    with pytest.raises(Permanent) as told:
        posted(gateway, request)
    assert told.value.field == "email"
    sent = posted(make_gateway(fallback_email="pay@example.com"), request).next.fields["email"]
    assert sent == "pay@example.com"


def test_a_mail_address_with_other_letters_goes_as_it_is_unless_there_is_another(gateway, make_gateway, wish):
    request = wish(customer={"name": "Asha", "email": "asha+shop@example.com", "phone": "9000000001"})
    assert posted(gateway, request).next.fields["email"] == "asha+shop@example.com"
    sent = posted(make_gateway(fallback_email="pay@example.com"), request).next.fields["email"]
    assert sent == "pay@example.com"


def test_a_prefix_stands_before_our_reference(make_gateway, wish):
    opened = posted(make_gateway(id_prefix="SHOP1"), wish(reference="R" * 20))
    assert opened.gateway_order_id == opened.next.fields["txnid"] == "SHOP1" + "R" * 20


@pytest.mark.parametrize("reference", ["R" * 21, "R-1", "R|1", ""])
def test_a_reference_that_is_none_is_refused(gateway, wish, reference):
    with pytest.raises(Permanent) as told:
        posted(gateway, wish(reference=reference))
    assert told.value.field == "txnid"


def test_the_page_of_the_stand_in_takes_it(live, wish):
    opened = live.gateway.open(live.client, wish())
    answer = live.client.request("POST", opened.next.url, form=dict(opened.next.fields))
    assert answer.status == 303
    assert answer.headers["location"].endswith(f"/_pay/{opened.gateway_order_id}")
