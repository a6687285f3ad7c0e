"""What to press for an exception, and where: the order's page, a gateway's account, a message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from flask import url_for
from flask_babel import gettext

from kartify.admin.frame.look import short, words
from kartify.admin.frame.permissions import Permission
from kartify.domain.cases import CaseType
from kartify.models import Account, Case, Order

ASKING: Final = frozenset({
    CaseType.LOOKUPS_EXHAUSTED, CaseType.STILL_PENDING, CaseType.MOVED_BY_HAND_UNPAID, CaseType.CONTRADICTION,
    CaseType.AUTHORIZATION_LOST, CaseType.OMS_CANCELLED_PAYMENT_OPEN,
})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A link, or with ``order`` a button that asks the gateway now (``needs``: who may press it)."""

    label: str
    url: str
    more: str = ""
    order: Order | None = None
    needs: Permission = Permission.READ


def steps(case: Case, order: Order | None, account: Account | None) -> list[Step]:
    """The safe thing first."""
    kind, _, subject = case.subject.partition(":")
    found = _of_order(case, order) if order is not None else []
    if kind == "message" and (message_id := _uuid(subject)):
        found.append(Step(label=gettext("Open the message"), url=url_for("inbox.message", message_id=message_id)))
    if kind == "account" and account is not None:
        found.append(_of_account(case, account))
    if case.type == CaseType.ORPHAN_MONEY and account is not None:
        url = url_for("inbox.index", account=account.id, state="exception")
        found.append(Step(label=gettext("Messages of %(name)s that fit no order", name=account.label), url=url))
    return found


def _of_order(case: Case, order: Order) -> list[Step]:
    page = url_for("orders.page", order_id=order.id, _anchor="actions")
    found = [Step(label=gettext("Do it on the page of %(number)s", number=order.number), url=page)]
    if case.type in ASKING:
        url = url_for("orders.check", order_id=order.id)
        found.insert(0, Step(label=gettext("Check payment now"), url=url, order=order, needs=Permission.WORK))
    return found


def _of_account(case: Case, account: Account) -> Step:
    url = url_for("accounts.index", _anchor=f"account-{account.id}")
    if case.type == CaseType.ACCOUNT_UNABLE:
        more = gettext("Nothing has to be pressed: it goes on by itself once the plugin or the settings are right.")
    else:
        more = gettext("Mend its keys, press Test connection, and when that works press Resume.")
    return Step(label=gettext("Open account %(name)s", name=account.label), url=url, more=more)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def told(case: Case) -> str:
    """A name for an exception that is of no order."""
    return f"{words(case.subject.partition(':')[0])} …{short(case.subject)}"
