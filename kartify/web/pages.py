"""What a returning customer sees: the store's own page, or ours, which tells how the order stands and no more."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit, urlunsplit
from uuid import UUID

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import bindparam, select
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from kartify.database import unavailable
from kartify.domain.errors import KartifyError
from kartify.flows.receiving import callback as browser
from kartify.flows.receiving.callback import Returned
from kartify.models import Order, table
from kartify.web.bodies import inbound
from kartify.web.current import current_house
from kartify.web.problems import RETRY_AFTER, of_bug, status_of

blueprint = Blueprint("pages", __name__, template_folder="templates")
orders = table(Order)
WEEK = 7 * 24 * 3600
# No script, nothing from elsewhere, and nobody's frame.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
WORDS = {
    "missing": ("We are checking your payment", "This page looks again by itself. You need not pay a second time."),
    "failed": ("The payment did not succeed", "Nothing was taken. You can try again in the shop."),
    "processing": ("Thank you", "Your order is confirmed."),
    "shipped": ("Thank you", "Your order is on its way."),
    "delivered": ("Thank you", "Your order was delivered."),
    "cancelled": ("This order is cancelled", "If you were charged, the shop will refund you."),
    "refunded": ("This order was refunded", "The money goes back the way it came."),
}
_ORDER = select(orders.c.number, orders.c.status).where(orders.c.id == bindparam("b_order_id"))


@blueprint.route("/callbacks/<uuid:account_id>", methods=["GET", "POST"])
def callback(account_id: UUID) -> AnyResponse:
    """A cross-site return: no cookie comes with it, so the payment is found by what the gateway sent."""
    return after_return(browser.callback(current_house(), account_id, inbound(request)))


def after_return(returned: Returned) -> AnyResponse:
    """303, so that a reload posts nothing again."""
    if returned.return_url is None:
        return redirect(url_for("pages.status", token=token(returned.order_id)), 303)
    told = {"order": returned.number, "status": returned.status}
    return redirect(_with_query(returned.return_url, told), 303)


def _with_query(url: str, more: dict[str, str]) -> str:
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, urlencode(more)) if part)
    return urlunsplit(parts._replace(query=query))


def token(order_id: UUID) -> str:
    return _serializer().dumps(order_id.hex)


def _serializer() -> URLSafeTimedSerializer:
    known = [*current_app.config["SECRET_KEY_FALLBACKS"], current_app.config["SECRET_KEY"]]
    return URLSafeTimedSerializer(known, salt="order-status")


@blueprint.get("/orders/status/<token>")
def status(token: str) -> Response:
    try:
        order_id = UUID(_serializer().loads(token, max_age=WEEK))
    except (BadData, ValueError):
        return page("This page is no longer there", "Please look in the shop how your order stands.", code=404)
    with current_house().database.read() as connection:
        row = connection.execute(_ORDER, {"b_order_id": order_id}).first()
    if row is None:
        return page("This page is no longer there", "Please look in the shop how your order stands.", code=404)
    title, text = WORDS[row.status]
    return page(title, text, number=row.number, refresh=5 if row.status == "missing" else None)


def page(
    title: str, text: str, *, number: str | None = None, refresh: int | None = None, code: int = 200
) -> Response:
    answer = Response(render_template("web/status.html", title=title, text=text, number=number, refresh=refresh), code)
    answer.headers.update({
        "Content-Security-Policy": POLICY, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    })
    if code == 503:
        answer.headers["Retry-After"] = RETRY_AFTER
    return answer


@blueprint.errorhandler(Exception)
def for_people(error: Exception) -> Response:
    """A customer's browser is given a page."""
    code = _code(error)
    if code == 503:
        return page("We are checking your payment", "Please look again in a moment.", refresh=5, code=503)
    if code == 500:
        of_bug(error)
        return page("Something went wrong", "Your payment is safe: we look after it.", code=500)
    return page("This link leads nowhere", "Please go back to the shop to see how your order stands.", code=code)


def _code(error: Exception) -> int:
    if isinstance(error, KartifyError):
        return status_of(error)
    if isinstance(error, SQLAlchemyError):
        return 503 if unavailable(error) else 500
    return (error.code or 500) if isinstance(error, HTTPException) else 500
