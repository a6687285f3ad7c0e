"""The order page: what proves it, what can be done and in which order, and the raw message behind a report."""

from __future__ import annotations

import json
import re
import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine
from browser import ROLES, SECRET_WORDS, Cockpit, add_user, plain
from browser import Person as Browser
from fakes import report, signed, webhook
from sqlalchemy import update
from test_actions import dead_delivery
from world import held, told

from kartify.flows.delivering import deliver
from kartify.flows.lookups import asking
from kartify.flows.operating import operations
from kartify.flows.people import stores
from kartify.flows.proof import laws
from kartify.flows.receiving import receive
from kartify.models import Case, Delivery, InboxMessage, Operation, Order, Report, Settlement, User, new_id, table
from kartify.plugin import PaymentAnswer


def page(cockpit: Cockpit, order_id: UUID, role: str = "admin") -> str:
    return cockpit.person(role).text(f"/admin/orders/{order_id}")


def html(cockpit: Cockpit, order_id: UUID, role: str = "admin") -> str:
    return cockpit.person(role).get(f"/admin/orders/{order_id}").text


def primary(cockpit: Cockpit, order_id: UUID, role: str = "admin") -> list[str]:
    """What stands out on the page."""
    found = re.findall(r'<(?:button|a) class="(?:button )?primary"[^>]*>([^<]*)<', html(cockpit, order_id, role))
    return [" ".join(one.split()) for one in found]


# What proves it.


def test_the_proof_names_the_evidence_that_settled_and_links_to_its_message(cockpit: Cockpit) -> None:
    order_id = told(cockpit, "K1")
    asking.check_order(cockpit.house, order_id, by="test")
    said = page(cockpit, order_id, "viewer")
    assert "proved ₹2,499.00 settled by the gateway's own message (webhook)." in said
    assert "Webhook , Plain Pay: ₹2,499.00 captured ✓ settled the order Message" in said
    assert "No callback has come." in said
    message = cockpit.rows(Report, order_id=order_id, channel="webhook")[0]["inbox_id"]
    assert f"/admin/orders/{order_id}/messages/{message}" in html(cockpit, order_id)
    assert said.count("settled the order") == 1


@pytest.mark.parametrize(("channel", "words"), [("lookup", "our question to the gateway"), ("cod", "Cash on delivery")])
def test_other_proofs_have_their_own_words(cockpit: Cockpit, channel: str, words: str) -> None:
    order_id = cockpit.missing("K1")
    if channel == "lookup":
        cockpit.bank.paid("order_K1")
        asking.check_order(cockpit.house, order_id, by="order lookup cron")
    else:
        with cockpit.house.database.write() as connection:
            connection.execute(update(table(Order)).values(method="cod", basis="cod"))
    said = page(cockpit, order_id)
    assert words in said
    assert "not proved" not in said


def test_without_proof_the_page_says_so_and_tells_the_silent_channels(cockpit: Cockpit) -> None:
    order_id = cockpit.missing("K1")
    said = page(cockpit, order_id)
    assert "not proved Nothing yet: no source has said that it is paid." in said
    assert "No callback and no webhook has come." in said
    asking.check_order(cockpit.house, order_id, by="test")
    assert "Look-up , Plain Pay: " in page(cockpit, order_id)
    authorized = told(cockpit, "K2", state="authorized", amount=1)
    assert "The bank has set the money aside (authorised)." in page(cockpit, authorized)


def test_a_move_by_hand_is_named_as_a_persons_word(cockpit: Cockpit) -> None:
    order_id = cockpit.missing("K1")
    person = cockpit.person("support")
    person.press(f"/admin/orders/{order_id}/move", version=1, target="processing", reason="bank slip")
    said = page(cockpit, order_id)
    assert "not proved A person's word, and no payment so far." in said
    assert f"Person , {person.email}: bank slip" in said


