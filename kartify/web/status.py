"""The customer's status page: "my money is gone, where is my order?" Signed link, no login, nothing private."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import structlog
from flask import Response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kartify import clock, languages, links
from kartify.domain.errors import KartifyError, NotFound
from kartify.domain.money import display
from kartify.flows.lookups import asking
from kartify.flows.storefront.standing import Standing, standing
from kartify.web.current import current_house
from kartify.web.problems import RETRY_AFTER
from kartify.web.status_words import say

log = structlog.get_logger()
# No script, nothing from elsewhere, and nobody's frame.
POLICY: Final = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
STYLE: Final = Path(__file__).parent / "static" / "status.css"
# A customer's press asks at most so often, and waits so long.
ASK_AT_MOST_EVERY: Final = timedelta(seconds=30)
PATIENCE: Final = 3.0


def show(token: str) -> Response:
    """The page, or a page that says that the link is over."""
    try:
        order_id = links.order_of(current_house(), token)
        order = standing(current_house(), order_id)
    except NotFound:
        return page(_("This link is over"), [_("Please look in the shop how your order stands.")], code=404)
    said = say(order)
    ask = url_for("pages.ask", token=token, **_spoken()) if _may_ask(order) else None
    return page(said.title, said.lines, order=order, refresh=said.refresh, ask=ask)


def ask_now(token: str) -> AnyResponse:
    """Asks the gateway in this request, outside any transaction; whatever it says is on the page that follows."""
    house = current_house()
    try:
        order_id = links.order_of(house, token)
        if _may_ask(standing(house, order_id)):
            _ask(order_id)
    except NotFound:
        return show(token)
    return redirect(url_for("pages.status", token=token, **_spoken()), 303)


def _ask(order_id: UUID) -> None:
    try:
        asking.check_order(current_house(), order_id, by="the customer", seconds=PATIENCE)
    except KartifyError as problem:
        log.warning("asking for a customer failed", error=str(problem))


def _may_ask(order: Standing) -> bool:
    rested = order.asked_at is None or clock.now() - order.asked_at >= ASK_AT_MOST_EVERY
    return order.may_ask and rested


def _spoken() -> dict[str, Any]:
    """The language that somebody chose goes along."""
    chosen = request.args.get("lang", "")
    return {"lang": chosen} if chosen in languages.SPOKEN else {}


def page(title: str, lines: Any, *, order: Standing | None = None, refresh: int | None = None, ask: str | None = None,
         code: int = 200) -> Response:
    spoken = languages.spoken()
    others = [(name, called) for name, called in languages.NAMES.items() if name != spoken]
    body = render_template("web/status.html", title=title, lines=lines, order=order, refresh=refresh, ask=ask,
                           spoken=spoken, others=others, path=request.path,
                           due=display(order.due, order.currency) if order else "")
    answer = Response(body, code)
    answer.headers.update({
        "Content-Security-Policy": POLICY, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff", "X-Robots-Tag": "noindex", "Content-Language": spoken,
        "Vary": "Accept-Language",
    })
    if code == 503:
        answer.headers["Retry-After"] = RETRY_AFTER
    return answer


def style() -> Response:
    answer = Response(STYLE.read_text("utf-8"), mimetype="text/css")
    answer.headers.update({"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"})
    return answer
