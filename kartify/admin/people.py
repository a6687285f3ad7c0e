"""System » Users: who may work here, with what role, and in which stores."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from flask import make_response, request
from flask_admin import expose
from flask_babel import gettext
from sqlalchemy import select

from kartify import clock
from kartify.admin.frame.desk import Desk, choices, common_zone, needs, not_done
from kartify.admin.frame.permissions import ROLES, Permission
from kartify.domain.errors import Conflict, Invalid, KartifyError, NotFound
from kartify.flows.ground import audit
from kartify.flows.people import users
from kartify.languages import translated
from kartify.models import User


class People(Desk):
    opens_to: ClassVar[Permission] = Permission.MANAGE

    @expose("/")
    def index(self) -> Any:
        return self._page()

    def _page(self, *, code: int = 200, problem: str = "", once: tuple[str, str] | None = None) -> Any:
        """``once``: e-mail and password of someone who was just given one; they are shown this one time."""
        with self.reading() as session:
            found = [one for one in session.scalars(select(User).order_by(User.email)) if self._mine(one.stores)]
            zone, stores = common_zone(session), self._stores(choices(session))
        rights = {role: [translated(one) for one in sorted(granted)] for role, granted in ROLES.items()}
        page = self.render(
            "cockpit/people.html", users=found, zone=zone, rights=rights, now=clock.now(), stores=stores,
            everywhere=self.person.stores is None, problem=problem, once=once,
            typed=request.form if problem else {}, ticked=request.form.getlist("store") if problem else [],
        )
        return make_response(page, code)

    def _mine(self, stores: Sequence[str] | None) -> bool:
        """Whoever is limited to stores manages people who are limited to some of them, and nobody else."""
        own = self.person.stores
        return own is None or (stores is not None and set(stores) <= set(own))

    def _stores(self, known: Mapping[str, str]) -> Mapping[str, str]:
        own = self.person.stores
        return {code: name for code, name in known.items() if own is None or code in own}

    @expose("/create", methods=("POST",))
    @needs(Permission.MANAGE)
    def create(self) -> Any:
        form = request.form
        email, typed = form.get("email", "").strip()[:200], form.get("password", "")
        password = typed or secrets.token_urlsafe(12)
        act = audit.Act(by=self.person.email, action="user", subject="page:users", text=f"make {email}")
        try:
            users.create_user(
                self.house, email, form.get("role", ""), password, stores=self._chosen(), by=self.person.email
            )
        except KartifyError as problem:
            self.audited(act, f"not done: {problem}")
            code = 422 if isinstance(problem, Invalid) else 409
            return self._page(code=code, problem=gettext("Not made: %(problem)s.", problem=str(problem)))
        if not typed:
            return self._page(once=(email.lower(), password))
        return self.done(gettext("Made. %(email)s can sign in now.", email=email.lower()), "people.index")

    def _chosen(self) -> list[str] | None:
        """The stores of the form; None is all. Raises ``Invalid``."""
        codes, everywhere = request.form.getlist("store"), request.form.get("all_stores") == "yes"
        if everywhere and codes:
            raise Invalid("stores", gettext("expected all of them or some of them, not both"))
        if everywhere and self.person.stores is None:
            return None
        if everywhere or not self._mine(codes):
            mine = ", ".join(self.person.stores or ())
            raise Invalid("stores", gettext("expected stores that you may see yourself: %(stores)s", stores=mine))
        return codes

    @expose("/<uuid:user_id>/role", methods=("POST",))
    @needs(Permission.MANAGE)
    def role(self, user_id: UUID) -> Any:
        return self._set(user_id, gettext("Role changed; the person has to sign in again."),
                         lambda: {"role": request.form.get("role", "")})

    @expose("/<uuid:user_id>/stores", methods=("POST",))
    @needs(Permission.MANAGE)
    def stores(self, user_id: UUID) -> Any:
        return self._set(user_id, gettext("Stores changed; the person has to sign in again."),
                         lambda: {"stores": self._chosen()})

    @expose("/<uuid:user_id>/access", methods=("POST",))
    @needs(Permission.MANAGE)
    def access(self, user_id: UUID) -> Any:
        on = request.form.get("active") == "yes"

        def changes() -> dict[str, Any]:
            if user_id == self.person.id and not on:
                raise Conflict(gettext("that is you: ask another administrator"))
            return {"active": on}

        said = gettext("Access given.") if on else gettext("Access taken; every session of this person has ended.")
        return self._set(user_id, said, changes)

    @expose("/<uuid:user_id>/sessions", methods=("POST",))
    @needs(Permission.MANAGE)
    def sessions(self, user_id: UUID) -> Any:
        return self._set(user_id, gettext("Every session of this person has ended."), dict)

    @expose("/<uuid:user_id>/password", methods=("POST",))
    @needs(Permission.MANAGE)
    def password(self, user_id: UUID) -> Any:
        """A new one is made and shown once: nobody has to think of one, and none is mailed."""
        made = secrets.token_urlsafe(12)

        def work() -> str:
            users.set_password(self.house, user_id, made, by=self.person.email, epoch=_epoch())
            return ""

        email = self._known(user_id)
        problem = self._tried(user_id, work)
        if problem:
            return self._page(code=409, problem=problem)
        return self._page(once=(email, made))

    def _set(self, user_id: UUID, said: str, changes: Callable[[], Mapping[str, Any]]) -> Any:
        def work() -> str:
            users.set_user(self.house, user_id, by=self.person.email, epoch=_epoch(), **changes())
            return said

        self._known(user_id)
        problem = self._tried(user_id, work)
        return self._page(code=409, problem=problem) if problem else self.done(said, "people.index")

    def _tried(self, user_id: UUID, work: Callable[[], str]) -> str:
        """Why not; empty when it is done. The flow writes what was done into the audit, this what was refused."""
        try:
            work()
        except KartifyError as problem:
            act = audit.Act(by=self.person.email, action="user refused", subject=f"user:{user_id}", text="")
            self.audited(act, f"not done: {problem}")
            return not_done(problem)
        return ""

    def _known(self, user_id: UUID) -> str:
        """The e-mail. Raises ``NotFound`` for whom this administrator may not manage."""
        with self.reading() as session:
            found = session.get(User, user_id)
        if found is None or not self._mine(found.stores):
            raise NotFound(gettext("there is no such user"))
        return found.email


def _epoch() -> int:
    """Every form about a user carries the epoch that the page showed: each change raises it. Raises ``Invalid``."""
    given = request.form.get("epoch", "")
    if not given.isascii() or not given.isdigit() or len(given) > 9:
        raise Invalid("epoch", gettext("expected what the page showed; reload the page"))
    return int(given)
