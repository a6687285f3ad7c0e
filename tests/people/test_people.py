"""The journeys of the people who work with it, click by click."""

from __future__ import annotations

import pytest

from kartify.flows import stores

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
        person.page.click("text=Export as CSV")
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
                 "deliveries/", "inbox/", "runs/", "audit/", "users/", "tools/"):
        answer = person.page.goto(f"{cockpit.base}/admin/{path}")
        assert answer is not None
        assert answer.status == 200, path
        assert len(answer.body()) < 500_000, path
        assert person.page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert "unsafe-inline" not in answer.headers["content-security-policy"].partition("style-src")[0], path
