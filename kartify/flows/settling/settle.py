"""Settle: three channels, one desk. Reports come in, ``decide`` concludes, one write step follows.

The caller holds the order's lock and gives the snapshot; callback, webhook, lookup and the move by hand all end here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import Connection

from kartify.domain.decide import ChargeView, Decision, decide
from kartify.domain.reports import Facts, Report, is_news, merge
from kartify.domain.status import Status
from kartify.flows.ground.writes import Write, execute
from kartify.flows.settling.facts import KnownCharge, Snapshot
from kartify.flows.settling.settle_rows import Change, Source, change_writes
from kartify.models import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it: the move if there was one, and whether the gateway must be asked again."""

    order_id: UUID
    store_id: UUID
    number: str
    before: Status
    after: Status
    settled: int = 0
    currency: str = ""
    ask: bool = False
    delivers_to: UUID | None = None
    over: bool = False

    @property
    def moved(self) -> bool:
        return self.before is not self.after


def apply(connection: Connection, snapshot: Snapshot, reports: Sequence[Report], source: Source) -> Outcome:
    """Merges the reports, decides and writes everything in one step. The caller commits."""
    writes, outcome = conclude(connection, snapshot, reports, source)
    execute(connection, writes)
    return outcome


def conclude(
    connection: Connection, snapshot: Snapshot, reports: Sequence[Report], source: Source
) -> tuple[list[Write], Outcome]:
    """Merges the reports and decides: what is to be written, and what comes of it."""
    for report in reports:
        report.check()
    merged, subjects = _merge(snapshot, reports, source)
    after = replace(snapshot, charges=tuple(merged.values()))
    views = [_voidable(known.view, source.can_void) for known in after.charges]
    decision = decide(snapshot.view, views, subjects)
    change = Change(before=snapshot, after=after, decision=decision, source=source, subjects=tuple(subjects))
    return change_writes(connection, change, reports), _outcome(after, decision)


def _merge(
    snapshot: Snapshot, reports: Sequence[Report], source: Source
) -> tuple[dict[tuple[UUID, str], KnownCharge], list[UUID]]:
    known = {(charge.account_id, charge.gateway_payment_id): charge for charge in snapshot.charges}
    subjects: list[UUID] = []
    for report in reports:
        if report.gateway_payment_id is None:
            continue
        key = (source.account_id, report.gateway_payment_id)
        charge = known.get(key) or _new_charge(report, source)
        known[key] = _told(charge, report, source)
        subjects.append(charge.view.id)
    return known, subjects


def _told(charge: KnownCharge, report: Report, source: Source) -> KnownCharge:
    view = charge.view
    facts = merge(view.facts, report, channel=source.channel, seen_at=source.at)
    return KnownCharge(
        view=ChargeView(id=view.id, facts=facts, ours=view.ours, kept=view.kept, can_void=view.can_void),
        gateway_payment_id=charge.gateway_payment_id,
        payment_id=charge.payment_id or source.payment_id,
        account_id=charge.account_id,
        method=report.method or charge.method,
        last_report_at=source.at if is_news(view.facts, facts) else charge.last_report_at,
        orphan=charge.orphan,
    )


def _voidable(view: ChargeView, can_void: bool) -> ChargeView:
    return replace(view, can_void=True) if can_void else view


def _new_charge(report: Report, source: Source) -> KnownCharge:
    return KnownCharge(
        view=ChargeView(id=new_id(), facts=Facts()),
        gateway_payment_id=report.gateway_payment_id or "",
        payment_id=source.payment_id,
        account_id=source.account_id,
        method=report.method,
        last_report_at=source.at,
    )


def _outcome(after: Snapshot, decision: Decision) -> Outcome:
    bound, before = decision.settlement, after.view.status
    target = decision.move or before
    return Outcome(
        order_id=after.order_id,
        store_id=after.store_id,
        number=after.number,
        before=before,
        after=target,
        settled=bound.amount if bound and not bound.reversed else 0,
        currency=after.view.currency,
        ask=decision.ask,
        delivers_to=after.oms_account_id if target is Status.PROCESSING and before is not target else None,
        over=bound is not None and not bound.authorized,
    )
