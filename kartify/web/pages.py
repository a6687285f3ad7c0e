"""What a returning customer sees: the store's own page, or ours, which tells how the order stands and no more."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit, urlunsplit
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from kartify import links
from kartify.database import unavailable
from kartify.domain.errors import KartifyError
from kartify.flows.receiving import callback as browser
from kartify.flows.receiving.callback import Returned
from kartify.web import status as status_page
from kartify.web.bodies import inbound
from kartify.web.current import current_house
from kartify.web.problems import of_bug, status_of
from kartify.web.status import page

blueprint = Blueprint("pages", __name__, template_folder="templates")


@blueprint.route("/callbacks/<uuid:account_id>", methods=["GET", "POST"])
def callback(account_id: UUID) -> AnyResponse:
    """A cross-site return: no cookie comes with it, so the payment is found by what the gateway sent."""
    return after_return(browser.callback(current_house(), account_id, inbound(request)))


def after_return(returned: Returned) -> AnyResponse:
    """303, so that a reload posts nothing again."""
    if returned.return_url is None:
        return redirect(url_for("pages.status", token=links.status_token(current_house(), returned.order_id)), 303)
    told = {"order": returned.number, "status": returned.status}
    return redirect(_with_query(returned.return_url, told), 303)


def _with_query(url: str, more: dict[str, str]) -> str:
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, urlencode(more)) if part)
    return urlunsplit(parts._replace(query=query))


@blueprint.get("/orders/status/<token>")
def status(token: str) -> Response:
    return status_page.show(token)


@blueprint.post("/orders/status/<token>/ask")
def ask(token: str) -> AnyResponse:
    return status_page.ask_now(token)


@blueprint.get("/orders/status.css")
def stylesheet() -> Response:
    return status_page.style()


@blueprint.errorhandler(Exception)
def for_people(error: Exception) -> Response:
    """A customer's browser is given a page."""
    code = _code(error)
    if code == 503:
        return page(_("We are checking your payment"), [_("Please look again in a moment.")], refresh=5, code=503)
    if code == 500:
        of_bug(error)
        return page(_("Something went wrong"), [_("Your payment is safe: we look after it.")], code=500)
    leads = _("Please go back to the shop to see how your order stands.")
    return page(_("This link leads nowhere"), [leads], code=code)


def _code(error: Exception) -> int:
    if isinstance(error, KartifyError):
        return status_of(error)
    if isinstance(error, SQLAlchemyError):
        return 503 if unavailable(error) else 500
    return (error.code or 500) if isinstance(error, HTTPException) else 500
