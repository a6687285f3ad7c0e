"""Asks gateways about many payments: in bulk where that is cheaper, else in parallel within the account's rate."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any
from uuid import UUID

import structlog

from kartify import contain
from kartify.accounts import Loaded
from kartify.domain.errors import Denied, KartifyError, PartnerError, Throttled
from kartify.domain.reports import Channel
from kartify.flows.ground.locate import PaymentRow
from kartify.flows.lookups import ask, ask_record, health
from kartify.flows.lookups.ask import Asked, Asker
from kartify.house import House
from kartify.plugin.gateway import PaymentAnswer
from kartify.ratelimit import RateLimiters

log = structlog.get_logger()
CHUNK, BULK_CHUNK, PARALLEL = 32, 1_000, 16
BULK_SECONDS = 120.0
_limits = RateLimiters()


def stopped_by(answers: Sequence[Asked]) -> tuple[str, str] | None:
    """A slowed or denied account ends the run: the rest keeps its turn."""
    for one in answers:
        if isinstance(one.error, Denied):
            return "failed", f"the account was paused: {one.error}"
        if isinstance(one.error, Throttled):
            return "stopped", "the gateway asked for fewer calls; the rest is asked in the next run"
    return None


def size(loaded: Loaded, count: int) -> int:
    bulk = loaded.gateway().can.bulk_from
    if loaded.state == "probing":
        return 1
    return BULK_CHUNK if bulk and count >= bulk else CHUNK


def chunks(ids: Sequence[UUID], size: int) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def ask_all(house: House, loaded: Loaded, ids: Sequence[UUID], asker: Asker) -> Iterator[Asked]:
    for chunk in chunks(ids, size(loaded, len(ids))):
        answers = ask_chunk(house, loaded, chunk, asker)
        yield from answers
        if stopped_by(answers) is not None:
            return


def ask_chunk(house: House, loaded: Loaded, ids: Sequence[UUID], asker: Asker) -> list[Asked]:
    """Claims, asks in bulk where that is cheaper, else in parallel, and records each answer."""
    gateway = loaded.gateway()
    bulk = bool(gateway.can.bulk_from) and len(ids) >= gateway.can.bulk_from
    seconds = BULK_SECONDS if bulk else gateway.deadline * (2 + len(ids) / PARALLEL) + len(ids) / gateway.rate
    claimed = {payment.ref.reference: payment for payment in ask.claim(house, ids, seconds=seconds)}
    done: list[Asked] = []
    if bulk:
        done += _in_bulk(house, loaded, claimed, asker)
    done += _one_by_one(house, loaded, claimed, asker)
    health.note(house, loaded, [one.error for one in done])
    return done


def _in_bulk(house: House, loaded: Loaded, claimed: dict[str, PaymentRow], asker: Asker) -> list[Asked]:
    """What the bulk call tells is recorded and taken out of ``claimed``; what it leaves out is asked one by one."""
    gateway = loaded.gateway()
    found: list[tuple[str, PaymentAnswer]] = []
    known = [payment.ref for payment in claimed.values() if payment.ref.gateway_order_id]

    def collect() -> bool:
        for reference, answer in gateway.ask_many(house.client, known):
            found.append((reference, answer))
        return True

    try:
        contain.asking("ask_many", bool, collect, seconds=BULK_SECONDS - 10)
    except PartnerError as problem:
        log.warning("bulk look-up incomplete", account=str(loaded.id), told=len(found), error=str(problem))
        if isinstance(problem, Denied | Throttled):
            return _fail_all(house, loaded, claimed, problem, asker)
    answers = {reference: answer for reference, answer in list(found) if reference in claimed}
    done = [
        _record(house, loaded, claimed.pop(reference), _readable(answer), asker)
        for reference, answer in answers.items()
    ]
    return [one for one in done if one is not None]


def _readable(answer: Any) -> PaymentAnswer | PartnerError:
    try:
        return ask.checked(contain.pure("ask_many", PaymentAnswer, lambda: answer))
    except PartnerError as problem:
        return problem


def _fail_all(
    house: House, loaded: Loaded, claimed: dict[str, PaymentRow], problem: PartnerError, asker: Asker
) -> list[Asked]:
    failed = [_record(house, loaded, payment, problem, asker) for payment in claimed.values()]
    claimed.clear()
    return [one for one in failed if one is not None]


def _one_by_one(house: House, loaded: Loaded, claimed: dict[str, PaymentRow], asker: Asker) -> list[Asked]:
    """Calls in parallel within the account's rate; records here, one after the other, on one connection."""
    limiter = _limits.of(str(loaded.id), loaded.gateway().rate)
    stop: list[PartnerError] = []

    def call(payment: PaymentRow) -> PaymentAnswer | PartnerError:
        if stop:
            return stop[0]
        limiter.acquire()
        answer = ask.try_call(house, loaded, payment, dry=asker.dry)
        if isinstance(answer, Throttled | Denied):
            stop.append(answer)
        return answer

    if not claimed:
        return []
    done = []
    with ThreadPoolExecutor(max_workers=min(PARALLEL, len(claimed))) as pool:
        waiting = {pool.submit(call, payment): payment for payment in claimed.values()}
        for future in as_completed(waiting):
            done.append(_record(house, loaded, waiting[future], future.result(), asker))
    return [one for one in done if one is not None]


