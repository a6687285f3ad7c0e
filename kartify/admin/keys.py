"""System » API keys: which there are, made (shown once) and revoked."""

from __future__ import annotations

from typing import Any, ClassVar, cast, get_args
from uuid import UUID

from flask import make_response, request
from flask_admin import expose
from flask_babel import gettext
from sqlalchemy import select

from kartify.admin.frame.desk import Desk, choices, common_zone, needs
from kartify.admin.frame.permissions import Permission
from kartify.domain.errors import Invalid, KartifyError, NotFound
from kartify.flows.ground import audit
from kartify.flows.people import keys
from kartify.flows.reading.paging import by_id
from kartify.languages import N_
from kartify.models import ApiKey, Store

SCOPES = {
    "storefront": N_("the shop's site: makes orders, opens payments, reads and cancels its own orders"),
    "oms": N_("an OMS that fetches: reads the orders that go to it, acknowledges them, tells their status"),
}


class Keys(Desk):
    opens_to: ClassVar[Permission] = Permission.MANAGE

    @expose("/")
    def index(self) -> Any:
        return self._page()

    def _page(self, *, code: int = 200, problem: str = "", once: str = "") -> Any:
        """``once``: a key that was just made."""
        with self.reading() as session:
            scope = self.scope(session)
            page = by_id(session, scope.rows(select(ApiKey), ApiKey.store_id), ApiKey.id, request.args.get("after"))
            visible = session.scalars(scope.rows(select(Store).order_by(Store.code), Store.id)).all()
            zone = common_zone(session)
        body = self.render(
            "cockpit/keys.html", page=page, stores={one.id: one for one in visible}, scopes=SCOPES, zone=zone,
            problem=problem, once=once, typed=request.form if problem else {},
        )
        return make_response(body, code)

    @expose("/create", methods=("POST",))
    @needs(Permission.MANAGE)
    def create(self) -> Any:
        form = request.form
        act = audit.Act(by=self.person.email, action="make API key", subject="page:keys", text="")
        try:
            key = keys.create_key(
                self.house, self._store(form.get("store", "")), _scope(form.get("scope", "")),
                label=form.get("label", "").strip()[:200] or None, by=self.person.email,
            )
        except KartifyError as problem:
            self.audited(act, f"not done: {problem}")
            told = gettext("Not made: %(problem)s.", problem=str(problem).rstrip("."))
            return self._page(code=422 if isinstance(problem, Invalid) else 409, problem=told)
        return self._page(once=key)

    def _store(self, code: str) -> str:
        """Raises ``Invalid``, for a store of others too."""
        with self.reading() as session:
            known = choices(session)
        if code not in known or (self.person.stores is not None and code not in self.person.stores):
            raise Invalid("store", gettext("expected one of the stores that you may see"))
        return code

    @expose("/<uuid:key_id>/revoke", methods=("POST",))
    @needs(Permission.MANAGE)
    def revoke(self, key_id: UUID) -> Any:
        with self.reading() as session:
            row = session.get(ApiKey, key_id)
            if row is None or not self.scope(session).sees(row.store_id):
                raise NotFound(gettext("there is no such key"))
        reason = request.form.get("reason", "").strip()[:500]
        act = audit.Act(by=self.person.email, action="revoke API key", subject=f"key:{key_id}", text=f"{row.prefix}…")
        try:
            if not reason:
                raise Invalid("reason", gettext("expected why, in a few words"))
            keys.revoke_key(self.house, row.prefix, by=self.person.email, reason=reason)
        except KartifyError as problem:
            self.audited(act, f"not done: {problem}")
            told = gettext("Not revoked: %(problem)s.", problem=str(problem).rstrip("."))
            return self._page(code=422 if isinstance(problem, Invalid) else 409, problem=told)
        return self.done(
            gettext("Revoked: whoever calls with %(prefix)s… is refused from now on.", prefix=row.prefix), "keys.index"
        )


def _scope(name: str) -> keys.Scope:
    """Raises ``Invalid``."""
    if name not in get_args(keys.Scope):
        raise Invalid("scope", gettext("expected one of %(names)s", names=", ".join(get_args(keys.Scope))))
    return cast("keys.Scope", name)
