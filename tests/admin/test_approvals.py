"""Four eyes in the admin: the request on the order's page and in the list, who may decide it, and what it says."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from browser import Cockpit, Person, add_user, plain
from fakes import report
from sqlalchemy import update

from kartify.admin.approvals import rule
from kartify.flows.people import edit, stores
from kartify.flows.settling.policy import StorePolicy
from kartify.models import Approval, Delivery, Order, OrderMove, User, table
from kartify.plugin import PaymentAnswer


@pytest.fixture
def strict(cockpit: Cockpit) -> Cockpit:
    stores.set_store(cockpit.house, cockpit.shop.code, {"second_person": "true"})
    return cockpit


def ask(cockpit: Cockpit, person: Person, number: str = "K1001") -> tuple[UUID, UUID]:
    """A missing order and the request of this person for it."""
    order_id = cockpit.missing(number)
    cockpit.bank.answers[f"order_{number}"] = PaymentAnswer(
        reports=(report(state="pending", order=f"order_{number}", payment=f"pay_{number}"),)
    )
    page = person.press(f"/admin/orders/{order_id}/move", version=1, target="processing", reason="bank slip seen",
                        evidence="UTR 42")
    assert "Nothing was moved: a second person must agree" in page
    return order_id, UUID(str(cockpit.rows(Approval, order_id=order_id)[-1]["id"]))


def limited(cockpit: Cockpit, role: str, *codes: str) -> Person:
    email = add_user(cockpit.house, role)
    with cockpit.house.database.write() as connection:
        connection.execute(update(table(User)).where(table(User).c.email == email).values(stores=list(codes)))
    person = Person(cockpit.app.test_client(), email)
    assert person.sign_in().status_code == 303
    return person


def test_the_asker_reads_that_someone_else_must_agree_and_has_no_such_button(strict: Cockpit) -> None:
    asker = strict.person("support")
    order_id, approval = ask(strict, asker)
    page = asker.text(f"/admin/orders/{order_id}")
    assert "A second person must agree" in page
    assert "This is your own request" in page
    assert "Agree and move" not in page
    assert "Withdraw" in page
    assert "In this store a second person must agree when the gateway does not confirm the payment." in page
    answer = asker.press(f"/admin/approvals/{approval}/agree")
    assert "Not done: this is your own request" in answer
    assert strict.status(order_id) == "missing"
    assert strict.audited("agree")[0]["text"].startswith("not done: this is your own request")


def test_the_second_finds_it_in_the_menu_and_the_list_and_agrees_once(strict: Cockpit) -> None:
    order_id, approval = ask(strict, strict.person("support"))
    second = strict.person("support")
    assert "Approvals 1 waiting" in second.text("/admin/")
    page = second.text("/admin/approvals/")
    for said in ("K1001", "bank slip seen", "UTR 42", "still under way (pending)", "₹2,499.00", "Agree and move"):
        assert said in page, said
    page = second.press(f"/admin/approvals/{approval}/agree")
    assert "Moved to processing, in both your names." in page
    assert f"agreed by {second.email}" in page
    assert strict.status(order_id) == "processing"
    assert "Not done: this request is approved already" in second.press(f"/admin/approvals/{approval}/agree")
    assert len(strict.rows(OrderMove, order_id=order_id)) == 1
    assert "1 waiting" not in second.text("/admin/approvals/")
    assert "✓ approved" in second.text("/admin/approvals/")


def test_refusing_needs_a_reason_that_the_asker_reads(strict: Cockpit) -> None:
    asker = strict.person("support")
    order_id, approval = ask(strict, asker)
    second = strict.person("admin")
    assert "reason: expected why" in second.press(f"/admin/approvals/{approval}/refuse", there="list")
    page = second.press(f"/admin/approvals/{approval}/refuse", reason="the slip is of another order", there="list")
    assert "Refused. Nothing was moved" in page
    assert "the slip is of another order" in asker.text(f"/admin/orders/{order_id}")
    assert strict.status(order_id) == "missing"


def test_the_asker_withdraws(strict: Cockpit) -> None:
    asker = strict.person("support")
    order_id, approval = ask(strict, asker)
    assert "Withdrawn." in asker.press(f"/admin/approvals/{approval}/withdraw")
    assert "A second person must agree " not in asker.text(f"/admin/orders/{order_id}").split("Timeline")[0].replace(
        "In this store a second person must agree when", "")
    assert strict.status(order_id) == "missing"


def test_a_changed_order_shows_the_request_as_stale_with_who_and_what(strict: Cockpit) -> None:
    order_id, approval = ask(strict, strict.person("support"))
    edit.edit_order(strict.house, order_id, {"notes": "x"}, form=edit.Form(version=1), by="chandra@shop.example")
    second = strict.person("support")
    for path in ("/admin/approvals/", f"/admin/orders/{order_id}"):
        page = second.text(path)
        assert "This request is stale" in page, path
        assert "chandra@shop.example: notes edited" in page
        assert "Agree and move" not in page
        assert "waiting" not in page.split("Sales")[0]
    assert "the request is stale" in second.press(f"/admin/approvals/{approval}/agree")
    assert strict.status(order_id) == "missing"


def test_a_viewer_reads_it_masked_and_finance_cannot_press(strict: Cockpit) -> None:
    order_id, _ = ask(strict, strict.person("support"))
    for role in ("viewer", "finance"):
        page = strict.person(role).text(f"/admin/orders/{order_id}")
        assert "can agree to it or refuse it" in page
        assert "Agree and move" not in page


def test_another_stores_people_neither_see_it_nor_decide_it(strict: Cockpit) -> None:
    stores.create_store(strict.house, "other", name="Other store")
    order_id, approval = ask(strict, strict.person("support"))
    stranger, colleague = limited(strict, "support", "other"), limited(strict, "support", "demo")
    page = stranger.text("/admin/approvals/")
    assert "K1001" not in page
    assert "1 waiting" not in page
    for verb in ("agree", "refuse", "withdraw"):
        assert stranger.post(f"/admin/approvals/{approval}/{verb}", reason="x").status_code == 404
    assert strict.status(order_id) == "missing"
    assert "Moved to processing" in colleague.press(f"/admin/approvals/{approval}/agree", there="list")


def test_confirm_payment_obeys_from_the_order_page_and_from_the_tools(confirming: Cockpit) -> None:
    stores.set_store(confirming.house, confirming.shop.code, {"second_person": "true"})
    asker, second = confirming.person("support"), confirming.person("support")
    for number, oms in (("K1", "FY1"), ("K2", "FY2")):
        confirming.ledger.orders.append({"id": oms, "number": number, "total": 249900, "state": "new"})
        confirming.missing(number, oms_order_id=oms)
    first = confirming.rows(Order, number="K1")[0]["id"]
    page = asker.press(f"/admin/orders/{first}/confirm", version=1, reason="asked by phone")
    assert "Nothing was moved: a second person must agree" in page
    page = asker.press("/admin/tools/ledger/confirm-payment", order="FY2", reason="asked by phone")
    assert "Nothing was moved: a second person must agree" in page
    assert [confirming.ledger.sent(number, "confirm") for number in ("K1", "K2")] == [0, 0]
    assert confirming.count(Delivery) == 0
    for row in confirming.rows(Approval):
        second.press(f"/admin/approvals/{row['id']}/agree")
    page = asker.press(f"/admin/orders/{first}/confirm", version=2, reason="now")
    assert "Ledger has it since" in page
    assert confirming.ledger.sent("K1", "confirm") == 1


def test_without_a_policy_the_list_says_how_to_switch_it_on(cockpit: Cockpit) -> None:
    page = cockpit.person("viewer").text("/admin/approvals/")
    assert "kartify store set CODE second_person=true" in page


@pytest.mark.parametrize(("given", "when"), [
    ({"second_person": True}, "the gateway does not confirm the payment."),
    ({"second_person_over": 100000}, "more than ₹1,000.00 is due."),
    ({"second_person": True, "second_person_over": 100000},
     "the gateway does not confirm the payment or more than ₹1,000.00 is due."),
])
def test_a_stores_rule_is_told_in_words(given: dict[str, Any], when: str) -> None:
    assert rule(StorePolicy(**given), "INR") == f"In this store a second person must agree when {when}"
    assert rule(StorePolicy(), "INR") == ""


def test_the_pages_of_approvals_open_on_either_database(either: Cockpit) -> None:
    stores.set_store(either.house, either.shop.code, {"second_person": "true"})
    _, approval = ask(either, either.person("support"))
    ask(either, either.person("support"), "K1002")
    second = either.person("admin")
    assert "2 waiting" in second.text("/admin/approvals/")
    second.press(f"/admin/approvals/{approval}/refuse", reason="no")
    answer = second.get("/admin/approvals/")
    assert "1 waiting" in plain(answer)
    assert "✕ refused" in plain(answer)
