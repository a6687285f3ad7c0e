"""The journeys of the people who work with it, click by click."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from kartify.flows.lookups import asking
from kartify.flows.people import stores
from kartify.models import Base

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def test_a_customer_on_the_phone_from_search_to_processing_in_at_most_five_clicks(cockpit) -> None:
    cockpit.missing("K1042", paid=True)
    person = cockpit.open("support")
    person.page.fill("input[name=q]", "asha@example.com")
    person.page.press("input[name=q]", "Enter")
    person.clicks = 1
    person.page.wait_for_load_state()
    assert "K1042" in person.read()
    assert "missing" in person.read()
    person.click("text=Check payment")
    assert "The order moved missing → processing." in person.read()
    assert person.clicks <= 5
    cockpit.work()
    person.page.reload()
    assert "Receipt" in person.read()


def test_a_slash_leads_to_the_search_and_the_page_can_be_skipped_to(cockpit) -> None:
    person = cockpit.open("support")
    person.page.keyboard.press("/")
    assert person.page.evaluate("document.activeElement.name") == "q"
    person.page.goto(f"{cockpit.base}/admin/orders/")
    person.page.keyboard.press("Tab")
    assert "Skip" in person.page.evaluate("document.activeElement.textContent")


def test_ids_have_a_button_to_copy_them_in_the_words_of_the_page(cockpit) -> None:
    order = cockpit.missing("K1042", paid=False)
    person = cockpit.open("support")
    person.page.goto(f"{cockpit.base}/admin/orders/{order}")
    button = person.page.locator(".copy-id").first
    assert button.inner_text() == "Copy"
    assert button.get_attribute("aria-label").startswith("Copy order_")
    button.click()
    person.page.wait_for_function("document.querySelector('.copy-id').textContent !== 'Copy'")
    assert button.inner_text() in ("Copied", "Not copied")


def test_webhooks_are_dead_and_all_orders_are_recovered_at_once(cockpit) -> None:
    for number in range(6):
        cockpit.missing(f"D{number}", paid=number % 2 == 0)
    person = cockpit.open("support")
    person.click("text=Open the missing orders")
    assert person.read().count("not asked yet") == 6
    person.click("text=Check payment of all that the filters show")
    cockpit.work()
    person.page.reload()
    assert "6 of 6" in person.read()
    assert person.read().count("processing") == 3
    person.page.goto(f"{cockpit.base}/admin/orders/")
    assert "D1" in person.read()
    assert "D0" not in person.read()


def test_two_people_edit_one_order_and_the_second_sees_what_the_first_changed(cockpit) -> None:
    order = cockpit.missing("K1", paid=False)
    one, two = cockpit.open("support"), cockpit.open("admin")
    for person in (one, two):
        person.page.goto(f"{cockpit.base}/admin/orders/{order}/edit")
    one.page.fill("textarea[name=notes]", "call before delivery")
    one.click("main button:has-text('Save')")
    two.page.fill("textarea[name=notes]", "leave with the guard")
    two.click("main button:has-text('Save')")
    assert "call before delivery" in two.page.content()
    assert "leave with the guard" in two.page.content()
    cockpit.problems[:] = [one for one in cockpit.problems if "409" not in one]


def test_end_of_day_finance_takes_what_is_open_with_it(cockpit) -> None:
    cockpit.missing("K1", paid=False)
    person = cockpit.open("finance")
    person.page.goto(f"{cockpit.base}/admin/orders/?view=missing")
    with person.page.expect_download() as caught:
        person.page.click("main a.button:has-text('CSV')")
    assert "K1,demo,missing" in caught.value.path().read_text()


def test_a_person_without_the_right_sees_no_button_for_it(cockpit) -> None:
    order = cockpit.missing("K1", paid=False)
    person = cockpit.open("viewer")
    person.page.goto(f"{cockpit.base}/admin/orders/{order}")
    assert "Check payment" not in person.read()
    assert "asha@example.com" not in person.page.content()
    person.page.goto(f"{cockpit.base}/admin/accounts/")
    assert "Pause" not in person.read()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_is_wider_than_the_screen_or_heavier_than_500_kb(cockpit, width: int, theme: str) -> None:
    order = cockpit.missing("K1", paid=True)
    stores.pause_account(cockpit.house, cockpit.oms, by="x", reason="stock count")
    person = cockpit.open("admin", width=width, theme=theme)
    for path in ("", "orders/", f"orders/{order}", f"orders/{order}/edit", "attention/", "crons/", "accounts/",
                 f"accounts/{cockpit.gateway}", f"accounts/{cockpit.gateway}/edit", "stores/new",
                 "accounts/new?store=demo&plugin=sap", "stores/", "deliveries/", "inbox/", "jobs/", "runs/", "audit/",
                 "users/", "tools/", "approvals/", "keys/", "exports/"):
        answer = person.page.goto(f"{cockpit.base}/admin/{path}")
        assert answer is not None
        assert answer.status == 200, path
        assert len(answer.body()) < 500_000, path
        assert person.page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert "unsafe-inline" not in answer.headers["content-security-policy"].partition("style-src")[0], path


AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text("utf-8")
PATHS = ("", "orders/", "orders/{order}", "orders/{order}/edit", "attention/", "crons/", "crons/{cron}", "accounts/",
         "accounts/{account}", "accounts/{account}/edit", "accounts/new?store=demo&plugin=sap", "stores/", "stores/new",
         "deliveries/", "inbox/", "jobs/", "runs/", "audit/", "users/", "tools/",
         "approvals/", "keys/", "exports/")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(cockpit, theme: str) -> None:
    order = cockpit.missing("K1", paid=True)
    asking.check_order(cockpit.house, order, by="test")
    cockpit.missing("K2", paid=False)
    with cockpit.house.database.read() as connection:
        cron = connection.execute(select(Base.metadata.tables["crons"].c.id)).scalars().first()
    person = cockpit.open("admin", theme=theme)
    found = {}
    for path in (*(f"admin/{one}" for one in PATHS), "admin/login"):
        if path == "admin/login":
            person.page.context.clear_cookies()
        person.page.goto(f"{cockpit.base}/{path.format(order=order, cron=cron, account=cockpit.gateway)}")
        # By the debugger's way in, which the page's own policy for scripts does not stop.
        person.page.evaluate(AXE)
        said = person.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        found |= {f"{path}: {one['id']}": [node["target"] for node in one["nodes"][:3]]
                  for one in said["violations"] if one["impact"] in ("serious", "critical")}
    assert found == {}