def _record(
    house: House, loaded: Loaded, payment: PaymentRow, answer: PaymentAnswer | PartnerError, asker: Asker
) -> Asked | None:
    try:
        asked = ask_record.record(house, loaded, payment, answer, asker)
    except ask_record.Overtaken:
        return None
    if asked.outcome is not None and asked.outcome.moved and not asker.dry:
        log.info(f"order.{asked.outcome.after}", number=asked.outcome.number, before=asked.outcome.before,
                 found_by=asker.channel)
        if asked.outcome.delivers_to:
            house.waker.wake("deliver", str(asked.outcome.delivers_to))
    return asked


def check_order(
    house: House, order_id: UUID, *, by: str, channel: Channel = Channel.LOOKUP, seconds: float | None = None,
    only: Collection[UUID] | None = None,
) -> list[Asked]:
    """*Check payment*: asks about every payment of one order now, all at once, so ``seconds`` is how long it takes at
    most. What another asker has in hand is left to it. ``only``: these payments."""
    with house.database.read() as connection:
        found = ask.payments_of(connection, order_id)
    ids = [row.id for row in found if only is None or row.id in only]
    accounts = {row.account_id: house.accounts.get(row.account_id) for row in found if row.id in ids}
    able = [row.id for row in found if row.id in ids and accounts[row.account_id].partner is not None]
    if not able:
        return []
    limits = {id: seconds or one.gateway().deadline for id, one in accounts.items() if one.partner is not None}
    claimed = ask.claim(house, able, seconds=2 * max(limits.values()))

    def call(payment: PaymentRow) -> PaymentAnswer | PartnerError:
        return ask.try_call(house, accounts[payment.account_id], payment, seconds=limits[payment.account_id])

    with ThreadPoolExecutor(max_workers=min(PARALLEL, len(claimed) or 1)) as pool:
        answers = list(pool.map(call, claimed))
    asked = []
    errors: dict[UUID, list[KartifyError | None]] = {}
    for payment, answer in zip(claimed, answers, strict=True):
        one = _record(house, accounts[payment.account_id], payment, answer, Asker(by=by, channel=channel))
        asked += [one] if one else []
        errors.setdefault(payment.account_id, []).extend([one.error] if one else [])
    for account_id, said in errors.items():
        health.note(house, accounts[account_id], said)
    return asked


def turn(loaded: Loaded, *, within: float) -> bool:
    """Waits for this account's turn. False at once where its rate lets nobody in so soon."""
    return _limits.of(str(loaded.id), loaded.gateway().rate).acquire(time.monotonic() + within)