def test_what_settled_it_stays_in_sight_however_much_was_said_since(cockpit: Cockpit) -> None:
    order_id = told(cockpit, "K1")
    for number in range(10):
        charge = {"order": "order_K1", "payment": "pay_K1", "state": "pending"}
        receive.webhook(cockpit.house, cockpit.gateway, webhook(f"p{number}", charge, secret=SECRET_WORDS[0]))
    said = page(cockpit, order_id)
    assert "settled the order" in said
    assert "4 more on the timeline." in said


def test_the_sentence_tells_both_times_at_which_the_gateway_was_asked(cockpit: Cockpit) -> None:
    cockpit.bank.answers["order_K1"] = PaymentAnswer(reports=(report(state="pending", order="order_K1"),))
    with time_machine.travel(datetime(2026, 11, 26, 6, 33, tzinfo=UTC), tick=False) as clock:
        order_id = cockpit.missing("K1")
        clock.shift(timedelta(minutes=5))
        cockpit.person("support").press(f"/admin/orders/{order_id}/check", version=1)
        clock.shift(timedelta(minutes=5))
        asking.check_order(cockpit.house, order_id, by="order lookup cron")
        said = page(cockpit, order_id)
    assert "Missing since 12:03. No callback, no webhook. Plain Pay was asked at 12:08 and 12:13: still under way" in (
        said)


# What can be done.


def test_the_safest_step_is_the_only_one_that_stands_out(cockpit: Cockpit) -> None:
    stores.set_store(cockpit.house, cockpit.shop.code, {"auto_capture": "false"})
    assert primary(cockpit, cockpit.missing("K1")) == ["Check payment"]
    dead, _ = dead_delivery(cockpit, "K2")
    assert primary(cockpit, dead) == ["Edit and push again"]
    assert primary(cockpit, told(cockpit, "K3", state="authorized")) == ["Capture ₹2,499.00"]
    assert primary(cockpit, held(cockpit, "K4")) == []
    twice = told(cockpit, "K5")
    charge = {"order": "order_K5", "payment": "pay_again"}
    receive.webhook(cockpit.house, cockpit.gateway, webhook("again", charge, secret=SECRET_WORDS[0]))
    assert primary(cockpit, twice) == ["Refund money"]
    assert primary(cockpit, twice, "support") == []
    assert primary(cockpit, dead, "viewer") == []


def test_who_may_nothing_is_told_who_may(cockpit: Cockpit) -> None:
    order_id = told(cockpit, "K1", amount=240000)
    said = page(cockpit, order_id, "viewer")
    assert "what changes an order takes the right to work on orders, which support or admin has" in said
    assert "Accept difference, Refund : takes the right to decide about money, which finance or admin has." in said
    assert "<button>Accept" not in html(cockpit, order_id, "support")


def test_what_cannot_be_done_now_is_explained(cockpit: Cockpit) -> None:
    bare = cockpit.shop.order("K1")
    assert "Check payment : no payment was opened at a gateway" in page(cockpit, bare)
    dead, _ = dead_delivery(cockpit, "K2")
    assert "Hold : Ledger does not have the order yet." in page(cockpit, dead)
    with cockpit.house.database.write() as connection:
        connection.execute(update(table(Order)).where(table(Order).c.id == bare).values(status="shipped"))
    said = page(cockpit, bare)
    assert "Cancel : the goods are on their way" in said
    assert "Edit : the order is shipped." in said


def test_accept_difference_settles_sends_out_and_is_written_down(either: Cockpit) -> None:
    cockpit = either
    order_id = told(cockpit, "K1", amount=240000)
    case = cockpit.rows(Case)[0]
    cockpit.bank.paid("order_K1", payment="pay_K1", amount=240000)
    person = cockpit.person("finance")
    said = person.text(f"/admin/orders/{order_id}")
    assert "Accept ₹99.00 less" in said
    assert "counts as paid with ₹99.00 less than was due, and goes out" in said
    path = f"/admin/orders/{order_id}/accept/{case['id']}"
    values = {"version": 1, "difference": -9900, "reason": "rounding", "confirmed": "yes"}
    for wrong, code, text in [({"confirmed": ""}, 422, "confirmed: expected"), ({"reason": " "}, 422, "reason:"),
                              ({"difference": "x"}, 422, "difference: expected"), ({"difference": 5}, 409, "by now"),
                              ({"version": 9}, 409, "changed while this form was open")]:
        answer = person.post(path, **{**values, **wrong})
        assert (answer.status_code, text in plain(answer)) == (code, True), wrong
    assert cockpit.status(order_id) == "missing"
    assert cockpit.rows(Settlement) == []
    shown = person.press(path, **values)
    assert "₹99.00 less than due is accepted." in shown
    assert "₹99.00 less than due was accepted" in shown
    assert "Accepted difference ₹99.00" in shown
    assert cockpit.status(order_id) == "processing"
    texts = [row["text"] for row in cockpit.audited("accept difference")]
    assert [one.startswith("not done") for one in texts] == [True] * 5 + [False]
    assert laws.check(cockpit.house) == []
    assert person.post(path, **{**values, "version": 2}).status_code == 409


