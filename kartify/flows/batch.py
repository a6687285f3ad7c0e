"""Several webhooks that came at the same moment, in one transaction: the same steps as for one, each in one trip.

What goes wrong with one undoes them all; then each is worked off alone, as if it had come alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from kartify.domain.reports import Channel, Report
from kartify.flows import facts, inbox, settle
from kartify.flows.settle_rows import Source
from kartify.flows.writes import execute_many
from kartify.prepared import Prepared

_STORE_AND_LOCK, _FACTS = Prepared(inbox.STORE_AND_LOCK), Prepared(facts.FACTS)


class NotPlain(Exception):
    """These messages cannot be worked off together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message that is read: the inbox's values, and what it reports of one payment that it names."""

    values: dict[str, Any]
    account_id: UUID
    reports: tuple[Report, ...]
    channel: Channel
    can_void: bool

    @property
    def gateway_order_id(self) -> str:
        return self.reports[0].gateway_order_id or ""

    @property
    def place(self) -> tuple[str, str]:
        """Locks are taken in this order in every process, so that two batches do not wait for one another."""
        return self.gateway_order_id, str(self.values["m_event_key"])

    def source(self, stored: inbox.Stored) -> Source:
        assert stored.located is not None
        return Source(
            account_id=self.account_id, payment_id=stored.located.payment_id, channel=self.channel, by=self.channel,
            at=self.values["m_received_at"], can_void=self.can_void, inbox_id=stored.id,
        )


def is_plain(reports: Sequence[Report]) -> bool:
    """Whether all are about one payment, and it is named."""
    return bool(reports) and bool(reports[0].gateway_order_id) and (
        all(report.gateway_order_id == reports[0].gateway_order_id for report in reports)
    )


def work_off(connection: Connection, messages: Sequence[Message]) -> list[settle.Outcome | None]:
    """In the caller's transaction; None for a duplicate. PostgreSQL only. Raises ``NotPlain`` where one of them is of
    no order that is known, was here before and is not done, or is about another's order."""
    ordered = sorted(messages, key=lambda message: message.place)
    rows = [{**one.values, "gateway_order_id": one.gateway_order_id} for one in ordered]
    stored = [inbox.stored_of(row) for [row] in _STORE_AND_LOCK.run(connection, rows)]
    open_ = [pair for pair in zip(ordered, stored, strict=True) if not pair[1].finished]
    orders = {one.located.order_id for _, one in open_ if one.located is not None and one.new}
    if len(orders) != len(open_):
        raise NotPlain("each is worked off alone")
    settled = _settled(connection, open_) if open_ else {}
    return [settled.get(id(message)) for message in messages]


def _settled(
    connection: Connection, found: Sequence[tuple[Message, inbox.Stored]]
) -> dict[int, settle.Outcome]:
    asked = [
        {"order_id": one.located.order_id if one.located else None, "account_id": message.account_id,
         "gateway_payment_id": message.reports[0].gateway_payment_id}
        for message, one in found
    ]
    outcomes: dict[int, settle.Outcome] = {}
    todo = []
    for (message, one), known in zip(found, _FACTS.run(connection, asked), strict=True):
        snapshot = facts.snapshot_of(connection, known)
        writes, outcomes[id(message)] = settle.conclude(connection, snapshot, message.reports, message.source(one))
        todo.append(writes)
    execute_many(connection, [writes for writes in todo if writes])
    return outcomes
