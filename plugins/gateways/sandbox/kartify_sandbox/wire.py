"""Reads what the sandbox writes: strict, and never more than what is surely said. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kartify.domain.money import check_currency, check_minor
from kartify.plugin import (
    ChargeState,
    Dispute,
    Invalid,
    NextStep,
    Opened,
    PaymentAnswer,
    RefundAnswer,
    Report,
    Unreadable,
)

SESSION_ID = re.compile(r"sess_[A-Za-z0-9]{8,40}\Z", re.ASCII)
CHARGE_ID = re.compile(r"ch_[A-Za-z0-9]{8,40}\Z", re.ASCII)
# A word that is not listed is never paid: its report says *unknown*.
STATES = {
    "created": ChargeState.CREATED,
    "pending": ChargeState.PENDING,
    "failed": ChargeState.FAILED,
    "authorized": ChargeState.AUTHORIZED,
    "voided": ChargeState.VOIDED,
    "captured": ChargeState.CAPTURED,
    "partially_refunded": ChargeState.PARTIALLY_REFUNDED,
    "refunded": ChargeState.REFUNDED,
    "disputed": ChargeState.DISPUTED,
}
SUMS = ("authorized", "captured", "refunded", "fee", "discount")
PAID = frozenset({"captured", "partially_refunded", "refunded", "disputed"})
# The moment that belongs to a word. All money words carry the time of the capture.
MOMENTS = {
    "created": "created_at",
    "pending": "created_at",
    "failed": "failed_at",
    "authorized": "authorized_at",
    "voided": "voided_at",
    **dict.fromkeys(PAID, "captured_at"),
}
SESSION_WORDS = frozenset({"open", "paid", "closed", "expired"})
ENDED = frozenset({"closed", "expired"})
UNDECIDED = frozenset({ChargeState.CREATED, ChargeState.PENDING, ChargeState.UNKNOWN})
REFUND_WORDS = frozenset({"pending", "processed", "failed"})
_LATEST = 9_999_999_999


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One session as the sandbox tells it."""

    id: str
    reference: str
    word: str
    pay_url: str
    expires_at: datetime
    reports: tuple[Report, ...]

    @property
    def over(self) -> bool:
        """The sandbox says that nothing can come any more: its session ended and no charge is still undecided."""
        return self.word in ENDED and not any(report.state in UNDECIDED for report in self.reports)


def text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value or len(value) > 2000 or not value.isprintable():
        raise Unreadable(f"{name} is not a text")
    return value


def optional_text(row: Mapping[str, Any], name: str) -> str | None:
    return None if row.get(name) in (None, "") else text(row, name)


