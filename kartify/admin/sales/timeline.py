"""What each source said and when: reports, moves, delivery attempts, notes and edits, copies of messages; one list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kartify.admin.frame.look import money, plain_when, scrub, title, words
from kartify.admin.sales.order_data import OrderData
from kartify.models import OrderMove, Report, TimelineEntry

_CALLS = {"deliver": "was told", "find": "was asked", "person": "by hand", "news": "sent news"}
_KINDS = {"edit": "Edited", "note": "Note", "check payment": "Payment checked"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """``source``: gateway, status, oms, staff or system, with its own mark on the page. ``more`` are further lines."""

    at: datetime
    source: str
    title: str
    by: str = ""
    more: tuple[str, ...] = ()


def entries(data: OrderData, *, personal: bool) -> list[Entry]:
    """Newest first."""
    found = [
        Entry(at=data.order.confirmed_at, source="status", title="Confirm Order reached", by="storefront"),
        *(_report(data, one) for one in data.reports),
        *(_move(one) for one in data.moves),
        *_attempts(data),
        *(_line(one, personal) for one in data.entries),
        *_operations(data),
    ]
    # What was said, what followed from it, what was sent: in one commit all have one moment.
    rank = {"gateway": 0, "status": 1, "oms": 2}
    return sorted(found, key=lambda one: (one.at, rank.get(one.source, 3)), reverse=True)


def _report(data: OrderData, report: Report) -> Entry:
    sums = [
        f"{name} {money(value, report.currency)}"
        for name, value in (("captured", report.captured), ("authorised", report.authorized),
                            ("refunded", report.refunded))
        if value and not (name == "authorised" and report.captured)
    ]
    more = [f"its word: {report.word}"] if report.word != report.state else []
    more += [report.detail] if report.detail else []
    if report.gateway_at:
        more.append(f"its own time: {plain_when(report.gateway_at, data.store.timezone)}")
    message = data.messages.get(report.inbox_id) if report.inbox_id else None
    if message is not None and message.duplicates:
        more.append(f"the same message came {message.duplicates} more times; nothing changed by that")
    said = f"{data.account_name(report.account_id)} said {words(report.state)}"
    title = f"{said}: {', '.join(sums)}" if sums else said
    return Entry(at=report.seen_at, source="gateway", title=title, by=_channel(report), more=tuple(more))


def _channel(report: Report) -> str:
    return f"{report.channel}, {report.by}" if report.by and report.by != report.channel else report.channel


def _move(move: OrderMove) -> Entry:
    title = f"{words(move.source)} → {move.target}" if move.source else f"became {move.target}"
    evidence = (move.evidence or {}).get("gateway", ())
    more = [move.reason, *(f"the gateway said: {one}" for one in evidence)]
    if note := (move.evidence or {}).get("note"):
        more.append(f"evidence: {note}")
    return Entry(at=move.at, source="status", title=title, by=move.by, more=tuple(more))


def _attempts(data: OrderData) -> Iterator[Entry]:
    rows = {one.id: one for one in data.deliveries}
    for one in data.attempts:
        row = rows.get(one.delivery_id)
        name = data.account_name(row.account_id) if row else "OMS"
        title = f"{name} {_CALLS.get(one.call, words(one.call))}: {words(one.event)}"
        yield Entry(at=one.at, source="oms", title=title, by=one.by, more=(f"{one.text} ({one.milliseconds} ms)",))


def _line(one: TimelineEntry, personal: bool) -> Entry:
    heading = _KINDS.get(one.kind) or title(one.kind)
    more = [scrub(one.text, personal)]
    if one.kind == "edit" and one.data:
        more += list(_edit_lines(one.data, personal))
    return Entry(at=one.at, source="staff", title=heading, by=one.by, more=tuple(more))


def _edit_lines(data: dict[str, Any], personal: bool) -> Iterator[str]:
    for name, after in data.get("after", {}).items():
        before = data.get("before", {}).get(name)
        yield from changes(name, before, after) if personal else (f"{words(name)}: hidden for your role",)


def changes(name: str, before: Any, after: Any) -> Iterator[str]:
    """One line for each value that differs, down to the fields of an address."""
    if isinstance(before, dict) or isinstance(after, dict):
        old, new = before or {}, after or {}
        for key in dict.fromkeys([*old, *new]):
            if old.get(key) != new.get(key):
                yield f"{words(name)}, {words(key)}: {_shown(old.get(key))} → {_shown(new.get(key))}"
    elif before != after:
        yield f"{words(name)}: {_shown(before)} → {_shown(after)}"


def _shown(value: Any) -> str:
    return "empty" if value in (None, "") else f"“{value}”"


def _operations(data: OrderData) -> Iterator[Entry]:
    for one in data.operations:
        title = f"{one.kind.capitalize()} of {money(one.amount, one.currency)} asked of the gateway"
        more = (one.reason, f"now {words(one.state)}{f': {one.last_error}' if one.last_error else ''}")
        yield Entry(at=one.created_at, source="gateway", title=title, by=one.by, more=more)
