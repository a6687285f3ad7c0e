"""The outside world over HTTP: the storefront, the customer at the pay page, the bank, the warehouse."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

import urllib3

from kartify.demo.setup import FYND_SHOP, SHOP, Demo
from kartify.domain.errors import KartifyError

Json = dict[str, Any]
PATIENCE: Final = 20.0
# The sandbox's own word, as its README names it: it is no secret.
SANDBOX_KEY: Final = "sandbox-api-key"


class Unexpected(KartifyError):
    """A door did not answer as the story goes."""


class Players:
    """``base_url``: our web server."""

    def __init__(self, base_url: str, demo: Demo) -> None:
        self.demo = demo
        self._base = base_url
        self._http = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(15.0), maxsize=8)

    def call(self, method: str, url: str, body: Any = None, *, key: str | None = None) -> Json:
        """The JSON of a 2xx answer. Raises ``Unexpected``."""
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
        try:
            answer = self._http.request(
                method, url, headers=headers, body=None if method == "GET" else json.dumps(body or {}), redirect=False
            )
        except urllib3.exceptions.HTTPError as problem:
            raise Unexpected(f"{method} {url}: no answer ({type(problem).__name__})") from None
        if not 200 <= answer.status < 300:
            raise Unexpected(f"{method} {url}: {answer.status} {answer.data[:300].decode('utf-8', 'replace')}")
        return dict(json.loads(answer.data))

    # The storefront.

    def shop(self, method: str, path: str, body: Any = None, *, store: str = SHOP) -> Json:
        return self.call(method, f"{self._base}/api/v1/orders{path}", body, key=self.demo.keys[store])

    def confirm(self, body: Json, *, store: str = SHOP) -> Json:
        return self.shop("POST", "", body, store=store)

    def order(self, number: str, *, store: str = SHOP) -> Json:
        return self.shop("GET", f"/{number}", store=store)

    def place(self, number: str) -> Json:
        return self.shop("POST", f"/{number}/place")

    def cancel(self, number: str, reason: str) -> Json:
        return self.shop("POST", f"/{number}/cancel", {"reason": reason})

    def until(self, number: str, status: str, *, store: str = SHOP, seconds: float = PATIENCE) -> Json:
        """The order as soon as it has that status. Raises ``Unexpected``."""
        return wait_for(
            lambda: found if (found := self.order(number, store=store))["status"] == status else None,
            f"{number} did not become {status}", seconds=seconds,
        )

    # The customer and the bank.

    def pay(self, order: Json, action: str = "pay", *, returns: bool = True, **options: Any) -> Json:
        """At the pay page; then the browser goes back to the shop, unless that is lost or ``returns`` is not."""
        session = order["payment"]["gateway_order_id"]
        done = self.call("POST", f"{self.demo.urls['sandbox']}/control/sessions/{session}/{action}", options)
        if returns and done["callback"]:
            self.come_back(done["callback"])
        return done

    def come_back(self, back: Mapping[str, Any]) -> int:
        """The browser's return; the status it gets."""
        if back["method"] == "GET":
            return self._http.request("GET", back["url"], redirect=False).status
        form = urlencode(back["fields"])
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._http.request("POST", back["url"], body=form, headers=headers, redirect=False).status

    def at_bank(self, charge_id: str, action: str, **options: Any) -> Json:
        return self.call("POST", f"{self.demo.urls['sandbox']}/control/charges/{charge_id}/{action}", options)

    def close_session(self, order: Json) -> None:
        """The gateway lets nobody pay this session any more."""
        session = order["payment"]["gateway_order_id"]
        self.call("POST", f"{self.demo.urls['sandbox']}/v1/sessions/{session}/close", key=SANDBOX_KEY)

    # The OMS.

    def tell_oms_where_we_are(self) -> None:
        self.oms(news_url=f"{self._base}/partners/{self.demo.accounts['sandbox-oms']}/news")

    def oms(self, **wish: Any) -> Json:
        return self.call("POST", f"{self.demo.urls['sandbox-oms']}/control", wish)

    def at_oms(self, number: str) -> int:
        """How many sales orders the OMS has of this number."""
        known = self.call("GET", f"{self.demo.urls['sandbox-oms']}/control")["by_number"]
        return int(known.get(number, 0))

    def until_at_oms(self, number: str) -> None:
        wait_for(lambda: self.at_oms(number), f"the OMS did not get {number}")

    def news(self, kind: str, number: str) -> None:
        self.oms(news={"kind": kind, "number": number})

    def order_at_fynd(self, body: Json, fynd_id: str) -> Json:
        """The storefront checks out at FYND first, which has the order unpaid, then confirms it to us."""
        at_fynd = {"number": body["number"], "fynd_id": fynd_id, "amount": body["total"]}
        self.call("POST", f"{self.demo.urls['fynd']}/simulator/orders", at_fynd)
        return self.confirm({**body, "oms_order_id": fynd_id}, store=FYND_SHOP)


def wait_for(what: Callable[[], Any], otherwise: str, *, seconds: float = PATIENCE) -> Any:
    """What ``what`` gives as soon as it is true. Raises ``Unexpected``."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(0.15)
    raise Unexpected(f"{otherwise} within {seconds:.0f} s")
