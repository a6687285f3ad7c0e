"""Opening: what is asked for, what is refused before the call, and an answer that was lost."""

from urllib.parse import urlsplit

import pytest

from kartify.plugin import Denied, Money, Permanent, Temporary


@pytest.fixture
def form(gateway, canned, wish, made):
    """The parameters that are sent."""

    def sent(own=gateway, **changes):
        request = wish(**changes)
        answer = made.session(
            status="open", payment_status="unpaid", url="https://checkout.stripe.com/c/pay/x",
            amount_total=request.amount.minor, currency=request.amount.currency.lower(),
        )  # fmt: skip
        client = canned(answer)
        own.open(client, request)
        [(method, url, given)] = client.asked
        assert (method, urlsplit(url).path) == ("POST", "/v1/checkout/sessions")
        assert given["headers"]["idempotency-key"] == "kartify-R7Q2M9-session"
        return given["form"]

    return sent


def test_a_session_is_opened_and_the_browser_sent_to_its_page(live, wish):
    told = live.gateway.open(live.client, wish())
    session = live.simulator.book.sessions[told.gateway_order_id]
    assert told.next.as_dict() == {"type": "redirect", "url": f"{live.url}/_pay/{session.id}"}
    assert (session.amount, session.currency, session.reference) == (129900, "INR", "R7Q2M9")
    assert (told.expires_at - session.created_at).total_seconds() == pytest.approx(86400, abs=1)
    assert len(told.gateway_order_id) <= 80


def test_the_marks_go_on_the_session_and_on_the_intent(form):
    sent = form()
    for prefix in ("metadata", "payment_intent_data[metadata]"):
        assert sent[f"{prefix}[kartify_reference]"] == "R7Q2M9"
        assert sent[f"{prefix}[kartify_order]"] == "K1007"
        assert sent[f"{prefix}[kartify_capture]"] == "automatic"
    assert sent["client_reference_id"] == "R7Q2M9"


def test_one_line_is_the_whole_sum_in_the_smallest_unit(form):
    sent = form()
    assert sent["line_items[0][price_data][unit_amount]"] == "129900"
    assert sent["line_items[0][price_data][currency]"] == "inr"
    assert sent["line_items[0][quantity]"] == "1"
    assert sent["line_items[0][price_data][product_data][name]"] == "Order K1007"


@pytest.mark.parametrize(("url", "back"), [
    ("https://kartify.example/callbacks/a", "https://kartify.example/callbacks/a?kartify_reference=R7Q2M9"),
    ("https://kartify.example/c?x=1", "https://kartify.example/c?x=1&kartify_reference=R7Q2M9"),
])  # fmt: skip
def test_the_browser_comes_back_with_the_sessions_id_in_its_place(form, url, back):
    sent = form(callback_url=url)
    assert sent["success_url"] == back + "&session_id={CHECKOUT_SESSION_ID}"
    assert sent["cancel_url"] == back + "&cancelled=1"


def test_nothing_goes_with_it_that_was_not_wished_for(form):
    absent = {"payment_intent_data[capture_method]", "billing_address_collection", "expires_at", "ui_mode",
              "payment_method_types[0]"}  # fmt: skip
    assert not absent & set(form())


def test_wishes_of_the_settings_go_with_it(form, make_gateway):
    own = make_gateway(capture_method="manual", billing_address=True, payment_methods="card, upi")
    sent = form(own)
    assert sent["payment_intent_data[capture_method]"] == "manual"
    assert sent["metadata[kartify_capture]"] == "manual"
    assert sent["billing_address_collection"] == "required"
    assert [sent["payment_method_types[0]"], sent["payment_method_types[1]"]] == ["card", "upi"]


@pytest.mark.parametrize(("email", "goes"), [
    ("asha@example.com", True), ("a.b+c@mail.example.co.in", True), ("", False), ("asha", False), ("a@b", False),
    ("a b@example.com", False), ("a@example.com\n", False), ("a@@example.com", False), (f"{'a' * 65}@x.in", False),
])  # fmt: skip
def test_an_address_that_stripe_would_refuse_does_not_stop_the_payment(form, email, goes):
    assert ("customer_email" in form(customer={"email": email})) is goes


def test_a_long_name_is_cut(form):
    sent = form(description="x" * 500, order_number="N" * 500)
    assert len(sent["line_items[0][price_data][product_data][name]"]) == 200
    assert len(sent["metadata[kartify_order]"]) == 200
    assert form(description="")["payment_intent_data[description]"] == "Order K1007"


@pytest.mark.parametrize(("changes", "field"), [
    ({"amount": Money(0, "INR")}, "amount"), ({"amount": Money(-1, "INR")}, "amount"),
    ({"amount": Money(100, "EUR")}, "currency"), ({"amount": Money(1005, "KWD")}, "amount"),
    ({"reference": "R7-Q2"}, "client_reference_id"), ({"reference": "A" * 21}, "client_reference_id"),
    ({"callback_url": "http://shop.example/c"}, "success_url"), ({"callback_url": "javascript:x"}, "success_url"),
])  # fmt: skip
def test_what_stripe_would_refuse_is_refused_before_the_call(make_gateway, canned, wish, changes, field):
    client = canned()
    with pytest.raises(Permanent) as caught:
        make_gateway(currencies="INR,KWD,JPY").open(client, wish(**changes))
    assert (caught.value.field, client.asked) == (field, [])


