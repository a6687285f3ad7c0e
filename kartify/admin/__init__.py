"""The admin: Flask-Admin as the frame, our own pages in it, behind login, roles, CSRF and a strict content policy."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, request
from flask_admin import Admin
from flask_admin.theme import Theme
from flask_wtf.csrf import CSRFProtect

from kartify.admin.approvals import Approvals
from kartify.admin.attention import Attention
from kartify.admin.crons import Crons
from kartify.admin.deliveries import Deliveries
from kartify.admin.frame.astray import init_astray
from kartify.admin.frame.session import init_sessions
from kartify.admin.home import Home
from kartify.admin.inbox import Inbox
from kartify.admin.jobs_page import Jobs
from kartify.admin.keys import Keys
from kartify.admin.lists import LISTINGS, RowList
from kartify.admin.partners.accounts import Accounts
from kartify.admin.partners.stores import Stores
from kartify.admin.people import People
from kartify.admin.sales.exports import Exports
from kartify.admin.sales.orders import Orders
from kartify.admin.tools import Tools
from kartify.admin.trail import Trail
from kartify.house import House
from kartify.languages import N_

PATH = "/admin"
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


def init_admin(app: Flask, house: House) -> Admin:
    """Mounts the admin under /admin. The app's ``secret_key`` signs sessions and forms, so it must be set."""
    if not app.secret_key:
        raise RuntimeError("the admin needs app.secret_key: it signs sessions and forms")
    init_sessions(app, house)
    csrf = _csrf(app)
    app.register_blueprint(
        Blueprint("cockpit", __name__, template_folder="templates", static_folder="static",
                  static_url_path=f"{PATH}/static")
    )
    home = Home(house, csrf, name=N_("Home"), endpoint="admin", url=PATH)
    theme = Theme(folder="cockpit", base_template="cockpit/base.html")
    admin = Admin(app, name="kartify", index_view=home, theme=theme)
    sales, system = N_("Sales"), N_("System")
    admin.add_view(Attention(house, csrf, name=N_("Needs attention"), endpoint="attention", url="attention"))
    admin.add_view(Approvals(house, csrf, name=N_("Approvals"), endpoint="approvals", url="approvals"))
    admin.add_view(Orders(house, csrf, name=N_("Orders"), category=sales, endpoint="orders", url="orders"))
    admin.add_view(Exports(house, csrf, name=N_("Exports"), category=sales, endpoint="exports", url="exports"))
    admin.add_view(Crons(house, csrf, name=N_("Crons"), category=system, endpoint="crons", url="crons"))
    admin.add_view(Tools(house, csrf, name=N_("Tools"), category=system, endpoint="tools", url="tools"))
    admin.add_view(Accounts(house, csrf, name=N_("Accounts"), category=system, endpoint="accounts", url="accounts"))
    admin.add_view(Inbox(house, csrf, name=N_("Inbox"), category=system, endpoint="inbox", url="inbox"))
    admin.add_view(
        Deliveries(house, csrf, name=N_("Deliveries"), category=system, endpoint="deliveries", url="deliveries"))
    admin.add_view(Jobs(house, csrf, name=N_("Jobs"), category=system, endpoint="jobs", url="jobs"))
    admin.add_view(Stores(house, csrf, name=N_("Stores"), category=system, endpoint="stores", url="stores"))
    for listing in LISTINGS:
        admin.add_view(RowList(house, csrf, listing))
    admin.add_view(Trail(house, csrf, name=N_("Audit"), category=system, endpoint="audit", url="audit"))
    admin.add_view(People(house, csrf, name=N_("Users"), category=system, endpoint="people", url="users"))
    admin.add_view(Keys(house, csrf, name=N_("API keys"), category=system, endpoint="keys", url="keys"))
    app.after_request(_headers)
    init_astray(app, PATH)
    return admin


def _csrf(app: Flask) -> CSRFProtect:
    """Every POST under /admin is checked by the views themselves; inbound routes prove themselves otherwise. A token
    lives as long as its session, so that a form left open over lunch is not lost."""
    app.config.update(WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None)
    return CSRFProtect(app)


def _headers(response: Response) -> Response:
    if request.path == PATH or request.path.startswith(f"{PATH}/"):
        response.headers.update(HEADERS)
        if not request.path.startswith(f"{PATH}/static/"):
            response.headers["Cache-Control"] = "no-store"
    return response
