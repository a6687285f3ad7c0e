"""What each source said and when: reports, moves, delivery attempts, notes and edits, copies of messages; one list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext

from kartify.admin.frame.look import money, plain_when, scrub, title, words
from kartify.admin.sales.order_data import OrderData
from kartify.languages import translated
from kartify.models import Operation, OrderMove, Report, TimelineEntry


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
        Entry(at=data.order.confirmed_at, source="status", title=gettext("Confirm Order reached"),
              by=gettext("storefront")),
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
    more = [gettext("its word: %(word)s", word=report.word)] if report.word != report.state else []
    more += [report.detail] if report.detail else []
    if report.gateway_at:
        when = plain_when(report.gateway_at, data.store.timezone)
        more.append(gettext("its own time: %(when)s", when=when))
    message = data.messages.get(report.inbox_id) if report.inbox_id else None
    if message is not None and message.duplicates:
        more.append(gettext("the same message came %(count)s more times; nothing changed by that",
                            count=message.duplicates))
    said = gettext("%(who)s said %(what)s", who=data.account_name(report.account_id), what=words(report.state))
    heading = ": ".join(filter(None, [said, ", ".join(_sums(report))]))
    return Entry(at=report.seen_at, source="gateway", title=heading, by=_channel(report), more=tuple(more))


def _sums(report: Report) -> Iterator[str]:
    if report.captured:
        yield gettext("captured %(sum)s", sum=money(report.captured, report.currency))
    elif report.authorized:
        yield gettext("authorised %(sum)s", sum=money(report.authorized, report.currency))
    if report.refunded:
        yield gettext("refunded %(sum)s", sum=money(report.refunded, report.currency))


def _channel(report: Report) -> str:
    channel = words(report.channel)
    return f"{channel}, {translated(report.by)}" if report.by and report.by != report.channel else channel


def _move(move: OrderMove) -> Entry:
    target = words(move.target)
    heading = f"{words(move.source)} → {target}" if move.source else gettext("became %(status)s", status=target)
    evidence = (move.evidence or {}).get("gateway", ())
    more = [move.reason, *(gettext("the gateway said: %(said)s", said=one) for one in evidence)]
    if note := (move.evidence or {}).get("note"):
        more.append(gettext("evidence: %(note)s", note=note))
    return Entry(at=move.at, source="status", title=heading, by=translated(move.by), more=tuple(more))


def _attempts(data: OrderData) -> Iterator[Entry]:
    rows = {one.id: one for one in data.deliveries}
    for one in data.attempts:
        row = rows.get(one.delivery_id)
        name = data.account_name(row.account_id) if row else gettext("OMS")
        more = gettext("%(said)s (%(milliseconds)s ms)", said=translated(one.text), milliseconds=one.milliseconds)
        heading = _called(one.call, name, words(one.event))
        yield Entry(at=one.at, source="oms", title=heading, by=translated(one.by), more=(more,))


def _called(call: str, name: str, what: str) -> str:
    return {
        "deliver": gettext("%(name)s was told: %(what)s", name=name, what=what),
        "find": gettext("%(name)s was asked: %(what)s", name=name, what=what),
        "person": gettext("%(name)s by hand: %(what)s", name=name, what=what),
        "news": gettext("%(name)s sent news: %(what)s", name=name, what=what),
    }.get(call, f"{name} {words(call)}: {what}")


def _line(one: TimelineEntry, personal: bool) -> Entry:
    heading = {
        "edit": gettext("Edited"), "note": gettext("Note"), "check payment": gettext("Payment checked"),
    }.get(one.kind) or title(one.kind)
    more = [scrub(one.text, personal)]
    if one.kind == "edit" and one.data:
        more += list(_edit_lines(one.data, personal))
    return Entry(at=one.at, source="staff", title=heading, by=translated(one.by), more=tuple(more))


def _edit_lines(data: dict[str, Any], personal: bool) -> Iterator[str]:
    for name, after in data.get("after", {}).items():
        before = data.get("before", {}).get(name)
        yield from changes(name, before, after) if personal else (
            gettext("%(field)s: hidden for your role", field=words(name)),
        )


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
    return gettext("empty") if value in (None, "") else f"“{value}”"


def _operations(data: OrderData) -> Iterator[Entry]:
    for one in data.operations:
        now = gettext("now %(state)s", state=words(one.state))
        more = (one.reason, f"{now}: {one.last_error}" if one.last_error else now)
        yield Entry(at=one.created_at, source="gateway", title=_asked(one), by=translated(one.by), more=more)


def _asked(one: Operation) -> str:
    sum_ = money(one.amount, one.currency)
    return {
        "capture": gettext("Capture of %(sum)s asked of the gateway", sum=sum_),
        "void": gettext("Void of %(sum)s asked of the gateway", sum=sum_),
    }.get(one.kind, gettext("Refund of %(sum)s asked of the gateway", sum=sum_))