@pytest.mark.parametrize(("minor", "currency"), [(1010, "KWD"), (500, "JPY"), (1, "INR")])
def test_sums_go_out_as_they_are(form, make_gateway, minor, currency):
    sent = form(make_gateway(currencies="INR,KWD,JPY"), amount=Money(minor, currency))
    assert sent["line_items[0][price_data][unit_amount]"] == str(minor)


URL = "https://checkout.stripe.com/c/pay/x"


@pytest.mark.parametrize(("changes", "kind"), [
    ({"amount_total": 120000}, Permanent), ({"currency": "usd"}, Permanent), ({"amount_total": None}, Permanent),
    ({"url": None}, Temporary), ({"url": "http://evil.example/x"}, Temporary), ({"url": "javascript:x"}, Temporary),
    ({"metadata": {"kartify_reference": "OTHER1"}}, Temporary), ({"metadata": {}}, Temporary),
    ({"id": None}, Temporary), ({"object": "charge"}, Temporary), ({"livemode": True}, Denied),
], ids=str)  # fmt: skip
def test_an_answer_that_is_not_what_was_asked_for_opens_nothing(gateway, canned, wish, made, changes, kind):
    answer = made.session(**{"status": "open", "url": URL, **changes})
    with pytest.raises(kind):
        gateway.open(canned(answer), wish())


def test_the_same_opening_again_gives_the_same_session(live, wish):
    first, second = live.gateway.open(live.client, wish()), live.gateway.open(live.client, wish())
    assert first == second
    assert len(live.simulator.book.sessions) == 1


def test_an_opening_whose_answer_was_lost_is_simply_repeated(live, wish):
    live.simulator.faults.next("dropped-after")
    with pytest.raises(Temporary) as caught:
        live.gateway.open(live.client, wish())
    assert caught.value.sent
    assert live.gateway.open(live.client, wish()).gateway_order_id in live.simulator.book.sessions
    assert len(live.simulator.book.sessions) == 1


@pytest.mark.parametrize("how", ["before", "after"])
def test_a_failure_that_the_key_keeps_ends_the_payment(live, wish, how):
    """Else it would be asked for in vain for a day; nobody has the address of a page that could be paid."""
    live.simulator.keys.fail.append(how)
    with pytest.raises(Temporary):
        live.gateway.open(live.client, wish())
    with pytest.raises(Permanent, match="Open another payment") as caught:
        live.gateway.open(live.client, wish())
    assert caught.value.field == "reference"
    assert live.gateway.open(live.client, wish(reference="R7Q2MA"))


def test_an_opening_with_other_parameters_under_the_same_key_ends_the_payment(live, wish):
    live.gateway.open(live.client, wish())
    with pytest.raises(Permanent, match="Open another payment"):
        live.gateway.open(live.client, wish(customer={"email": "other@example.com"}))


def test_an_opening_that_is_still_under_way_is_temporary(gateway, canned, wish):
    error = {"error": {"type": "idempotency_error", "code": "idempotency_key_in_use", "message": "in progress"}}
    with pytest.raises(Temporary) as caught:
        gateway.open(canned((409, error)), wish())
    assert caught.value.sent


def test_a_refusal_names_the_field(gateway, canned, wish):
    error = {"error": {"type": "invalid_request_error", "code": "amount_too_small", "message": "at least 50 cents",
                       "param": "line_items[0][price_data][unit_amount]"}}  # fmt: skip
    with pytest.raises(Permanent, match="at least 50 cents") as caught:
        gateway.open(canned((400, error)), wish())
    assert caught.value.field == "line_items[0][price_data][unit_amount]"


# Closing.


def test_an_open_session_is_closed_and_over(live):
    ours = live.opened()
    assert live.gateway.close(live.client, ours).over
    with pytest.raises(ValueError, match="expired"):
        live.simulator.pay(ours.gateway_order_id)


def test_closing_a_session_that_was_paid_meanwhile_tells_of_the_payment(live):
    ours = live.opened()
    live.simulator.pay(ours.gateway_order_id)
    told = live.gateway.close(live.client, ours)
    assert (told.over, told.reports[0].captured) == (False, 129900)


def test_closing_twice_is_over_too(live):
    ours = live.opened()
    live.gateway.close(live.client, ours)
    assert live.gateway.close(live.client, ours).over


def test_a_close_that_failed_is_no_answer(live):
    ours = live.opened()
    live.simulator.faults.next("500")
    with pytest.raises(Temporary):
        live.gateway.close(live.client, ours)


def test_closing_with_a_revoked_key_pauses_the_account(gateway, canned, ref):
    with pytest.raises(Denied):
        gateway.close(canned((401, {"error": {"message": "Invalid API Key"}})), ref())


def test_an_intent_of_the_shops_own_page_is_cancelled(gateway, canned, ref, made):
    gone = made.intent("canceled", latest_charge=None)
    client = canned(gone, gone)
    assert gateway.close(client, ref(gateway_order_id=made.pi)).over
    assert client.asked[0][1].endswith(f"/v1/payment_intents/{made.pi}/cancel")


def test_a_payment_without_a_session_has_nothing_to_close(gateway, canned, ref, made):
    assert not gateway.close(canned(made.rows()), ref(gateway_order_id=None)).found
