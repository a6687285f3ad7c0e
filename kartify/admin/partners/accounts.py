"""System » Accounts: gateways and OMSes with their state; each with a page of its own. No secret is read."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask_admin import expose
from sqlalchemy import select

from kartify.accounts import Loaded
from kartify.admin.frame.desk import common_zone
from kartify.admin.partners import account_data as data
from kartify.admin.partners import checklist
from kartify.admin.partners.account_forms import AccountForms, standing
from kartify.admin.partners.fields import fields_of
from kartify.flows.delivering import deliver_queue
from kartify.models import Account
from kartify.plugin.addresses import on_this_machine
from kartify.plugin.gateway import Gateway


class Accounts(AccountForms):
    @expose("/")
    def index(self) -> Any:
        with self.reading() as session:
            scope = self.scope(session)
            mine = scope.accounts(select(Account).order_by(Account.kind, Account.label, Account.id), Account.id)
            accounts = session.scalars(mine).all()
            links, zone = data.links(session, scope), common_zone(session)
            refusals = {one.id: data.refused(session, one.id) for one in accounts}
            queues = deliver_queue.queues(session.connection())
        return self.render(
            "cockpit/accounts.html", accounts=accounts, links=links, zone=zone, refusals=refusals,
            problems={one.id: self.house.accounts.get(one.id).problem for one in accounts},
            plugins={one.id: data.plugin_of(self.house, one) for one in accounts},
            queues={one.id: queues.get(one.id, deliver_queue.Queue()) for one in accounts if one.kind == "oms"},
        )

    @expose("/<uuid:account_id>")
    def account(self, account_id: UUID) -> Any:
        account, loaded = self.account_of(account_id), self.house.accounts.get(account_id, fresh=True)
        with self.reading() as session:
            done, zone = data.acts(session, account_id), common_zone(session)
            seen = data.last_message(session, account_id)
            values: dict[str, Any] = {
                "links": data.links(session, self.scope(session), account_id).get(account_id, []),
                "secrets": data.secrets(session, self.house, account, done),
                "refused": data.refused(session, account_id),
                "queue": deliver_queue.queues(session.connection()).get(account_id, deliver_queue.Queue()),
            }
        addresses = data.addresses(self.house, loaded)
        given = {**account.settings, **{one.name: one.set for one in values["secrets"]}}
        steps = loaded.partner.setup_steps() if loaded.partner else ()
        return self.render(
            "cockpit/account.html", account=account, problem=loaded.problem, zone=zone, seen=seen,
            done=done[:data.SHOWN],
            plugin=data.plugin_of(self.house, account), addresses=addresses, connected=data.connected(done),
            tested=data.newest(done, data.WEBHOOK_TESTED), local=on_this_machine(self.house.public_url),
            plain_http=urlsplit(self.house.public_url).scheme == "http", settings=self._settings(account, loaded),
            steps=checklist.items(steps, addresses, given, seen.received_at if seen else None), is_past=data.is_past,
            probes=_probes(loaded), **values,
        )

    def _settings(self, account: Account, loaded: Loaded) -> list[tuple[str, str]]:
        """What is not secret and not as it always is."""
        if loaded.partner is None:
            return sorted((name, str(value)) for name, value in account.settings.items())
        fields = [one for one in fields_of(type(loaded.partner).Settings) if one.kind != "secret"]
        now = standing(account, fields)
        return [(one.label, now[one.name]) for one in fields if now[one.name] not in ("", one.default)]


def _probes(loaded: Loaded) -> bool:
    """Whether the plugin makes a message to test the webhook with."""
    return isinstance(loaded.partner, Gateway) and type(loaded.partner).probe is not Gateway.probe