def test_two_people_accept_at_once_and_one_settlement_follows(either: Cockpit) -> None:
    cockpit = either
    order_id = told(cockpit, "K1", amount=240000)
    path = f"/admin/orders/{order_id}/accept/{cockpit.rows(Case)[0]['id']}"
    people = [cockpit.person("finance"), cockpit.person("admin")]
    tokens = [re.search(r'csrf_token" value="([^"]+)', one.get("/admin/tools/").text)[1] for one in people]  # type: ignore[index]
    gate, codes = threading.Barrier(2), list[int]()

    def press(person: Browser, token: str) -> None:
        gate.wait(10)
        answer = person.client.post(path, data={
            "csrf_token": token, "version": 1, "difference": -9900, "reason": "rounding", "confirmed": "yes"})
        codes.append(answer.status_code)

    threads = [threading.Thread(target=press, args=pair) for pair in zip(people, tokens, strict=True)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert sorted(codes) == [303, 409]
    assert len(cockpit.rows(Settlement)) == 1
    assert len(cockpit.rows(Delivery)) == 1
    assert laws.check(cockpit.house) == []


def test_an_exception_of_another_order_is_not_accepted_here(cockpit: Cockpit) -> None:
    first, second = told(cockpit, "K1", amount=240000), told(cockpit, "K2", amount=240000)
    other = cockpit.rows(Case, order_id=second)[0]["id"]
    answer = cockpit.person("finance").post(f"/admin/orders/{first}/accept/{other}", version=1, reason="x",
                                            difference=-9900, confirmed="yes")
    assert answer.status_code == 404
    assert cockpit.rows(Settlement) == []


def test_capture_is_asked_for_once_and_the_order_moves_by_the_gateways_word(cockpit: Cockpit) -> None:
    stores.set_store(cockpit.house, cockpit.shop.code, {"auto_capture": "false"})
    order_id = told(cockpit, "K1", state="authorized")
    charge = cockpit.rows(Report)[0]["charge_id"]
    person = cockpit.person("finance")
    path = f"/admin/orders/{order_id}/capture/{charge}"
    assert "Takes the money that the customer's bank has set aside" in person.text(f"/admin/orders/{order_id}")
    assert "The gateway is told by the next free worker" in person.press(path, version=1, amount=249900, reason="sent")
    assert cockpit.person("admin").post(path, version=1, amount=249900, reason="me too").status_code == 409
    assert "Capture : asked for by" in person.text(f"/admin/orders/{order_id}")
    operations.work_operations(cockpit.house, worker="w")
    assert [row["state"] for row in cockpit.rows(Operation)] == ["done"]
    assert cockpit.status(order_id) == "processing"
    assert cockpit.audited("capture")[0]["by"] == person.email
    assert "Capture" not in person.text(f"/admin/orders/{order_id}").split("What proves it")[0]
    assert laws.check(cockpit.house) == []


def test_void_lets_go_of_what_the_order_cannot_use_and_the_exception_closes(cockpit: Cockpit) -> None:
    order_id = told(cockpit, "K1", state="authorized", amount=240000)
    charge = cockpit.rows(Report)[0]["charge_id"]
    person = cockpit.person("finance")
    path = f"/admin/orders/{order_id}/void/{charge}"
    shown = person.text(f"/admin/orders/{order_id}")
    assert "Void at the gateway before the deadline" in shown
    assert "Tells Plain Pay to let go of the money" in shown
    assert "Void : takes the right to" in cockpit.person("support").text(f"/admin/orders/{order_id}")
    assert person.post(path, version=1, amount=240000, reason="").status_code == 422
    assert "The order stays where it is." in person.press(path, version=1, amount=240000, reason="wrong sum")
    assert cockpit.person("admin").post(path, version=1, amount=240000, reason="me too").status_code == 409
    assert "Void : asked for by" in person.text(f"/admin/orders/{order_id}")
    operations.work_operations(cockpit.house, worker="w")
    assert cockpit.status(order_id) == "missing"
    assert cockpit.audited("void")[0]["by"] == person.email
    assert "Void" not in person.text(f"/admin/orders/{order_id}").split("What proves it")[0]
    assert laws.check(cockpit.house) == []


def test_hold_and_let_go_at_the_oms(cockpit: Cockpit) -> None:
    assert cockpit.oms is not None
    order_id = told(cockpit, "K1")
    deliver.deliver_due(cockpit.house, cockpit.oms, worker="w")
    person, version = cockpit.person("support"), cockpit.version(order_id)
    assert "Asks Ledger to keep the order back." in person.text(f"/admin/orders/{order_id}")
    assert person.post(f"/admin/orders/{order_id}/hold", version=1, reason="x").status_code == 409
    assert person.post(f"/admin/orders/{order_id}/hold", version=version, reason="").status_code == 422
    shown = person.press(f"/admin/orders/{order_id}/hold", version=version, reason="another size")
    assert f"Ledger is asked to hold it, asked by {person.email}: another size." in shown
    assert person.post(f"/admin/orders/{order_id}/hold", version=version, reason="again").status_code == 409
    deliver.deliver_due(cockpit.house, cockpit.oms, worker="w")
    shown = person.text(f"/admin/orders/{order_id}")
    assert "Ledger holds it back since" in shown
    assert f", asked by {person.email}: another size." in shown
    person.press(f"/admin/orders/{order_id}/let-go", version=version, reason="size is fine")
    deliver.deliver_due(cockpit.house, cockpit.oms, worker="w")
    assert "holds it back" not in person.text(f"/admin/orders/{order_id}")
    assert len(cockpit.ledger.of("K1")) == 1
    assert [row["action"] for row in cockpit.audited("hold") if not row["text"].startswith("not")] == ["hold"]


def test_edit_and_push_again_is_one_step(cockpit: Cockpit) -> None:
    order_id, delivery_id = dead_delivery(cockpit, "K1")
    person = cockpit.person("support")
    shown = person.text(f"/admin/orders/{order_id}/edit?push={delivery_id}")
    assert "The OMS does not have it: shipping_address.postcode: The postcode is not served." in shown
    path = f"/admin/orders/{order_id}/edit"
    stale = person.post(path, **{"version": 1, "shipping_address.postcode": "411001", "then": "push"})
    assert stale.status_code == 409
    assert cockpit.one(Delivery, delivery_id)["state"] == "dead"
    values = {"version": cockpit.version(order_id), "shipping_address.postcode": "411001", "then": "push"}
    shown = person.press(path, **values)
    assert "Saved: shipping address." in shown
    assert "Due now" in shown
    row = cockpit.one(Delivery, delivery_id)
    assert (row["state"], row["by"]) == ("due", person.email)
    deliver.deliver_due(cockpit.house, cockpit.oms, worker="w")  # type: ignore[arg-type]
    assert len(cockpit.ledger.of("K1")) == 1
    assert "Save and push again" not in person.text(path)
    answer = person.post(path, version=cockpit.version(order_id), notes="x", then="push")
    assert "Not pushed again: the OMS is not waiting" in person.text(answer.location)
    assert cockpit.one(Order, order_id)["notes"] == "x"


# The raw message.


@pytest.fixture
def message(cockpit: Cockpit) -> tuple[UUID, UUID]:
    order_id = cockpit.missing("K1")
    body = json.dumps({
        "id": "evt_1", "event": "payment.captured",
        "customer": {"email": "asha@example.com", "contact": "+919876543210"},
        "card": {"number": "4111111111111111"}, "reports": [{"order": "order_K1", "payment": "pay_K1"}],
    }).encode()
    receive.webhook(cockpit.house, cockpit.gateway, signed(body, SECRET_WORDS[0]))
    return order_id, UUID(str(cockpit.rows(Report, order_id=order_id)[0]["inbox_id"]))


def test_sc_85_everybody_sees_the_message_masked(cockpit: Cockpit, message: tuple[UUID, UUID]) -> None:
    order_id, inbox_id = message
    signature = cockpit.rows(InboxMessage)[0]["headers"]["x-signature"]
    for role in ROLES:
        said = cockpit.person(role).get(f"/admin/orders/{order_id}/messages/{inbox_id}").text
        for shown in ("payment.captured", "evt_1", "POST /webhooks/x", "x-signature: •••"):
            assert shown in said, (role, shown)
        for private in ("asha@example.com", "9876543210", "4111111111111111", signature):
            assert private not in said, (role, private)
    assert cockpit.audited("reveal message") == []


def test_reveal_takes_a_right_and_a_reason_and_is_written_down_first(
    cockpit: Cockpit, message: tuple[UUID, UUID]
) -> None:
    order_id, inbox_id = message
    path = f"/admin/orders/{order_id}/messages/{inbox_id}"
    for role in ("viewer", "support"):
        assert "takes the right to see raw messages, which finance or admin has" in cockpit.person(role).text(path)
        assert cockpit.person(role).post(f"{path}/reveal", reason="curious").status_code == 403
    person = cockpit.person("finance")
    assert person.post(f"{path}/reveal", reason="  ").status_code == 422
    answer = person.post(f"{path}/reveal", reason="the customer disputes the sum")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "asha@example.com" in answer.text
    assert "+919876543210" in answer.text
    for never in ("4111111111111111", cockpit.rows(InboxMessage)[0]["headers"]["x-signature"]):
        assert never not in answer.text
    told_of = cockpit.audited("reveal message")
    assert [(row["by"], row["subject"]) for row in told_of] == [(person.email, f"message:{inbox_id}")] * 2
    assert told_of[0]["text"].startswith("not done: reason")
    assert told_of[1]["text"].endswith("the customer disputes the sum")
    assert cockpit.timeline(order_id)[-1]["by"] == person.email
    assert "asha@example.com" not in person.get(path).text


def test_a_message_of_another_order_is_not_found(cockpit: Cockpit, message: tuple[UUID, UUID]) -> None:
    other = cockpit.missing("K2")
    person = cockpit.person("admin")
    for inbox_id in (message[1], new_id()):
        path = f"/admin/orders/{other}/messages/{inbox_id}"
        assert person.get(path).status_code == 404
        assert person.post(f"{path}/reveal", reason="x").status_code == 404
    assert cockpit.audited("reveal message") == []


# Stores.


def test_an_order_of_a_store_that_a_person_may_not_see_is_404_on_every_route(cockpit: Cockpit) -> None:
    order_id = told(cockpit, "K1", amount=240000)
    stores.create_store(cockpit.house, "second", name="Second")
    email = add_user(cockpit.house, "admin")
    with cockpit.house.database.write() as connection:
        connection.execute(update(table(User)).where(table(User).c.email == email).values(stores=["second"]))
    person = Browser(cockpit.app.test_client(), email)
    person.sign_in()
    routes = [rule for rule in cockpit.app.url_map.iter_rules() if "<uuid:order_id>" in rule.rule]
    assert len(routes) >= 15
    for rule in routes:
        path = re.sub(r"<uuid:\w+>", str(order_id), rule.rule)
        for method in (rule.methods or set()) & {"GET", "POST"}:
            answer = person.get(path) if method == "GET" else person.post(path, version=1, reason="x")
            assert answer.status_code == 404, (method, path)
    assert cockpit.status(order_id) == "missing"
    assert cockpit.timeline(order_id) == []
