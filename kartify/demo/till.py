"""The demo's shop window: an order for each gateway that is installed, carried through its browser step by hand.

It is a storefront like any other, by the API alone. Where a real shop would load the gateway's script, the browser is
sent to the stand-in's pay page.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from flask import Flask, abort, redirect, render_template, url_for
from werkzeug.wrappers import Response

from kartify.demo import goods
from kartify.demo.players import Players, Unexpected
from kartify.demo.setup import GATEWAYS_SHOP
from kartify.domain.money import display

Page = str | Response


def make_till(world: Players, names: Mapping[str, str], *, address: Callable[[], str]) -> Flask:
    """``names``: what each gateway is called, by slug; ``address``: where the till itself is."""
    app = Flask("kartify.demo")
    app.add_template_global(display, "money")
    # A later start may meet the numbers of an earlier one.
    numbers = itertools.count(int(time.time()) % 1_000_000)

    @app.errorhandler(Unexpected)
    def refused(problem: Unexpected) -> tuple[str, int]:
        return render_template("till_problem.html", problem=problem), 502

    @app.get("/")
    def window() -> Page:
        return render_template("till.html", names=names)

    @app.post("/buy/<slug>")
    def buy(slug: str) -> Page:
        if slug not in names:
            abort(404, f"there is no gateway {slug} in this shop")
        number = f"T{next(numbers)}"
        back = f"{address()}{url_for('order', number=number)}"
        world.confirm(goods.order(number, gateway=slug, return_url=back), store=GATEWAYS_SHOP)
        return redirect(url_for("pay", number=number), 303)

    @app.get("/pay/<number>")
    def pay(number: str) -> Page:
        found = _order(world, number)
        step = found["payment"]["next"] if found["payment"] else None
        if found["status"] != "missing" or not step or step["type"] == "none":
            return redirect(url_for("order", number=number), 303)
        if step["type"] == "redirect":
            return redirect(step["url"], 303)
        return render_template("till_step.html", order=found, step=step, page=_pay_page(world, found["payment"], step))

    @app.get("/order/<number>")
    def order(number: str) -> Page:
        return render_template("till_order.html", order=_order(world, number), names=names)

    return app


def _order(world: Players, number: str) -> Mapping[str, Any]:
    try:
        return world.order(number, store=GATEWAYS_SHOP)
    except Unexpected:
        abort(404, f"there is no order {number}")


_ADDRESSES: Final = ("callback_url", "return_url", "redirect_url")


def _pay_page(world: Players, payment: Mapping[str, Any], step: Mapping[str, Any]) -> str:
    """The stand-in's page, with the address that the gateway's script would bring."""
    base = world.demo.urls[payment["gateway"]]
    back = next(filter(None, (_found(step, name) for name in _ADDRESSES)), "")
    query = f"?{urlencode({'callback_url': back})}" if back else ""
    return f"{base}/_pay/{quote(payment['gateway_order_id'], safe='')}{query}"


def _found(value: Any, name: str) -> str:
    """The text of that name, wherever in the step it stands."""
    if isinstance(value, Mapping):
        if isinstance(value.get(name), str):
            return str(value[name])
        return next(filter(None, (_found(one, name) for one in value.values())), "")
    return ""
