"""System » Users: who may work here. Made with ``kartify user create``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from flask import request
from flask_admin import expose
from sqlalchemy import select

from kartify import clock
from kartify.admin.frame.desk import Desk, common_zone, needs
from kartify.admin.frame.permissions import ROLES, Permission
from kartify.domain.errors import Conflict
from kartify.flows.ground import audit
from kartify.flows.people import users
from kartify.models import User


class People(Desk):
    opens_to: ClassVar[Permission] = Permission.MANAGE

    @expose("/")
    def index(self) -> Any:
        with self.reading() as session:
            found = session.scalars(select(User).order_by(User.email)).all()
            zone = common_zone(session)
        rights = {role: sorted(right.value for right in granted) for role, granted in ROLES.items()}
        return self.render("cockpit/people.html", users=found, zone=zone, rights=rights, now=clock.now())

    @expose("/<uuid:user_id>/role", methods=("POST",))
    @needs(Permission.MANAGE)
    def role(self, user_id: UUID) -> Any:
        def work() -> str:
            users.set_user(self.house, user_id, by=self.person.email, role=request.form.get("role", ""))
            return "Role changed; the person has to sign in again."

        return self._done(user_id, work)

    @expose("/<uuid:user_id>/access", methods=("POST",))
    @needs(Permission.MANAGE)
    def access(self, user_id: UUID) -> Any:
        def work() -> str:
            on = request.form.get("active") == "yes"
            if user_id == self.person.id and not on:
                raise Conflict("that is you: ask another administrator")
            users.set_user(self.house, user_id, by=self.person.email, active=on)
            return "Access given." if on else "Access taken; every session of this person has ended."

        return self._done(user_id, work)

    @expose("/<uuid:user_id>/sessions", methods=("POST",))
    @needs(Permission.MANAGE)
    def sessions(self, user_id: UUID) -> Any:
        def work() -> str:
            users.set_user(self.house, user_id, by=self.person.email)
            return "Every session of this person has ended."

        return self._done(user_id, work)

    def _done(self, user_id: UUID, work: Callable[[], str]) -> Any:
        self.do(work, audit.Act(by=self.person.email, action="user", subject=f"user:{user_id}", text="admin page"))
        return self.back("people.index")
