"""The running admin in a real browser: the whole application, a simulator, and somebody at the keyboard."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "edges"))
sys.path.insert(0, str(Path(__file__).parents[1] / "admin"))

from browser import PASSWORD, add_user
from doors import close, make_app
from kartify_razorpay import RazorpayStandIn
from kartify_sandbox_oms import SandboxOmsSimulator
from playwright.sync_api import Browser, Page, sync_playwright

from kartify.flows.ticking import tick
from kartify.house import House
from kartify.testing.builder import Shop, make_house, make_shop
from kartify.testing.serve import _Late, serving, simulating

CALM = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", "--no-first-run"]


@dataclass
class Cockpit:
    """A store with Razorpay and an OMS, and its admin at ``base``."""

    base: str
    house: House
    shop: Shop
    gateway: Any
    oms: Any
    razorpay: RazorpayStandIn
    open: Callable[..., Page]
    problems: list[str] = field(default_factory=list)

    def missing(self, number: str, *, paid: bool, amount: int = 249900) -> Any:
        """An order that nobody told us of, and what Razorpay knows."""
        made = self.razorpay.ledger.create_order({"amount": amount, "currency": "INR", "receipt": f"R{number}"})
        order = self.shop.order(number, due=amount, email="asha@example.com", phone="+919000000001")
        self.shop.payment(order, self.gateway, made["id"], reference=f"R{number}")
        if paid:
            self.razorpay.pay(made["id"])
        return order

    def work(self) -> None:
        """What the workers would do now."""
        tick.inline(self.house)


class Person:
    """``clicks`` counts what was pressed since the person was asked."""

    def __init__(self, page: Page, base: str) -> None:
        self.page, self.base, self.clicks = page, base, 0

    def click(self, what: str) -> None:
        self.clicks += 1
        self.page.click(what)
        self.page.wait_for_load_state()

    def read(self) -> str:
        return self.page.inner_text("main")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("no chromium on the path: install it with the system's package manager")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=CALM)
        yield browser
        browser.close()


@pytest.fixture
def cockpit(tmp_path: Path, chromium: Browser) -> Iterator[Cockpit]:
    late = _Late()
    with serving(late) as base, simulating(RazorpayStandIn) as (_, razorpay), simulating(SandboxOmsSimulator) as (
        _, oms
    ):
        house = make_house(f"sqlite:///{tmp_path / 'kartify.db'}", public_url=base)
        shop = make_shop(house)
        gateway = shop.account("razorpay", razorpay.settings())
        oms_account = shop.account("sandbox-oms", oms.settings())
        app = make_app(house)
        late.app = app
        pages: list[Page] = []
        problems: list[str] = []

        def open_page(role: str = "support", *, width: int = 1280, theme: str = "light") -> Person:
            page = chromium.new_page(viewport={"width": width, "height": 860}, color_scheme=theme)  # type: ignore[arg-type]
            page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
            page.on("pageerror", lambda problem: problems.append(str(problem)))
            pages.append(page)
            page.goto(f"{base}/admin/login")
            page.fill("input[name=email]", add_user(house, role))
            page.fill("input[name=password]", PASSWORD)
            page.press("input[name=password]", "Enter")
            page.wait_for_url(f"{base}/admin/")
            return Person(page, base)

        yield Cockpit(base=base, house=house, shop=shop, gateway=gateway, oms=oms_account, razorpay=razorpay,
                      open=open_page, problems=problems)
        for page in pages:
            page.close()
        close(app)
        house.database.engine.dispose()
        assert problems == [], "the browser's console is clean"
