"""What a returning customer sees: the store's own page, or ours, which tells how the order stands and no more."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit, urlunsplit
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from flask_babel import gettext
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from kartify.database import unavailable
from kartify.domain.errors import KartifyError
from kartify.flows.customers import again, link, reading
from kartify.flows.receiving import callback as browser
from kartify.flows.receiving.callback import Returned
from kartify.web.bodies import inbound
from kartify.web.current import current_house
from kartify.web.customer_page import notice, show
from kartify.web.problems import of_bug, status_of

blueprint = Blueprint(
    "pages", __name__, template_folder="templates", static_folder="static", static_url_path="/orders/static"
)


@blueprint.route("/callbacks/<uuid:account_id>", methods=["GET", "POST"])
def callback(account_id: UUID) -> AnyResponse:
    """A cross-site return: no cookie comes with it, so the payment is found by what the gateway sent."""
    return after_return(browser.callback(current_house(), account_id, inbound(request)))


def after_return(returned: Returned) -> AnyResponse:
    """303, so that a reload posts nothing again."""
    if returned.return_url is None:
        return redirect(url_for("pages.status", token=link.token(current_house(), returned.order_id)), 303)
    told = {"order": returned.number, "status": returned.status}
    return redirect(_with_query(returned.return_url, told), 303)


def _with_query(url: str, more: dict[str, str]) -> str:
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, urlencode(more)) if part)
    return urlunsplit(parts._replace(query=query))


@blueprint.get(f"{link.PATH}/<token>")
def status(token: str) -> Response:
    house = current_house()
    return show(reading.read(house, link.order_of(house, token)), token)


@blueprint.post(f"{link.PATH}/<token>")
def ask(token: str) -> AnyResponse:
    """The gateway is asked once more. The link itself is what proves the caller: no cookie is involved."""
    house = current_house()
    again.ask_again(house, link.order_of(house, token))
    return redirect(url_for("pages.status", token=token, lang=request.args.get("lang")), 303)


@blueprint.errorhandler(Exception)
def for_people(error: Exception) -> Response:
    """A customer's browser is given a page."""
    code = _code(error)
    if code == 503:
        title, text = gettext("We are checking your payment"), gettext("Please look again in a moment.")
        return notice(title, text, code=503, refresh=5)
    if code == 500:
        of_bug(error)
        return notice(gettext("Something went wrong"), gettext("Please look again in a moment."), code=500)
    if code == 404 and request.endpoint in ("pages.status", "pages.ask"):
        return notice(gettext("This link is no longer valid"), gettext(
            "It is incomplete, or it is older than 30 days. Ask the shop for a new one: with your order number it "
            "finds your order."
        ), code=404)
    title = gettext("This link leads nowhere")
    return notice(title, gettext("Please go back to the shop to see how your order stands."), code=code)


def _code(error: Exception) -> int:
    if isinstance(error, KartifyError):
        return status_of(error)
    if isinstance(error, SQLAlchemyError):
        return 503 if unavailable(error) else 500
    return (error.code or 500) if isinstance(error, HTTPException) else 500
