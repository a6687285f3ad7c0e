"""Receive: verify, store, settle in the request; what cannot be settled now waits in the inbox."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal
from uuid import UUID

import structlog
from sqlalchemy import Connection

from kartify import clock, contain
from kartify.accounts import Broken, Loaded
from kartify.database import out_of_reach
from kartify.domain.errors import NoSecret, Refused, Unreadable
from kartify.domain.reports import Channel, Report
from kartify.flows.ground import locate
from kartify.flows.receiving import batch, inbox
from kartify.flows.receiving.refusals import count_refusal
from kartify.flows.receiving.wait import nudge, orphan
from kartify.flows.settling import facts, settle
from kartify.flows.settling.settle_rows import Source
from kartify.house import House
from kartify.plugin.gateway import Gateway, Webhook
from kartify.plugin.partner import Inbound, Proof

log = structlog.get_logger()
ORPHAN_PATIENCE = timedelta(minutes=10)
Word = Literal["settled", "duplicate", "ignored", "waiting", "stored"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What became of a stored message."""

    word: Word
    outcomes: tuple[settle.Outcome, ...] = ()


class WrongType(Unreadable):
    """Authentic, but announced as something this gateway never sends."""


def webhook(house: House, account_id: UUID, message: Inbound) -> Received:
    """The whole path of a webhook.

    Raises ``Refused`` (401), ``NoSecret`` and ``Broken`` (503), ``NotFound`` (404), ``Unreadable`` (400, the bytes are
    kept), and the database's errors when nothing could be stored (503).
    """
    at = clock.now()
    account, proof = _verified(house, account_id, message, at)
    gateway = account.gateway()
    try:
        news = read(gateway, message)
    except Unreadable as problem:
        _keep_unreadable(house, account, message, proof=proof, why=str(problem), at=at)
        raise
    except contain.PluginFailure as problem:
        return _keep_waiting(house, account, message, proof=proof, why=str(problem), at=at)
    values = inbox.message_values(
        message, account_id=account.id, key=news.key, event=news.event, channel=Channel.WEBHOOK, secret=proof.secret,
        at=at,
    )
    return store_and_settle(house, account, values, news, channel=Channel.WEBHOOK)


def _verified(house: House, account_id: UUID, message: Inbound, at: datetime) -> tuple[Loaded, Proof]:
    account = house.accounts.get(account_id)
    try:
        return account, check(account, message, at)
    except (Refused, NoSecret, Broken):
        account = house.accounts.get(account_id, fresh=True)
    try:
        return account, check(account, message, at)
    except (Refused, NoSecret) as problem:
        count_refusal(house, account_id, message, reason=str(problem), at=at)
        raise


def check(account: Loaded, message: Inbound, at: datetime) -> Proof:
    """The plugin's proof, and the two checks that need a clock: retired secrets end, signed moments are near."""
    gateway = account.gateway()
    try:
        proof = contain.pure("verify", Proof, lambda: gateway.verify(message))
    except contain.PluginFailure as problem:
        raise Refused(str(problem)) from None
    until = gateway.settings.webhook_secret_previous_until
    if proof.secret == "previous" and until is not None and at > until:
        raise Refused("signed with a secret that was retired")
    if proof.signed_at is not None and gateway.tolerance is not None and abs(at - proof.signed_at) > gateway.tolerance:
        raise Refused("signed at a moment too far from now")
    return proof


def read(gateway: Gateway, message: Inbound) -> Webhook:
    kind = message.header("content-type").partition(";")[0].strip().lower()
    if kind and kind not in gateway.content_types:
        raise WrongType(f"content type {kind[:60]}, expected {' or '.join(gateway.content_types)}")
    if not message.body:
        raise Unreadable("the body is empty")
    news = contain.pure("read_webhook", Webhook, lambda: gateway.read_webhook(message))
    contain.true_reports("read_webhook", news.reports)
    return news


def _raw_values(account: Loaded, message: Inbound, proof: Proof, at: datetime) -> dict[str, Any]:
    key = hashlib.sha256(message.body).hexdigest()
    return inbox.message_values(
        message, account_id=account.id, key=key, event="unreadable", channel=Channel.WEBHOOK, secret=proof.secret, at=at
    )


def _keep_unreadable(
    house: House, account: Loaded, message: Inbound, *, proof: Proof, why: str, at: datetime
) -> None:
    values = _raw_values(account, message, proof, at) | {"m_state": "ignored", "m_reason": f"unreadable: {why}"}
    house.database.run(lambda connection: inbox.store(connection, values))


def _keep_waiting(
    house: House, account: Loaded, message: Inbound, *, proof: Proof, why: str, at: datetime
) -> Received:
    """The plugin failed, not the message: the tick reads it again."""
    values = _raw_values(account, message, proof, at) | waiting(why, at + timedelta(seconds=30))
    house.database.run(lambda connection: inbox.store(connection, values))
    return Received(word="waiting")


def waiting(why: str | None, due_at: datetime) -> dict[str, Any]:
    return {"m_state": "waiting", "m_reason": why, "m_due_at": due_at, "m_done_at": None}


