"""System » Stores: a shop is made here, and its policy set, out of the fields that ``StorePolicy`` declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from flask import flash, make_response, request
from flask_admin import expose
from flask_babel import gettext
from sqlalchemy import select

from kartify.admin.frame.desk import Desk, needs
from kartify.admin.frame.permissions import Permission
from kartify.admin.partners import fields as forms
from kartify.admin.partners.account_actions import _version
from kartify.admin.partners.account_forms import Form, refused
from kartify.domain.errors import Conflict, KartifyError, NotFound
from kartify.flows.ground import audit
from kartify.flows.people import account_settings, store_values, stores
from kartify.flows.settling.policy import StorePolicy
from kartify.languages import N_
from kartify.models import Account, Store, StoreAccount

_OWN = (
    forms.FormField(name="name", label=N_("Name"), kind="text", needed=True, first=True,
                    about=N_("What people call it.")),
    forms.FormField(name="timezone", label=N_("Time zone"), kind="text", needed=True, first=True,
                    default=store_values.ZONE, about=N_("Times are shown in it, such as Asia/Kolkata.")),
    forms.FormField(name="return_origins", label=N_("Return addresses"), kind="list", needed=False, first=True,
                    about=N_("Origins that customers may be sent back to, with commas: https://shop.example.")),
)


class Stores(Desk):
    @expose("/")
    def index(self) -> Any:
        with self.reading() as session:
            scope = self.scope(session)
            found = session.scalars(scope.rows(select(Store).order_by(Store.code), Store.id)).all()
            served: Any = select(StoreAccount.store_id, Account.id, Account.label, Account.mode).join(
                Account, Account.id == StoreAccount.account_id).where(StoreAccount.active)
            accounts: dict[UUID, list[Any]] = {}
            for row in session.execute(scope.rows(served.order_by(Account.kind, Account.label), StoreAccount.store_id)):
                accounts.setdefault(row.store_id, []).append(row)
        policies = {one.id: _policy(one) for one in found}
        return self.render(
            "cockpit/stores.html", stores=found, accounts=accounts, policies=policies, all_stores=scope.stores is None
        )

    @expose("/new", methods=("GET", "POST"))
    @needs(Permission.MANAGE)
    def new(self) -> Any:
        if request.method == "GET":
            return self._new_form({"currency": "INR", "timezone": store_values.ZONE})
        code = request.form.get("code", "").strip()[:100]
        act = audit.Act(by=self.person.email, action="create store", subject=f"store:{code}", text=code)
        try:
            store_id = self._create(code)
        except KartifyError as problem:
            self.audited(act, f"not done: {problem}")
            page = self._new_form(request.form, problem=str(problem), field=getattr(problem, "field", ""))
            return make_response(page, 409 if isinstance(problem, Conflict) else 422)
        audit.record(self.house, audit.Act(by=act.by, action=act.action, subject=f"store:{store_id}", text=code))
        flash(gettext("The store is there. Next: its gateway and OMS accounts."), "good")
        return self.back("accounts.new", store=code)

    def _create(self, code: str) -> UUID:
        with self.reading() as session:
            if self.scope(session).stores is not None:
                raise Conflict(gettext(
                    "you may see some stores only: ask somebody who sees all to make a new one"))
        form = request.form
        return stores.create_store(
            self.house, code, name=form.get("name", ""), currency=form.get("currency", "").strip().upper()[:10],
            timezone=form.get("timezone", "").strip()[:60],
        )

    def _new_form(self, typed: Mapping[str, str], *, problem: str = "", field: str = "") -> str:
        return self.render("cockpit/store_new.html", typed=typed, problem=problem, field=field, zones=_zones())

    @expose("/<uuid:store_id>/edit", methods=("GET", "POST"))
    @needs(Permission.MANAGE)
    def edit(self, store_id: UUID) -> Any:
        store, fields = self._store(store_id), _fields()
        before = _standing(store, fields)
        if request.method == "GET":
            return self._edit_form(store, Form(fields=fields, values=before))
        act = audit.Act(by=self.person.email, action="store", subject=f"store:{store_id}", text=store.code)
        typed: dict[str, str] = {}
        try:
            typed = forms.typed(fields, request.form, before)
            changes = {name: text for name, text in typed.items() if text != before[name]}
            stores.set_store(self.house, store.code, changes, by=act.by, version=_version())
        except KartifyError as problem:
            form = refused(problem, fields, typed)
            self.audited(act, f"not done: {problem}")
            return self._again(store_id, form, stale=isinstance(problem, account_settings.Stale))
        flash(gettext("Saved: %(names)s.", names=", ".join(changes)) if changes else gettext("Nothing was different."),
              "good")
        return self.back("stores.index")

    def _again(self, store_id: UUID, form: Form, *, stale: bool) -> Any:
        store = self._store(store_id)
        if stale:
            now = _standing(store, form.fields)
            form = Form(fields=form.fields, values=form.values, problem=form.problem,
                        now={name: text for name, text in now.items() if form.values.get(name, text) != text})
        return make_response(self._edit_form(store, form), 409 if form.problem else 422)

    def _edit_form(self, store: Store, form: Form) -> str:
        return self.render("cockpit/store_edit.html", store=store, form=form, zones=_zones(), secrets={}, forget="")

    def _store(self, store_id: UUID) -> Store:
        with self.reading() as session:
            mine = self.scope(session).rows(select(Store).where(Store.id == store_id), Store.id)
            found = session.scalars(mine).first()
        if found is None:
            raise NotFound(gettext("there is no such store"))
        return found


def _fields() -> list[forms.FormField]:
    return [*_OWN, *forms.fields_of(StorePolicy)]


def _standing(store: Store, fields: Any) -> dict[str, str]:
    own = {"name": store.name, "timezone": store.timezone, "return_origins": ", ".join(store.return_origins)}
    return {
        one.name: own[one.name] if one.name in own else
        forms.shown(store.policy[one.name]) if one.name in store.policy else one.default
        for one in fields
    }


def _policy(store: Store) -> list[tuple[str, str]]:
    """What this store has otherwise than all."""
    fields = forms.fields_of(StorePolicy)
    return [(one.label, forms.shown(store.policy[one.name])) for one in fields if one.name in store.policy]


def _zones() -> list[str]:
    return sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "posix/")))
