"""Editing under the version check: a stale form is refused, shows what others did, and loses nothing."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest
from browser import Cockpit, plain
from fakes import webhook

from kartify import clock
from kartify.domain.errors import Conflict, Invalid
from kartify.flows.lookups import asking
from kartify.flows.people import edit
from kartify.flows.receiving import receive
from kartify.models import Delivery, Order, OrderMove, Settlement

FORM = {"customer.name": "Asha Rao", "customer.email": "asha@example.com"}


def test_an_edit_changes_what_was_typed_and_nothing_else(cockpit: Cockpit) -> None:
    order_id = cockpit.missing(
        customer={"name": "Asha Rao", "email": "asha@example.com", "loyalty": {"level": 3}}, email="asha@example.com",
        shipping_address={"line1": "12 Lane", "city": "Pune", "landmark": "temple"}, metadata={"gift": True},
    )
    person = cockpit.person("support")
    form = person.get(f"/admin/orders/{order_id}/edit").text
    assert 'name="shipping_address.landmark"' in form
    page = person.press(f"/admin/orders/{order_id}/edit", version=1, **{
        "customer.name": "Asha R. Rao", "customer.email": "new@example.com", "customer.phone": "+919812345678",
        "shipping_address.line1": "14 Lane", "shipping_address.city": "Pune", "shipping_address.landmark": "",
        "notes": "ring twice", "metadata": '{"gift": false}',
    })
    assert "Saved: customer, shipping address, notes, metadata." in page
    assert "shipping address, line 1: “12 Lane” → “14 Lane”" in page
    row = cockpit.one(Order, order_id)
    assert row["customer"] == {"name": "Asha R. Rao", "email": "new@example.com", "phone": "+919812345678",
                               "loyalty": {"level": 3}}
    assert (row["email"], row["phone"], row["version"]) == ("new@example.com", "+919812345678", 2)
    assert row["shipping_address"] == {"line1": "14 Lane", "city": "Pune"}
    assert row["billing_address"] is None
    assert (row["notes"], row["metadata"], row["status"]) == ("ring twice", {"gift": False}, "missing")
    assert cockpit.audited("edit")[0]["by"] == person.email


def test_an_edit_that_changes_nothing_leaves_no_trace(cockpit: Cockpit) -> None:
    order_id = cockpit.missing()
    page = cockpit.person("support").press(f"/admin/orders/{order_id}/edit", version=1, **FORM, metadata="")
    assert "Nothing was different." in page
    assert cockpit.version(order_id) == 1
    assert cockpit.timeline(order_id) == []


def test_sc_28_two_admins_on_one_order_the_second_sees_the_difference_and_loses_nothing(either: Cockpit) -> None:
    order_id = either.missing()
    first, second = either.person("support"), either.person("admin")
    seen = clock.now().isoformat()
    first.press(f"/admin/orders/{order_id}/edit", version=1, **{**FORM, "customer.name": "Asha Kulkarni"})
    answer = second.post(f"/admin/orders/{order_id}/edit", version=1, seen_at=seen,
                         **{**FORM, "customer.email": "typed@example.com"})
    page = plain(answer)
    assert answer.status_code == 409
    assert "Nothing was saved: the order was changed while this form was open." in page
    assert f"{first.email}: customer, name: “Asha Rao” → “Asha Kulkarni”" in page
    assert 'value="typed@example.com"' in answer.text
    assert "Stored now: Asha Kulkarni" in page
    assert either.one(Order, order_id)["customer"]["name"] == "Asha Kulkarni"
    assert 'name="version" value="2"' in answer.text
    second.press(f"/admin/orders/{order_id}/edit", version=2,
                 **{"customer.name": "Asha Kulkarni", "customer.email": "typed@example.com"})
    assert either.one(Order, order_id)["customer"] == {"name": "Asha Kulkarni", "email": "typed@example.com"}


def test_sc_28_a_form_that_is_stale_since_the_cron_settled_shows_the_move(cockpit: Cockpit) -> None:
    order_id = cockpit.missing()
    seen = clock.now().isoformat()
    cockpit.bank.paid("order_K1001")
    asking.check_order(cockpit.house, order_id, by="order lookup cron")
    person = cockpit.person("support")
    answer = person.post(f"/admin/orders/{order_id}/edit", version=1, seen_at=seen,
                         **{**FORM, "customer.name": "Typed Name"})
    assert answer.status_code == 409
    assert "order lookup cron: status: “missing” → “processing”" in plain(answer)
    assert 'value="Typed Name"' in answer.text
    moved = person.post(f"/admin/orders/{order_id}/move", version=1, target="shipped", reason="by hand")
    assert moved.status_code == 409
    assert cockpit.status(order_id) == "processing"


def test_sc_25_webhook_lookup_and_admin_edit_at_once(either: Cockpit) -> None:
    """All end normally or with a sentence; one settlement, one move, one delivery row."""
    order_id = either.missing()
    either.bank.paid("order_K1001", payment="pay_1")
    message = webhook("e1", {"order": "order_K1001", "payment": "pay_1"}, secret="whsec-very-secret")
    support, admin = either.person("support"), either.person("admin")
    ended: Counter[str] = Counter()
    start = threading.Barrier(4)

    def run(name: str, work: Any) -> None:
        start.wait(10)
        code = work()
        ended[f"{name} {getattr(code, 'status_code', 'done')}"] += 1

    works = {
        "webhook": lambda: receive.webhook(either.house, either.gateway, message),
        "lookup": lambda: asking.check_order(either.house, order_id, by="cron"),
        "edit": lambda: support.post(f"/admin/orders/{order_id}/edit", version=1, **FORM, notes="both"),
        "move": lambda: admin.post(f"/admin/orders/{order_id}/move", version=1, target="processing", reason="phone"),
    }
    threads = [threading.Thread(target=run, args=item) for item in works.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(ended.values()) == 4, ended
    assert not [name for name in ended if name.endswith("500")], ended
    assert either.status(order_id) == "processing"
    assert either.count(Settlement) == 1
    assert len(either.rows(OrderMove, target="processing")) == 1
    assert len(either.rows(Delivery, order_id=order_id)) == 1


@pytest.mark.parametrize("status", ["shipped", "delivered", "cancelled", "refunded"])
def test_what_has_left_can_no_longer_be_edited(cockpit: Cockpit, status: str) -> None:
    order_id = cockpit.missing(status=status)
    person = cockpit.person("support")
    assert "can no longer be edited" in person.text(f"/admin/orders/{order_id}/edit")
    answer = person.post(f"/admin/orders/{order_id}/edit", version=1, **FORM, notes="late")
    assert answer.status_code == 409
    assert cockpit.one(Order, order_id)["notes"] is None


@pytest.mark.parametrize("typed", ["{", "[1]", "1", '{"a":' * 200])
def test_metadata_that_is_no_object_is_refused_and_stays_in_the_form(cockpit: Cockpit, typed: str) -> None:
    order_id = cockpit.missing()
    answer = cockpit.person("support").post(f"/admin/orders/{order_id}/edit", version=1, metadata=typed)
    assert answer.status_code == 422
    assert "metadata: expected" in plain(answer)
    assert cockpit.version(order_id) == 1


def test_a_field_that_nobody_may_edit_is_refused_by_the_flow_and_ignored_by_the_form(cockpit: Cockpit) -> None:
    order_id = cockpit.missing()
    for name in ("status", "due", "total", "basis"):
        with pytest.raises(Invalid):
            edit.edit_order(cockpit.house, order_id, {name: "1"}, form=edit.Form(version=1), by="x")
    cockpit.person("support").press(f"/admin/orders/{order_id}/edit", version=1, status="processing", due="1",
                                    notes="n")
    row = cockpit.one(Order, order_id)
    assert (row["status"], row["due"], row["notes"]) == ("missing", 249900, "n")


def test_buttons_without_a_version_of_their_own_refuse_a_stale_page(cockpit: Cockpit) -> None:
    order_id = cockpit.missing()
    edit.edit_order(cockpit.house, order_id, {"notes": "x"}, form=edit.Form(version=1), by="asha")
    with pytest.raises(edit.Stale) as stale:
        edit.refuse_stale(cockpit.house, order_id, edit.Form(version=1))
    assert isinstance(stale.value, Conflict)
    assert [(one.field, one.after, one.by) for one in stale.value.differences] == [("notes", "x", "asha")]
    edit.refuse_stale(cockpit.house, order_id, edit.Form(version=2))
