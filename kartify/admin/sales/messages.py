"""The raw message behind a report: masked for everybody who may see the order; revealed with a reason, which is written
down before anything is shown."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import make_response, request
from flask_admin import expose
from flask_babel import gettext
from sqlalchemy import select

from kartify.admin.frame import masked
from kartify.admin.frame.desk import needs
from kartify.admin.frame.permissions import Permission, who_may
from kartify.admin.sales.money_actions import MoneyActions
from kartify.domain.errors import NotFound
from kartify.flows.ground import audit
from kartify.models import Account, InboxMessage, Report

LONGEST_REASON = 500


class Messages(MoneyActions):
    @expose("/<uuid:order_id>/messages/<uuid:inbox_id>")
    def message(self, order_id: UUID, inbox_id: UUID) -> Any:
        return self._shown(order_id, inbox_id)

    @expose("/<uuid:order_id>/messages/<uuid:inbox_id>/reveal", methods=("POST",))
    @needs(Permission.REVEAL)
    def reveal(self, order_id: UUID, inbox_id: UUID) -> Any:
        found = self._found(order_id, inbox_id)
        reason = request.form.get("reason", "").strip()
        act = audit.Act(by=self.person.email, action="reveal message", subject=f"message:{inbox_id}", text="")
        if not 0 < len(reason) <= LONGEST_REASON:
            problem = gettext("reason: expected why, in at most %(most)s characters; it is written down",
                              most=LONGEST_REASON)
            self.audited(act, f"not done: {problem}")
            return self._shown(order_id, inbox_id, code=422, problem=problem)
        text = f"{found[0].event} of {found[1]}, received {found[0].received_at:%Y-%m-%d %H:%M:%S} UTC: {reason}"
        self.audited(act, text, order_id=order_id)
        return self._shown(order_id, inbox_id, revealed=True)

    def _found(self, order_id: UUID, inbox_id: UUID) -> tuple[InboxMessage, str, list[Report]]:
        """The message with its account's name and what it reported of this order. Raises ``NotFound``."""
        with self.reading() as session:
            reports = session.scalars(
                select(Report).where(Report.order_id == order_id, Report.inbox_id == inbox_id).order_by(Report.seen_at)
            ).all()
            message = session.get(InboxMessage, inbox_id) if reports else None
            if message is None:
                raise NotFound(gettext("this order has no such message"))
            account = session.get(Account, message.account_id)
        return message, account.label if account else "–", list(reports)

    def _shown(
        self, order_id: UUID, inbox_id: UUID, *, code: int = 200, problem: str = "", revealed: bool = False
    ) -> Any:
        message, account, reports = self._found(order_id, inbox_id)
        data = self.read(order_id)
        shown = masked.show(
            method=message.method, path=message.path, headers=message.headers, body=message.body, revealed=revealed
        )
        page = self.render(
            "cockpit/order_message.html", order=data.order, zone=data.store.timezone, message=message, account=account,
            reports=reports, shown=shown, revealed=revealed, problem=problem, who=who_may(Permission.REVEAL),
        )
        return make_response(page, code)
