"""Every gateway that is installed can be tried by hand: from the demo's shop window to a paid order."""

from __future__ import annotations

import html
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin

import pytest
import urllib3

sys.path.insert(0, str(Path(__file__).parents[1] / "edges"))
from doors import close, make_app

from kartify import registry
from kartify.demo.players import Players
from kartify.demo.setup import GATEWAYS_SHOP, prepare
from kartify.demo.till import make_till
from kartify.flows.ticking import tick
from kartify.testing.builder import make_house
from kartify.testing.serve import _Late, serving, simulating

KNOWN = registry.load()
GATEWAYS = sorted(slug for slug, one in KNOWN.partners.items()
                  if one.partner.kind == "gateway" and slug in KNOWN.simulators)
STORY = ("sandbox-oms", "fynd")


class Browser:
    """Follows links, redirects and forms, as a person with a browser does; ``url``, ``page``: where it is."""

    def __init__(self) -> None:
        self._http = urllib3.PoolManager(retries=False, timeout=10)
        self.url, self.page = "", ""

    def go(self, url: str, **fields: str) -> None:
        """GET, or POST where there are fields; redirects are followed."""
        method, body = ("POST", urlencode(fields)) if fields else ("GET", None)
        for _ in range(8):
            headers = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
            answer = self._http.request(method, url, body=body, headers=headers, redirect=False)
            self.url, self.page = url, answer.data.decode()
            if answer.status not in (301, 302, 303, 307):
                assert answer.status < 400, f"{answer.status} at {url}: {self.page[:500]}"
                return
            url, method, body = urljoin(url, answer.headers["Location"]), "GET", None
        pytest.fail(f"too many redirects at {url}")

    def follow(self, link: str) -> None:
        found = re.search(link, self.page)
        assert found, f"no {link} in {self.page[:1500]}"
        self.go(urljoin(self.url, html.unescape(found[1])))

    def submit(self, **pressed: str) -> None:
        """The page's first form, with its hidden fields."""
        form = re.search(r"<form([^>]*)>(.*?)</form>", self.page, re.DOTALL)
        assert form, f"no form in {self.page[:1500]}"
        action = re.search(r'action="([^"]*)"', form[1])
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form[2]))
        fields = {name: html.unescape(value) for name, value in hidden.items()}
        self.go(urljoin(self.url, html.unescape(action[1])) if action else self.url, **fields, **pressed)


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Any]:
    """Every stand-in, the application, and the till."""
    with ExitStack() as until_the_end:
        late = _Late()
        base = until_the_end.enter_context(serving(late))
        house = make_house(f"sqlite:///{tmp_path / 'kartify.db'}", public_url=base)
        app = make_app(house)
        late.app = app
        urls = {slug: until_the_end.enter_context(simulating(KNOWN.simulators[slug]))[0]
                for slug in (*GATEWAYS, *STORY)}
        world = Players(base, prepare(house, tmp_path, urls))
        names = {slug: KNOWN.partners[slug].partner.name for slug in GATEWAYS}
        till = _Late()
        address = until_the_end.enter_context(serving(till))
        till.app = make_till(world, names, address=lambda: address)
        yield house, world, address
        close(app)
        house.database.engine.dispose()


@pytest.mark.parametrize("slug", GATEWAYS)
def test_an_order_is_paid_by_hand_at(slug: str, street: Any) -> None:
    house, world, address = street
    browser = Browser()
    browser.go(f"{address}/")
    assert f"/buy/{slug}" in browser.page
    browser.go(f"{address}/buy/{slug}", ok="1")
    for _ in range(3):
        if re.search(r'<button[^>]*value="pay"', browser.page):
            break
        if 'href="http' in browser.page and "Go on to the gateway</a>" in browser.page:
            browser.follow(r'href="(http[^"]*/_pay/[^"]*)"')
        else:
            browser.submit()
    browser.submit(action="pay")
    if browser.url.startswith(address):
        pass
    elif "<form" in browser.page:
        browser.submit()
    tick.inline(house)
    number = re.search(r"/order/(T\d+)", browser.url)
    assert number, f"the browser ended at {browser.url}: {browser.page[:500]}"
    assert world.order(number[1], store=GATEWAYS_SHOP)["status"] == "processing"
    browser.go(f"{address}/order/{number[1]}")
    assert "processing" in browser.page


def test_what_the_shop_refuses_is_told_and_an_unknown_order_is_not_found(street: Any) -> None:
    _, _, address = street
    http = urllib3.PoolManager(retries=False)
    assert http.request("POST", f"{address}/buy/nobody").status == 404
    assert http.request("GET", f"{address}/order/T0").status == 404
