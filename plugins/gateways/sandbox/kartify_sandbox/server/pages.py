"""What people see: the pay page, and a small dashboard behind the plugin's links. Works without scripts."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from kartify.domain.money import display
from kartify_sandbox.server.actions import POSSIBLE, Outcome, Switches, at_bank, attempt, wrong_amount
from kartify_sandbox.server.bank import Terms
from kartify_sandbox.server.book import Charge, Session
from kartify_sandbox.server.house import House

LATE = 10.0
SHOWN = 50
Page = str | Response
LABELS = {
    "succeed": "The bank says yes after all",
    "decline": "The bank says no",
    "capture": "Capture",
    "void": "Void",
    "refund": "Refund in full, past the shop",
    "dispute": "Open a dispute",
    "dispute_won": "The shop wins the dispute",
    "dispute_lost": "The shop loses the dispute",
}


def make_pages(house: House) -> Blueprint:
    pages = Blueprint("pages", __name__)
    pages.add_app_template_filter(_clock, "clock")
    pages.add_app_template_global(display, "money")

    @pages.get("/")
    def home() -> Response:
        return redirect(url_for("pages.dashboard"))

    _pay_page(pages, house)
    _dashboard(pages, house)
    return pages


def _clock(seconds: int | None) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%d %b %Y, %H:%M:%S UTC") if seconds else "–"


def _pay_page(pages: Blueprint, house: House) -> None:
    @pages.get("/pay/<session_id>")
    def pay(session_id: str) -> Page:
        session = house.session(session_id)
        less, more = (wrong_amount(session, more=more) for more in (False, True))
        return render_template(
            "pay.html", session=session, charges=_charges(house, session), less=less, more=more, shop=house.merchant
        )

    @pages.post("/pay/<session_id>")
    def press(session_id: str) -> Page:
        session = house.session(session_id)
        action, _, size = request.form.get("action", "").partition(":")
        amount = wrong_amount(session, more=size == "more") if size else None
        switches = _switches()
        return _leave(attempt(house, session_id, action, terms=Terms(amount=amount), switches=switches), switches)


def _switches() -> Switches:
    given = request.form
    return Switches(
        lose_callback="lose_callback" in given,
        lose_webhook="lose_webhook" in given,
        webhook_delay=LATE if "webhook_late" in given else 0.0,
        webhook_copies=2 if "webhook_twice" in given else 1,
    )


def _leave(outcome: Outcome, switches: Switches) -> Page:
    """303 to the shop; a form where the shop wants a POST; a page that stays where the way back is lost."""
    if outcome.back is None:
        paid = [charge for charge in outcome.charges if charge.captured]
        return render_template("lost.html", charges=outcome.charges, paid=paid, silent=switches.lose_webhook)
    if outcome.back.method == "POST":
        return render_template("return.html", session=outcome.session, back=outcome.back)
    return redirect(outcome.back.url, code=303)


def _charges(house: House, session: Session) -> list[Charge]:
    return [house.charge(one) for one in session.charges]


def _dashboard(pages: Blueprint, house: House) -> None:
    @pages.get("/dashboard")
    def dashboard() -> str:
        with house.vault.lock:
            newest = [(one, _charges(house, one)) for one in islice(reversed(house.vault.sessions.values()), SHOWN)]
            deliveries = list(reversed(house.courier.deliveries[-SHOWN:]))
        return render_template("dashboard.html", sessions=newest, deliveries=deliveries, shop=house.merchant)

    @pages.get("/dashboard/charges/<charge_id>")
    def charge(charge_id: str) -> str:
        found = house.charge(charge_id)
        buttons = [(name, LABELS[name]) for name in POSSIBLE.get(found.status, ()) if _fits(found, name)]
        return render_template("charge.html", charge=found, buttons=buttons, refunds=house.vault.refunds_of(found.id))

    @pages.post("/dashboard/charges/<charge_id>")
    def act(charge_id: str) -> Response:
        at_bank(house, charge_id, request.form.get("action", ""), amount=None, switches=Switches())
        return redirect(url_for("pages.charge", charge_id=charge_id), code=303)


def _fits(charge: Charge, action: str) -> bool:
    return not (action == "dispute" and charge.dispute is not None)
