"""What waits for a person, worked off in a real browser: exceptions, parked messages and deliveries."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from kartify import clock
from kartify.domain.cases import CaseType, CaseWanted
from kartify.flows.lookups import asking
from kartify.flows.settling import cases
from kartify.models import Delivery, Heartbeat, InboxMessage, new_id, table

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text("utf-8")


def raised(cockpit, subject, kind, reason, **given):
    ties = {name: given.pop(name) for name in ("order_id", "store_id", "account_id") if name in given}
    wanted = CaseWanted(type=kind, reason=reason, currency="INR", **given)
    with cockpit.house.database.write() as connection:
        cases.raise_case(connection, wanted, subject=subject, at=clock.now(), **ties)


def delivery(cockpit, order_id, kind, state, **more):
    values = {"id": new_id(), "order_id": order_id, "store_id": cockpit.shop.id, "account_id": cockpit.oms,
              "kind": kind, "state": state, "created_at": clock.now(), "attempts": 3, **more}
    with cockpit.house.database.write() as connection:
        connection.execute(insert(table(Delivery)).values(values))
    return values["id"]


def troubles(cockpit):
    """A bad day: every kind of exception, a parked message, parked deliveries, and a silent worker."""
    now, shop = clock.now(), cockpit.shop.id
    for number in range(1, 4):
        order = cockpit.missing(f"K{number}", paid=number == 2)
        asking.check_order(cockpit.house, order, by="test")
        if number == 1:
            raised(cockpit, f"order:{order}", CaseType.LOOKUPS_EXHAUSTED, "Asked 13 times; the last answer: unknown.",
                   difference=-249900, order_id=order, store_id=shop)
            raised(cockpit, f"charge:{new_id()}", CaseType.DISPUTE, "The bank asks for proof of delivery.",
                   held=249900, deadline=now + timedelta(hours=30), order_id=order, store_id=shop)
        if number == 3:
            why = "shipping_address.postcode: the OMS does not know 41100"
            push = delivery(cockpit, order, "push", "dead", last_error=why)
            raised(cockpit, f"delivery:{push}", CaseType.OMS_REFUSED, why, held=249900, order_id=order, store_id=shop)
            delivery(cockpit, order, "hold", "dead", last_error="The OMS takes no hold from us.")
    raised(cockpit, f"account:{cockpit.gateway}", CaseType.ACCOUNT_FAILING, "401: the key was revoked",
           account_id=cockpit.gateway)
    message = {
        "id": new_id(), "account_id": cockpit.gateway, "event_key": "evt_1", "channel": "webhook",
        "event": "payment.captured", "method": "POST", "path": f"/webhooks/{cockpit.gateway}", "headers": {},
        "body": b"{}", "secret": "current", "received_at": now, "state": "exception", "attempts": 12, "duplicates": 2,
        "reason": "it could not be worked off: KeyError",
    }
    beat = {"name": "worker@web1:77", "role": "worker", "at": now - timedelta(minutes=9), "started_at": now}
    with cockpit.house.database.write() as connection:
        connection.execute(insert(table(InboxMessage)).values(message))
        connection.execute(insert(table(Heartbeat)).values(beat))
    raised(cockpit, f"message:{message['id']}", CaseType.MESSAGE_FAILING, message["reason"],
           account_id=cockpit.gateway)
    return ("attention/", "attention/?state=snoozed", "attention/?state=closed", "inbox/", f"inbox/{message['id']}",
            "deliveries/?state=dead", "deliveries/", "jobs/")


def test_an_exception_is_taken_snoozed_woken_and_closed(cockpit) -> None:
    troubles(cockpit)
    person = cockpit.open("finance")
    person.page.goto(f"{cockpit.base}/admin/attention/")
    assert person.read().index("Dispute") < person.read().index("Lookups exhausted")
    dispute = "section.attention:has(h2:has-text('Dispute')) "
    person.click(f"{dispute}button:has-text('Take it')")
    assert "yours" in person.page.inner_text(dispute)
    person.page.click(f"{dispute}summary:has-text('Snooze')")
    person.page.select_option(f"{dispute}select[name=for]", "week")
    person.click(f"{dispute}button:has-text('Snooze it')")
    assert "expected a moment before its deadline" in person.page.inner_text(dispute)
    person.page.select_option(f"{dispute}select[name=for]", "1h")
    person.click(f"{dispute}button:has-text('Snooze it')")
    assert "1 more are snoozed" in person.read()
    person.click("text=Show the snoozed ones")
    person.click("button:has-text('Wake it now')")
    refused = "section.attention:has(h2:has-text('OMS refused')) "
    person.page.goto(f"{cockpit.base}/admin/attention/")
    person.page.click(f"{refused}summary:has-text('Close')")
    person.page.fill(f"{refused}input[name=reason]", "sent by hand")
    person.click(f"{refused}button:has-text('Close the exception')")
    assert "OMS refused closed: sent by hand." in person.read()
    cockpit.problems[:] = [one for one in cockpit.problems if "422" not in one]


def test_many_are_ticked_and_assigned_and_a_parked_notice_is_given_up(cockpit) -> None:
    troubles(cockpit)
    person = cockpit.open("support")
    person.page.goto(f"{cockpit.base}/admin/attention/")
    for box in person.page.query_selector_all("input[name=case]"):
        box.check()
    person.page.click("summary:has-text('Act on all that are ticked')")
    person.click("button:has-text('Assign the ticked')")
    assert "4 of 5 done" in person.read()
    assert "left out: it holds ₹2,499.00" in person.read()
    person.page.goto(f"{cockpit.base}/admin/deliveries/?state=dead")
    row = "tr:has(td:has-text('hold')) "
    person.page.click(f"{row}summary")
    person.page.fill(f"{row}input[name=reason]", "told by phone")
    person.click(f"{row}button:has-text('Discard')")
    assert "Discarded: the OMS is not told any more" in person.read()


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_the_pages_of_a_bad_day_fit_the_screen_and_everybody(cockpit, theme: str, width: int) -> None:
    paths = troubles(cockpit)
    person = cockpit.open("admin", theme=theme, width=width)
    found = {}
    for path in paths:
        person.page.goto(f"{cockpit.base}/admin/{path}")
        for closed in person.page.query_selector_all("main details:not([open]) > summary"):
            closed.click()
        assert person.page.evaluate("document.documentElement.scrollWidth") <= width, path
        person.page.evaluate(AXE)
        said = person.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        found |= {f"{path}: {one['id']}": [node["target"] for node in one["nodes"][:3]]
                  for one in said["violations"] if one["impact"] in ("serious", "critical")}
    assert found == {}