def store_and_settle(
    house: House, account: Loaded, values: dict[str, Any], news: Webhook, *, channel: Channel
) -> Received:
    """Settle in the request; if that fails, the message alone is stored, due now."""
    try:
        received = _settled(house, account, values, news, channel)
    except Exception as problem:
        if out_of_reach(problem):
            raise
        log.error("settling failed, message kept", error=type(problem).__name__, account=str(account.id))
        at = values["m_received_at"]
        kept = values | waiting(f"settling failed: {type(problem).__name__}", at)
        house.database.run(lambda connection: inbox.store(connection, kept))
        received = Received(word="waiting")
    wake(house, received)
    return received


def _settled(
    house: House, account: Loaded, values: dict[str, Any], news: Webhook, channel: Channel
) -> Received:
    if news.ignored is not None and not news.reports and not news.ask:
        ignored = values | {"m_state": "ignored", "m_reason": news.ignored}
        stored = house.database.run(lambda connection: inbox.store(connection, ignored))
        return Received(word="ignored" if stored.new else "duplicate")
    message = batch.Message(
        values=values, account_id=account.id, reports=news.reports, channel=channel,
        can_void=account.gateway().can.void,
    )
    if not house.database.postgres or news.ask or not batch.is_plain(news.reports):
        return _alone(house, message, news)
    received: Received = house.desk.do((message, news), partial(_together, house))
    return received


def _together(house: House, jobs: Sequence[tuple[batch.Message, Webhook]]) -> list[Received | BaseException]:
    """Those that came while others were worked off. What cannot be done together is done one by one."""
    if len(jobs) > 1:
        try:
            outcomes = house.database.run(lambda connection: batch.work_off(connection, [one for one, _ in jobs]))
            return [Received(word="settled", outcomes=(one,)) if one else Received(word="duplicate")
                    for one in outcomes]
        except Exception as problem:
            if out_of_reach(problem):
                return [problem] * len(jobs)
            log.debug("worked off one by one", why=type(problem).__name__, messages=len(jobs))
    return [_one_by_one(house, message, news) for message, news in jobs]


def _one_by_one(house: House, message: batch.Message, news: Webhook) -> Received | BaseException:
    try:
        return _alone(house, message, news)
    except Exception as problem:
        return problem


def _alone(house: House, message: batch.Message, news: Webhook) -> Received:
    return house.database.run(lambda connection: work_off(connection, message, news))


def work_off(connection: Connection, message: batch.Message, news: Webhook) -> Received:
    """Stores a message and does what it says, in the caller's transaction."""
    first = news.reports[0].gateway_order_id if news.reports else None
    stored = inbox.store_and_lock(connection, message.values, first)
    if stored.finished:
        return Received(word="duplicate")
    return process(
        connection, message.account_id, stored, news, channel=message.channel, can_void=message.can_void,
        since=message.values["m_received_at"],
    )


def process(
    connection: Connection, account_id: UUID, stored: inbox.Stored, news: Webhook, *, channel: Channel,
    can_void: bool, since: datetime,
) -> Received:
    """What a stored message says is done; the row ends done, or waiting with a due time."""
    at = clock.now()
    source = _Origin(account_id=account_id, channel=channel, can_void=can_void, inbox_id=stored.id, at=at)
    groups, lost = _grouped(connection, account_id, news.reports, stored.located)
    held = stored.located.order_id if stored.located else None
    outcomes = []
    for located, reports in groups:
        if located.order_id != held:
            facts.lock(connection, located.order_id)
        outcomes.append(_apply(connection, located, reports, source))
    missed = [name for name in news.ask if not nudge(connection, account_id, name, at=at)]
    if lost or missed:
        orphan(connection, stored.id, account_id, lost, since=since, at=at, patience=ORPHAN_PATIENCE)
        return Received(word="waiting", outcomes=tuple(outcomes))
    if not stored.new:
        inbox.set_state(connection, stored.id, "done", at=at)
    return Received(word="settled" if outcomes else "stored", outcomes=tuple(outcomes))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Origin:
    account_id: UUID
    channel: Channel
    can_void: bool
    inbox_id: UUID
    at: datetime


def _grouped(
    connection: Connection, account_id: UUID, reports: Sequence[Report], located: locate.Located | None
) -> tuple[list[tuple[locate.Located, list[Report]]], list[Report]]:
    """Reports by order, in the order of the orders' keys so that locks never cross; and those of no order."""
    groups: dict[locate.Located, list[Report]] = {}
    lost = []
    first = reports[0].gateway_order_id if reports else None
    for report in reports:
        same = located is not None and report.gateway_order_id == first
        found = located if same else locate.locate(connection, account_id, report)
        if found is None:
            lost.append(report)
        else:
            groups.setdefault(found, []).append(report)
    return sorted(groups.items(), key=lambda item: item[0].order_id), lost


def _apply(
    connection: Connection, located: locate.Located, reports: list[Report], origin: _Origin
) -> settle.Outcome:
    snapshot = facts.load(
        connection, located.order_id, account_id=origin.account_id, gateway_payment_id=reports[0].gateway_payment_id
    )
    source = Source(
        account_id=origin.account_id, payment_id=located.payment_id, channel=origin.channel, by=origin.channel,
        at=origin.at, can_void=origin.can_void, inbox_id=origin.inbox_id,
    )
    return settle.apply(connection, snapshot, reports, source)


def wake(house: House, received: Received) -> None:
    """After the commit, and may be lost: the tick finds everything."""
    for outcome in received.outcomes:
        if outcome.moved:
            log.info(f"order.{outcome.after}", number=outcome.number, before=outcome.before)
        if outcome.delivers_to:
            house.waker.wake("deliver", str(outcome.delivers_to))
