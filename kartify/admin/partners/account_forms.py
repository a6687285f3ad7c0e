"""The forms of an account, out of its plugin's settings: a new one, and other settings for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import flash, make_response, request
from flask_admin import expose
from flask_babel import gettext
from sqlalchemy import select

from kartify import certificates, clock
from kartify.accounts import secret_names
from kartify.admin.frame.desk import common_zone, needs
from kartify.admin.frame.permissions import Permission
from kartify.admin.partners import account_data as data
from kartify.admin.partners import fields as forms
from kartify.admin.partners.account_actions import AccountActions, _version
from kartify.domain.errors import Invalid, KartifyError, NotFound
from kartify.flows.ground import audit
from kartify.flows.people import account_settings, rotation, stores
from kartify.models import Account, AuditEntry, Store
from kartify.plugin.gateway import Gateway
from kartify.plugin.partner import Partner

FORGET = "forget."


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a form shows. ``values``: as typed; a secret is never among them. ``problems``: by field; ``problem``: of
    the whole. ``set``: names of the secrets that are stored; ``now``: what others saved meanwhile."""

    fields: Sequence[forms.FormField]
    values: Mapping[str, str]
    problems: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    secrets: Mapping[str, datetime | None] = field(default_factory=dict)
    now: Mapping[str, str] = field(default_factory=dict)
    changes: Sequence[AuditEntry] = ()
    retype: bool = False

    @property
    def first(self) -> list[forms.FormField]:
        return [one for one in self.fields if one.first]

    @property
    def rest(self) -> list[forms.FormField]:
        return [one for one in self.fields if not one.first]

    @property
    def trouble_in_rest(self) -> bool:
        return any(one.name in self.problems or one.name in self.now for one in self.rest)


class AccountForms(AccountActions):
    # A new one.

    @expose("/new", methods=("GET", "POST"))
    @needs(Permission.MANAGE)
    def new(self) -> Any:
        given = request.form if request.method == "POST" else request.args
        with self.reading() as session:
            mine = self.scope(session).rows(select(Store).order_by(Store.code), Store.id)
            known = {one.code: one.name for one in session.scalars(mine)}
        kind = self.house.registry.partner(given.get("plugin", ""))
        if kind is None or given.get("store", "") not in known:
            return self._choose(known, given)
        fields = forms.fields_of(kind.Settings, leave_out=_retired(kind))
        if request.method == "GET":
            return self._new_form(kind, Form(fields=fields, values={one.name: one.default for one in fields}))
        return self._create(kind, fields)

    def _choose(self, known: Mapping[str, str], given: Mapping[str, str]) -> Any:
        plugins = [
            (slug, one.partner.name, gettext("gateway") if one.partner.kind == "gateway" else gettext("OMS"))
            for slug, one in sorted(self.house.registry.partners.items(), key=lambda item: item[1].partner.name.lower())
        ]
        page = self.render("cockpit/account_choose.html", stores=known, plugins=plugins, chosen=given)
        return page if request.method == "GET" else make_response(page, 422)

    def _new_form(self, kind: type[Partner], form: Form) -> str:
        given = request.form if request.method == "POST" else request.args
        return self.render(
            "cockpit/account_new.html", form=form, kind=kind, given=given, steps=kind.setup,
            standing=certificates.standing(kind)[0] if issubclass(kind, Gateway) else "certified",
        )

    def _create(self, kind: type[Partner], fields: Sequence[forms.FormField]) -> Any:
        store = request.form["store"]
        told = f"{kind.slug} for {store}"
        act = audit.Act(by=self.person.email, action=data.ADDED, subject=f"store:{store}", text=told)
        typed: dict[str, str] = {}
        try:
            defaults = {one.name: one.default for one in fields}
            typed = forms.typed(fields, request.form, defaults)
            values = _given(fields, forms.changed(fields, defaults, typed))
            account_id = self._added(kind, store, values)
        except KartifyError as problem:
            form = refused(problem, fields, typed)
            self.audited(act, f"not done: {form.problem or '; '.join(form.problems)}")
            return make_response(self._new_form(kind, form), 409 if form.problem else 422)
        mode = self.house.accounts.get(account_id).mode
        audit.record(self.house, audit.Act(
            by=act.by, action=act.action, subject=f"account:{account_id}", text=f"{act.text}, {mode}",
            data={"fields": sorted(values)},
        ))
        flash(gettext("The account is there. Now test the connection and do the steps of the set-up at the partner."),
              "good")
        return self.back("accounts.account", account_id=account_id)

    def _added(self, kind: type[Partner], store: str, values: Mapping[str, Any]) -> UUID:
        """Whoever sets an account up says whether it is for real money, and the settings must agree."""
        wanted, reason = request.form.get("mode", ""), request.form.get("reason", "").strip()
        if wanted not in ("test", "live"):
            raise Invalid("mode", gettext("say whether this account is for tests or for real money"))
        mode = stores.validate(kind, values).mode()
        if mode != wanted:
            raise Invalid("mode", gettext(
                "these settings move real money: choose that, or type the other keys") if mode == "live" else gettext(
                "these settings are of a test account: choose that, or type the other keys"))
        taken = bool(reason) and mode == "live" and issubclass(kind, Gateway)
        uncertified = audit.Act(by=self.person.email, action="uncertified plugin", subject="",
                                text=f"{kind.slug}: {reason[:500]}") if taken else None
        label = request.form.get("label", "").strip()[:200] or None
        return stores.add_account(self.house, store, kind.slug, values, label=label, uncertified=uncertified)

    # Other settings.

    @expose("/<uuid:account_id>/edit", methods=("GET", "POST"))
    @needs(Permission.MANAGE)
    def edit(self, account_id: UUID) -> Any:
        account = self.account_of(account_id)
        kind = self.house.registry.partner(account.slug)
        if kind is None:
            raise NotFound(gettext("the plugin '%(slug)s' is not installed, so its settings cannot be shown",
                                   slug=account.slug))
        fields = forms.fields_of(kind.Settings, leave_out=_retired(kind))
        before = standing(account, fields)
        if request.method == "GET":
            return self._edit_form(account, Form(fields=fields, values=before))
        act = audit.Act(by=self.person.email, action=data.EDITED, subject=f"account:{account_id}", text="")
        typed: dict[str, str] = {}
        try:
            typed = forms.typed(fields, request.form, before)
            values = {**forms.changed(fields, before, typed), **_forgotten(fields)}
            changed = stores.set_account(self.house, account_id, values, by=act.by, version=_version())
        except NotFound:
            raise
        except KartifyError as problem:
            form = refused(problem, fields, typed)
            self.audited(act, f"not done: {form.problem or '; '.join(form.problems)}")
            return self._again(account_id, form, stale=isinstance(problem, account_settings.Stale))
        flash(gettext("Saved: %(names)s.", names=", ".join(changed)) if changed else gettext("Nothing was different."),
              "good")
        return self.back("accounts.account", account_id=account_id)

    def _again(self, account_id: UUID, form: Form, *, stale: bool) -> Any:
        """The form as it was typed, on the version that is there now; after a stale one, beside what others saved."""
        account = self.account_of(account_id)
        now = standing(account, form.fields)
        if stale:
            form = Form(
                fields=form.fields, values=form.values, problem=form.problem, retype=form.retype,
                now={name: text for name, text in now.items() if form.values.get(name, text) != text},
                changes=self._meanwhile(account_id),
            )
        return make_response(self._edit_form(account, form), 409 if form.problem else 422)

    def _meanwhile(self, account_id: UUID) -> list[AuditEntry]:
        try:
            seen = datetime.fromisoformat(request.form.get("seen_at", ""))
        except ValueError:
            return []
        with self.reading() as session:
            done = data.acts(session, account_id)
        return list(data.fields_changed(done, seen)) if seen.tzinfo else []

    def _edit_form(self, account: Account, form: Form) -> str:
        with self.reading() as session:
            secrets = data.secrets(session, self.house, account, data.acts(session, account.id))
            zone = common_zone(session)
        return self.render(
            "cockpit/account_edit.html", account=account, form=form, now=clock.now(), zone=zone,
            secrets={one.name: one for one in secrets}, forget=FORGET,
        )


