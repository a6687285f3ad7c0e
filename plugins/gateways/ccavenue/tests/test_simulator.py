"""The stand-in refuses what CCAvenue refuses, and can be driven by whoever knows only the toolkit."""

from urllib.parse import parse_qs, urlencode

import pytest

from kartify.plugin import Inbound


@pytest.fixture
def call(live, kit):
    """A raw call, changed as given: (status, code, what is inside)."""

    def make(command="orderStatusTracker", text='{"reference_no":"","order_no":"R1"}', **changes):
        key = live.simulator.desk.api_working_key
        form = {
            "enc_request": kit.formula(text, key), "access_code": live.simulator.desk.api_access_code,
            "command": command, "request_type": "JSON", "response_type": "JSON", "version": "1.2", **changes,
        }  # fmt: skip
        answer = live.client.request("POST", f"{live.url}/apis/servlet/DoWebTrans", form=form)
        told = parse_qs(answer.body.decode(), keep_blank_values=True)
        inside = told["enc_response"][0].strip()
        return told["status"][0], told["enc_error_code"][0], kit.unhidden(inside, key) if told["status"] == ["0"] else inside  # noqa: E501

    return make


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"access_code": "AVOTHER"}, "51407"), ({"command": "dropTables"}, "51410"), ({"request_type": "SOAP"}, "51404"),
     ({"response_type": "SOAP"}, "51405"), ({"enc_request": ""}, "51408"), ({"enc_request": "00" * 16}, "-1"),
     ({"text": "no json"}, "51411"), ({"text": "[]"}, "51411"), ({"version": "9"}, "51421")],
)  # fmt: skip
def test_wrong_calls_are_refused_in_plain_text(call, changes, code):
    status, told, _ = call(**changes)
    assert (status, told) == ("1", code)


@pytest.mark.parametrize(
    ("text", "code"),
    [('{"order_no":""}', "51004"), ('{"order_no":"a/b"}', "51017"), ('{"order_no":"%s"}' % ("x" * 31), "51018"),
     ('{"reference_no":"abc"}', "51002"), ('{"order_no":"nobody"}', "51313")],
)  # fmt: skip
def test_wrong_questions_are_answered_with_their_code(call, text, code):
    status, _, inside = call(text=text)
    assert status == "0"
    assert f'"error_code": "{code}"' in inside


@pytest.mark.parametrize("text", ['{"page_number":"1"}', '{"from_date":"2026-06-01","page_number":"1"}',
                                  '{"from_date":"01-06-2026","page_number":"0"}'])  # fmt: skip
def test_lists_without_a_day_or_a_page_are_refused(call, text):
    assert '"error_code": "510' in call("orderLookup", text)[2]


def test_a_list_gives_a_hundred_rows_at_most_and_sums_as_numbers(live, call):
    for number in range(120):
        live.opened(f"R{number}")
    _, _, inside = call("orderLookup", '{"from_date":"01-01-2020","page_number":1,"no_of_records":"500"}')
    assert (inside.count('"order_no"'), '"page_count": 2' in inside) == (100, True)
    assert '"order_amt": 1499.00,' in inside


def test_a_new_submission_has_a_number_of_its_own(live):
    ours = live.opened()
    first = live.simulator.pay(ours.gateway_order_id, state="failed")
    live.opened()
    second = live.simulator.pay(ours.gateway_order_id)
    assert first.id != second.id
    assert [one.gateway_payment_id for one in live.ask(ours).reports] == [second.id, first.id]


@pytest.mark.parametrize("state", ["captured", "authorized", "failed", "pending", "voided"])
def test_what_it_sends_is_read_by_the_plugin(live, state):
    ours = live.opened()
    charge = live.simulator.pay(ours.gateway_order_id, state=state)
    (told,) = live.simulator.told(charge)
    message = Inbound(method="POST", path="/", headers={}, body=told.body)
    live.gateway.verify(message)
    assert live.gateway.read_webhook(message).ask == (ours.reference,)
    back = live.simulator.comeback(charge)
    message = Inbound(method="POST", path="/", headers={}, body=urlencode(back.fields).encode())
    assert live.gateway.callback_key(message).reference == ours.reference
    outcome = {"captured": "success", "authorized": "success", "failed": "failure", "voided": "cancelled"}
    told = live.gateway.read_callback(message, ours)
    assert (told.outcome, told.gateway_payment_id) == (outcome.get(state, "unknown"), charge.id)


def test_notifications_go_to_the_door_beside_the_return(live):
    charge = live.simulator.pay(live.opened().gateway_order_id)
    assert live.simulator.webhook_url(charge) == "https://kartify.example/webhooks/a"


def test_a_late_success_shows_under_the_same_number(live):
    ours = live.opened()
    charge = live.simulator.pay(ours.gateway_order_id, state="pending")
    live.simulator.late(charge.id)
    (report,) = live.ask(ours).reports
    assert (report.gateway_payment_id, report.captured) == (charge.id, 149900)
