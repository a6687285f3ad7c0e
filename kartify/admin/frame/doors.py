"""Signing in and out."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import flash, make_response, request, session
from flask_admin import expose
from flask_babel import gettext
from flask_login import login_user, logout_user
from werkzeug.utils import redirect

from kartify.admin.frame.desk import Desk, needs, public
from kartify.admin.frame.permissions import Permission
from kartify.admin.frame.session import current, person_of
from kartify.flows.ground import audit
from kartify.flows.people import users
from kartify.languages import translated

log = structlog.get_logger()


class Doors(Desk):
    @expose("/login", methods=("GET", "POST"))
    @public
    def login(self) -> Any:
        there = inside(request.values.get("next", ""), self.get_url("admin.index"))
        if request.method == "GET":
            return redirect(there, 303) if current() else self._form(there)
        email = request.form.get("email", "").strip()[:200]
        try:
            member = users.authenticate(self.house, email, request.form.get("password", "")[:1_000])
        except users.LoginRefused as problem:
            # Logged, not stored: whoever is not signed in must not be able to fill a table.
            log.warning("login refused", email=email)
            return make_response(self._form(there, email=email, problem=translated(str(problem))), 401)
        # A new session: whatever stood in the old one, a token someone planted too, is gone.
        session.clear()
        session.permanent = True
        login_user(person_of(member))
        audit.record(
            self.house, audit.Act(by=member.email, action="login", subject=f"user:{member.id}", text="signed in")
        )
        return redirect(there, 303)

    def _form(self, there: str, *, email: str = "", problem: str = "") -> str:
        return self.render("cockpit/login.html", there=there, email=email, problem=problem)

    @expose("/logout", methods=("POST",))
    @needs(Permission.READ)
    def logout(self) -> Any:
        act = audit.Act(by=self.person.email, action="logout", subject=f"user:{self.person.id}", text="signed out")
        audit.record(self.house, act)
        logout_user()
        session.clear()
        flash(gettext("You are signed out."), "good")
        return self.back("admin.login")


def inside(there: str, otherwise: str) -> str:
    """Where to go after signing in: only a path of the admin, never another site."""
    parts = urlsplit(there)
    own = there.startswith("/admin/") and not parts.netloc and not parts.scheme
    return there if own and "\\" not in there and not there.startswith("/admin/log") else otherwise
