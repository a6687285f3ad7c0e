"""System » Accounts: gateways and OMSes with their state, and the addresses to paste there. No secret is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import request
from flask_admin import expose
from sqlalchemy import select
from sqlalchemy.orm import Session

from kartify import certificates, contain
from kartify.accounts import Broken
from kartify.admin.frame.desk import Desk, common_zone, needs
from kartify.admin.frame.permissions import Permission
from kartify.admin.frame.scope import Scope
from kartify.domain.errors import Invalid, NotFound
from kartify.flows.delivering import deliver_queue
from kartify.flows.ground import audit
from kartify.flows.people import stores
from kartify.models import Account, Refusal, Store, StoreAccount
from kartify.plugin.oms import Oms


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """What is installed for an account. ``state``: of its certificate; empty for an OMS, which has none."""

    package: str
    state: str = ""
    certificate: certificates.Certificate | None = None

    @property
    def checks(self) -> str:
        known = self.certificate
        return f"{known.passed} checks passed, {len(known.checks) - known.passed} left out" if known else ""


class Accounts(Desk):
    @expose("/")
    def index(self) -> Any:
        with self.reading() as session:
            every = select(Account).order_by(Account.kind, Account.label, Account.id)
            accounts = session.scalars(self.scope(session).accounts(every, Account.id)).all()
            links, zone = _stores(session, self.scope(session)), common_zone(session)
            refusals = {one.id: _refused(session, one.id) for one in accounts}
            queues = deliver_queue.queues(session.connection())
        return self.render(
            "cockpit/accounts.html", accounts=accounts, links=links, zone=zone, refusals=refusals,
            addresses={one.id: self._addresses(one) for one in accounts},
            problems={one.id: self.house.accounts.get(one.id).problem for one in accounts},
            plugins={one.id: self._plugin(one) for one in accounts},
            queues={one.id: queues.get(one.id, deliver_queue.Queue()) for one in accounts if one.kind == "oms"},
        )

    def _visible(self, account_id: UUID) -> None:
        """Raises ``NotFound`` for an account of stores that the person may not see."""
        with self.reading() as session:
            mine = self.scope(session).accounts(select(Account.id).where(Account.id == account_id), Account.id)
            if session.scalar(mine) is None:
                raise NotFound("there is no such account")

    def _plugin(self, account: Account) -> Plugin | None:
        installed = self.house.registry.partners.get(account.slug)
        if installed is None:
            return None
        package = f"{installed.distribution} {installed.version}"
        if account.kind != "gateway":
            return Plugin(package=package)
        state, certificate = certificates.standing(installed.partner)
        return Plugin(package=package, state=state, certificate=certificate)

    def _addresses(self, account: Account) -> list[tuple[str, str]]:
        if account.kind == "gateway":
            return [("Webhook", self.house.webhook_url(account.id)), ("Callback", self.house.callback_url(account.id))]
        kind = self.house.registry.partner(account.slug)
        routes = kind.routes if kind is not None and issubclass(kind, Oms) else ()
        base = f"{self.house.public_url}/partners/{account.id}"
        return [(f"{one.name.capitalize()} ({one.method})", f"{base}/{one.path.lstrip('/')}") for one in routes]

    @expose("/<uuid:account_id>/pause", methods=("POST",))
    @needs(Permission.MANAGE)
    def pause(self, account_id: UUID) -> Any:
        self._visible(account_id)
        act = audit.Act(by=self.person.email, action="pause account", subject=f"account:{account_id}", text="")
        self.do(lambda: self._pause(account_id), act)
        return self.back("accounts.index")

    def _pause(self, account_id: UUID) -> str:
        reason = request.form.get("reason", "").strip()
        if not reason:
            raise Invalid("reason", "expected why, in a few words")
        stores.pause_account(self.house, account_id, by=self.person.email, reason=reason)
        return "Paused: machines call this partner no more. What reaches us is still taken."

    @expose("/<uuid:account_id>/resume", methods=("POST",))
    @needs(Permission.MANAGE)
    def resume(self, account_id: UUID) -> Any:
        self._visible(account_id)
        act = audit.Act(by=self.person.email, action="resume account", subject=f"account:{account_id}", text="")
        self.do(lambda: self._resume(account_id), act)
        return self.back("accounts.index")

    def _resume(self, account_id: UUID) -> str:
        stores.resume_account(self.house, account_id, by=self.person.email)
        return "Resumed: what was due meanwhile is done now."


    @expose("/<uuid:account_id>/test", methods=("POST",))
    @needs(Permission.WORK)
    def test(self, account_id: UUID) -> Any:
        self._visible(account_id)
        act = audit.Act(by=self.person.email, action="test connection", subject=f"account:{account_id}", text="")
        self.do(lambda: self._test(account_id), act)
        return self.back("accounts.index")

    def _test(self, account_id: UUID) -> str:
        """A harmless call with the settings as they are stored now."""
        loaded = self.house.accounts.get(account_id, fresh=True)
        partner = loaded.partner
        if partner is None:
            raise Broken(loaded.problem or "the account cannot work")
        said = contain.asking("test", str, lambda: partner.test(self.house.client), seconds=partner.deadline)
        return f"It works. {said}"

    @expose("/<uuid:account_id>/drain", methods=("POST",))
    @needs(Permission.WORK)
    def drain(self, account_id: UUID) -> Any:
        self._visible(account_id)
        act = audit.Act(by=self.person.email, action="drain account", subject=f"account:{account_id}", text="")
        self.do(lambda: self._drain(account_id), act)
        return self.back("accounts.index")

    def _drain(self, account_id: UUID) -> str:
        found = deliver_queue.drain_now(self.house, account_id)
        if not found:
            return "Nothing waits for its next try."
        told = "delivery is" if found == 1 else "deliveries are"
        return f"{found} {told} tried now; reload the page to see what came of it."


def _stores(session: Session, scope: Scope) -> dict[UUID, list[str]]:
    linked: Any = select(StoreAccount.account_id, Store.code, StoreAccount.active)
    rows = session.execute(scope.rows(linked.join(Store, Store.id == StoreAccount.store_id), Store.id))
    found: dict[UUID, list[str]] = {}
    for row in rows:
        found.setdefault(row.account_id, []).append(row.code if row.active else f"{row.code} (no longer)")
    return found


def _refused(session: Session, account_id: UUID) -> Refusal | None:
    newest = select(Refusal).where(Refusal.account_id == account_id).order_by(Refusal.minute.desc()).limit(1)
    return session.scalars(newest).first()
