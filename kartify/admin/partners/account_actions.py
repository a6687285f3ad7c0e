"""What the buttons of an account do: pause, resume, test, drain, rotate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from uuid import UUID

from flask import flash, request
from flask_admin import expose
from flask_babel import gettext, ngettext

from kartify import contain
from kartify.accounts import Broken
from kartify.admin.frame.desk import Desk, needs
from kartify.admin.frame.permissions import Permission
from kartify.admin.partners import account_data as data
from kartify.domain.errors import Conflict, Invalid, KartifyError, NotFound
from kartify.flows.delivering import deliver_queue
from kartify.flows.ground import audit
from kartify.flows.people import rotation, stores
from kartify.flows.receiving import selftest
from kartify.languages import translated
from kartify.models import Account


class AccountActions(Desk):
    def account_of(self, account_id: UUID) -> Account:
        """Raises ``NotFound`` for what is not there, or not the person's to see."""
        with self.reading() as session:
            found = data.visible(session, self.scope(session), account_id)
        if found is None:
            raise NotFound(gettext("there is no account %(id)s", id=account_id))
        return found

    def _act(self, account_id: UUID, action: str, work: Callable[[], str]) -> Any:
        self.account_of(account_id)
        self.do(work, audit.Act(by=self.person.email, action=action, subject=f"account:{account_id}", text=""))
        return self.back("accounts.account", account_id=account_id)

    @expose("/<uuid:account_id>/pause", methods=("POST",))
    @needs(Permission.MANAGE)
    def pause(self, account_id: UUID) -> Any:
        return self._act(account_id, "pause account", lambda: self._pause(account_id))

    def _pause(self, account_id: UUID) -> str:
        reason = request.form.get("reason", "").strip()
        if not reason:
            raise Invalid("reason", gettext("expected why, in a few words"))
        stores.pause_account(self.house, account_id, by=self.person.email, reason=reason[:500])
        return gettext("Paused: machines call this partner no more. What reaches us is still taken.")

    @expose("/<uuid:account_id>/resume", methods=("POST",))
    @needs(Permission.MANAGE)
    def resume(self, account_id: UUID) -> Any:
        return self._act(account_id, "resume account", lambda: self._resume(account_id))

    def _resume(self, account_id: UUID) -> str:
        stores.resume_account(self.house, account_id, by=self.person.email)
        return gettext("Resumed: what was due meanwhile is done now.")

    @expose("/<uuid:account_id>/test", methods=("POST",))
    @needs(Permission.WORK)
    def test(self, account_id: UUID) -> Any:
        return self._act(account_id, data.TESTED, lambda: self._test(account_id))

    def _test(self, account_id: UUID) -> str:
        """A harmless call with the settings as they are stored now."""
        loaded = self.house.accounts.get(account_id, fresh=True)
        partner = loaded.partner
        if partner is None:
            raise Broken(loaded.problem or gettext("the account cannot work"))
        said = contain.asking("test", str, lambda: partner.test(self.house.client), seconds=partner.deadline)
        return gettext("It works. %(said)s", said=said)

    @expose("/<uuid:account_id>/webhook", methods=("POST",))
    @needs(Permission.WORK)
    def webhook(self, account_id: UUID) -> Any:
        """The result is kept in the audit: the page shows the last one, with its time."""
        self.account_of(account_id)
        act = audit.Act(by=self.person.email, action=data.WEBHOOK_TESTED, subject=f"account:{account_id}", text="")
        try:
            found = selftest.run(self.house, account_id)
        except KartifyError as problem:
            flash(gettext("Not tested: %(problem)s.", problem=str(problem).rstrip(".")), "bad")
            self.audited(act, f"not done: {problem}")
            return self.back("accounts.account", account_id=account_id)
        audit.record(self.house, audit.Act(
            by=act.by, action=act.action, subject=act.subject, text=f"{found.word}: {found.text}", data=asdict(found)
        ))
        said = gettext("The webhook works.") if found.good else gettext("The webhook test found: %(word)s.",
                                                                        word=translated(found.word))
        flash(f"{said} {found.text}", "good" if found.good else "bad")
        return self.back("accounts.account", account_id=account_id)

    @expose("/<uuid:account_id>/drain", methods=("POST",))
    @needs(Permission.WORK)
    def drain(self, account_id: UUID) -> Any:
        return self._act(account_id, "drain account", lambda: self._drain(account_id))

    def _drain(self, account_id: UUID) -> str:
        found = deliver_queue.drain_now(self.house, account_id)
        if not found:
            return gettext("Nothing waits for its next try.")
        return ngettext(
            "%(count)s delivery is tried now; reload the page to see what came of it.",
            "%(count)s deliveries are tried now; reload the page to see what came of it.", found, count=found,
        )

    @expose("/<uuid:account_id>/rotate", methods=("POST",))
    @needs(Permission.MANAGE)
    def rotate(self, account_id: UUID) -> Any:
        def work() -> str:
            name, days = request.form.get("secret", ""), request.form.get("days", "")
            rotation.rotate(
                self.house, account_id, name, request.form.get("new", "").strip(), by=self.person.email,
                days=_days(days), version=_version(),
            )
            return gettext("The new secret is in, and messages signed by the old one are still taken. "
                           "Change it at the partner now.")

        return self._rotated(account_id, rotation.ROTATED, work)

    @expose("/<uuid:account_id>/end-old", methods=("POST",))
    @needs(Permission.MANAGE)
    def end_old(self, account_id: UUID) -> Any:
        def work() -> str:
            self._sure(account_id)
            name = request.form.get("secret", "")
            rotation.end_old(self.house, account_id, name, by=self.person.email, version=_version())
            return gettext("The old secret has ended: what is still signed by it is refused from now on.")

        return self._rotated(account_id, rotation.ENDED, work)

    def _sure(self, account_id: UUID) -> None:
        """While messages still come under the old one, whoever ends it must say that he knows."""
        with self.reading() as session:
            used = data.last_by_old(session, account_id)
        if used is not None and not data.is_past(used) and request.form.get("sure") != "yes":
            raise Conflict(gettext("messages signed by the old secret still come: change it at the partner first, or "
                                   "tick that you want to lose them"))

    def _rotated(self, account_id: UUID, action: str, work: Callable[[], str]) -> Any:
        """The flow writes the audit itself, with the change; a refusal is written here."""
        self.account_of(account_id)
        act = audit.Act(by=self.person.email, action=action, subject=f"account:{account_id}", text="")
        try:
            flash(work(), "good")
        except KartifyError as problem:
            said = str(problem)
            for typed in filter(None, [request.form.get("new", "").strip()]):
                said = said.replace(typed, "***") if len(typed) > 3 else said
            flash(gettext("Not done: %(problem)s.", problem=said.rstrip(".")), "bad")
            self.audited(act, f"not done: {said}")
        return self.back("accounts.account", account_id=account_id)


def _days(text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise Invalid("days", gettext("expected a whole number"))
    return int(text[:6])


def _version() -> int:
    """That of the page the form stood on. Raises ``Invalid``."""
    text = request.form.get("version", "")
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Invalid("version", gettext("reload the page and try again"))
    return int(text)