def matching(row: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    value = text(row, name)
    if not pattern.match(value):
        raise Unreadable(f"{name} is not an id of the sandbox")
    return value


def minor(row: Mapping[str, Any], name: str) -> int:
    try:
        value = check_minor(row.get(name), name)
    except Invalid as problem:
        raise Unreadable(str(problem)) from None
    if value < 0:
        raise Unreadable(f"{name} is negative")
    return value


def currency(row: Mapping[str, Any]) -> str:
    try:
        return check_currency(row.get("currency"))
    except Invalid as problem:
        raise Unreadable(str(problem)) from None


def moment(row: Mapping[str, Any], name: str) -> datetime | None:
    """Unix seconds. Raises ``Unreadable`` for anything else than an integer or nothing."""
    value = row.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _LATEST:
        raise Unreadable(f"{name} is not a time in Unix seconds")
    return datetime.fromtimestamp(value, UTC)


def needed_moment(row: Mapping[str, Any], name: str) -> datetime:
    found = moment(row, name)
    if found is None:
        raise Unreadable(f"{name} is missing")
    return found


def mapping(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Unreadable(f"{name} is not an object")
    return value


def rows(value: Any, name: str) -> Iterable[Mapping[str, Any]]:
    if not isinstance(value, list):
        raise Unreadable(f"{name} is not a list")
    return [mapping(row, name) for row in value]


def read_charge(row: Mapping[str, Any]) -> Report:
    """The report of one charge. Its sums must agree with its word, else nothing is believed."""
    word = text(row, "status")
    ids: dict[str, Any] = {
        "gateway_order_id": matching(row, "session", SESSION_ID),
        "gateway_payment_id": matching(row, "id", CHARGE_ID),
        "reference": optional_text(row, "reference"),
        "method": optional_text(row, "method"),
    }
    if word not in STATES:
        return Report(state=ChargeState.UNKNOWN, word=word[:60], **ids)
    sums: dict[str, Any] = {name: minor(row, name) for name in SUMS}
    _agree(word, sums)
    return Report(
        state=STATES[word],
        word=word,
        currency=currency(row),
        at=needed_moment(row, MOMENTS[word]),
        release_at=moment(row, "release_at"),
        detail=_failure(row),
        dispute=_dispute(row),
        **sums,
        **ids,
    )


def _agree(word: str, sums: Mapping[str, int]) -> None:
    captured, refunded = sums["captured"], sums["refunded"]
    fits = {
        "authorized": sums["authorized"] > 0 and not captured,
        "captured": captured > 0 and not refunded,
        "disputed": captured > refunded,
        "partially_refunded": captured > refunded > 0,
        "refunded": captured == refunded > 0,
    }.get(word, not captured and not refunded)
    if not fits:
        raise Unreadable(f"the sums of the charge do not agree with its status {word}")


def _failure(row: Mapping[str, Any]) -> str | None:
    failure = row.get("failure")
    return None if failure is None else optional_text(mapping(failure, "failure"), "message")


def _dispute(row: Mapping[str, Any]) -> Dispute | None:
    if row.get("dispute") is None:
        return None
    dispute = mapping(row["dispute"], "dispute")
    word = text(dispute, "status")
    if word not in ("open", "won", "lost"):
        raise Unreadable("the dispute's status is not known")
    lost = minor(dispute, "amount") if word == "lost" else 0
    return Dispute(deadline=moment(dispute, "deadline"), lost=lost, closed=word != "open")


def read_session(row: Any) -> Session:
    row = mapping(row, "session")
    session_id = matching(row, "id", SESSION_ID)
    reports = tuple(read_charge(charge) for charge in rows(row.get("charges"), "charges"))
    if any(report.gateway_order_id != session_id for report in reports):
        raise Unreadable("the session holds a charge of another session")
    return Session(
        id=session_id,
        reference=text(row, "reference"),
        word=text(row, "status"),
        pay_url=text(row, "pay_url"),
        expires_at=needed_moment(row, "expires_at"),
        reports=reports,
    )


def read_page(body: Any) -> tuple[list[Session], str | None]:
    """One page of the list and the cursor of the next."""
    page = mapping(body, "list")
    return [read_session(row) for row in rows(page.get("data"), "data")], optional_text(page, "next_cursor")


def read_refund(row: Any) -> RefundAnswer:
    """A word that is not known is *pending*: neither money back nor a refusal."""
    row = mapping(row, "refund")
    word = text(row, "status")
    return RefundAnswer(
        gateway_refund_id=text(row, "id"),
        state=word if word in REFUND_WORDS else "pending",  # type: ignore[arg-type]
        amount=minor(row, "amount"),
        word=word[:60],
    )


def to_opened(session: Session) -> Opened:
    if not session.pay_url.startswith(("https://", "http://")):
        raise Unreadable("pay_url is not an address of the web")
    step = NextStep(type="redirect", url=session.pay_url) if session.word == "open" else NextStep(type="none")
    return Opened(gateway_order_id=session.id, next=step, expires_at=session.expires_at)


def to_answer(sessions: Iterable[Session]) -> PaymentAnswer:
    """All attempts of all sessions of one payment."""
    known = list(sessions)
    return PaymentAnswer(
        found=bool(known),
        reports=tuple(report for session in known for report in session.reports),
        over=bool(known) and all(session.over for session in known),
        word=", ".join(dict.fromkeys(session.word for session in known))[:60],
    )
