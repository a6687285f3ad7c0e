"""A customer with the link, in a real browser: in both languages, by day and by night, on a telephone."""

from __future__ import annotations

from pathlib import Path

import pytest

from kartify.flows.customers import link
from kartify.flows.lookups import asking

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text("utf-8")


@pytest.fixture
def browse(cockpit, chromium):
    """Opens a page as somebody who is not signed in."""
    opened = []

    def browse(*, width: int = 390, theme: str = "light", scripts: bool = True):
        context = chromium.new_context(
            viewport={"width": width, "height": 860}, color_scheme=theme, java_script_enabled=scripts)
        opened.append(context)
        page = context.new_page()
        page.on("console", lambda said: cockpit.problems.append(said.text) if said.type == "error" else None)
        return page

    yield browse
    for one in opened:
        one.close()


def address(cockpit, order) -> str:
    return link.url(cockpit.house, order)


def serious(page) -> list[str]:
    page.evaluate(AXE)
    said = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{one['id']}: {one['nodes'][0]['target']}" for one in said["violations"]
            if one["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("language", ["en", "hi"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_screen(cockpit, browse, language, theme) -> None:
    waiting, paid = cockpit.missing("K1001", paid=False), cockpit.missing("K1002", paid=True)
    asking.check_order(cockpit.house, paid, by="test")
    asking.check_order(cockpit.house, waiting, by="test")
    for width in (390, 1280):
        page = browse(width=width, theme=theme)
        for where in (address(cockpit, waiting), address(cockpit, paid), f"{cockpit.base}/orders/status/broken"):
            page.goto(f"{where}?lang={language}")
            assert page.get_attribute("html", "lang") == language
            assert serious(page) == [], where
            assert page.evaluate("document.documentElement.scrollWidth") <= width, where
    cockpit.problems[:] = [one for one in cockpit.problems if "404" not in one]


def test_the_page_changes_by_itself_when_the_money_is_seen_and_then_rests(cockpit, browse) -> None:
    order = cockpit.missing("K1001", paid=True)
    page = browse()
    page.goto(address(cockpit, order))
    assert "We are checking your payment" in page.inner_text("h1")
    asking.check_order(cockpit.house, order, by="test")
    page.get_by_role("heading", name="Your order is confirmed").wait_for(timeout=15_000)
    assert "Your order is confirmed" in page.inner_text("#news")
    assert page.get_attribute("#told", "data-refresh") is None


def test_asking_again_and_switching_the_language_work_without_scripts(cockpit, browse) -> None:
    order = cockpit.missing("K1001", paid=True)
    page = browse(scripts=False)
    page.goto(address(cockpit, order))
    page.click("text=हिन्दी")
    assert "हम आपके भुगतान की जाँच कर रहे हैं" in page.inner_text("h1")
    page.click("main button")
    assert "आपका ऑर्डर पक्का हो गया है" in page.inner_text("h1")
