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
from kartify.flows.ground.writes import execute_many
from kartify.flows.receiving import inbox, many
from kartify.flows.settling import settle
from kartify.flows.settling.settle_rows import Source


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
    def key(self) -> tuple[UUID, str]:
        """What makes it unique in the inbox."""
        return self.account_id, self.values["m_event_key"]


def is_plain(reports: Sequence[Report]) -> bool:
    """Whether all are about one payment, and it is named."""
    return bool(reports) and bool(reports[0].gateway_order_id) and (
        all(report.gateway_order_id == reports[0].gateway_order_id for report in reports)
    )


def work_off(connection: Connection, messages: Sequence[Message]) -> list[settle.Outcome | None]:
    """In the caller's transaction; None for a duplicate. PostgreSQL only. Raises ``NotPlain`` where one of them is of
    no order that is known, was here before and is not done, or is about another's order."""
    copies: dict[tuple[UUID, str], list[Message]] = {}
    for message in sorted(messages, key=lambda message: message.key):
        copies.setdefault(message.key, []).append(message)
    firsts = [same[0] for same in copies.values()]
    stored = many.store_and_lock(
        connection, [_row(one, len(copies[one.key]) - 1) for one in firsts], [_name(one) for one in firsts]
    )
    new = [(one, stored[one.key]) for one in firsts if stored[one.key].id == one.values["m_id"]]
    finished = sum(row.state in inbox.FINISHED for row in stored.values())
    if len({row.order_id for _, row in new if row.order_id}) != len(new) or finished != len(firsts):
        raise NotPlain("each is worked off alone")
    settled = _settled(connection, new) if new else {}
    return [settled.pop(message.key, None) for message in messages]


def _row(message: Message, duplicates: int) -> dict[str, Any]:
    return {**{name: message.values[f"m_{name}"] for name in inbox.COLUMNS}, "duplicates": duplicates}


def _name(message: Message) -> dict[str, Any]:
    return {"id": message.values["m_id"], "account_id": message.account_id,
            "gateway_order_id": message.gateway_order_id}


def _settled(connection: Connection, new: Sequence[tuple[Message, Any]]) -> dict[tuple[UUID, str], settle.Outcome]:
    asked = [
        {"order_id": row.order_id, "account_id": message.account_id,
         "gateway_payment_id": message.reports[0].gateway_payment_id}
        for message, row in new
    ]
    snapshots = many.load(connection, asked)
    outcomes = {}
    todo = []
    for message, row in new:
        source = Source(
            account_id=message.account_id, payment_id=row.payment_id, channel=message.channel, by=message.channel,
            at=message.values["m_received_at"], can_void=message.can_void, inbox_id=row.id,
        )
        writes, outcomes[message.key] = settle.conclude(connection, snapshots[row.order_id], message.reports, source)
        todo.append(writes)
    execute_many(connection, [writes for writes in todo if writes])
    return outcomes