def _retired(kind: type[Partner]) -> list[str]:
    """A rotation sets these; a plain one, such as the user name before, stays in the form."""
    names = secret_names(kind)
    return [name for name in kind.Settings.model_fields
            if name == rotation.UNTIL or (name in names and rotation.retired(name))]


def standing(account: Account, fields: Sequence[forms.FormField]) -> dict[str, str]:
    """What is stored, as it would be typed; of secrets nothing."""
    return {
        one.name: "" if one.kind == "secret" else
        forms.shown(account.settings[one.name]) if one.name in account.settings else one.default
        for one in fields
    }


def _given(fields: Sequence[forms.FormField], values: Mapping[str, Any]) -> dict[str, Any]:
    """A text may be meant to be blank; where a number or a list is expected, blank is the default."""
    plain = {one.name for one in fields if one.kind == "text" and not one.needed}
    return {name: value for name, value in values.items() if value != "" or name in plain}


def _forgotten(fields: Sequence[forms.FormField]) -> dict[str, str]:
    """Optional secrets that are to be taken away."""
    return {one.name: "" for one in fields
            if one.kind == "secret" and not one.needed and request.form.get(f"{FORGET}{one.name}") == "yes"}


def refused(problem: KartifyError, fields: Sequence[forms.FormField], typed: Mapping[str, str]) -> Form:
    """Each sentence at its field; what was typed stays, but for secrets."""
    known = {one.name for one in fields}
    given = problem.problems if isinstance(problem, account_settings.BadSettings) else (
        {problem.field: problem.expected} if isinstance(problem, Invalid) else {})
    clean = {name: forms.secrets_out(text, fields, typed) for name, text in given.items()}
    told = {name: text for name, text in clean.items() if name in known or name in ("mode", "label")}
    whole = "; ".join(text for name, text in clean.items() if name not in told)
    if not given:
        whole = forms.secrets_out(str(problem), fields, typed)
    secret = {one.name for one in fields if one.kind == "secret"}
    return Form(
        fields=fields, values={name: "" if name in secret else text for name, text in typed.items()}, problems=told,
        problem=whole, retype=any(typed.get(name) for name in secret),
    )
