"""The exceptions (in code ``Case``): money or news that does not fit and needs a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CaseType(StrEnum):
    UNDERPAID = "underpaid"
    SURPLUS = "surplus"
    WRONG_CURRENCY = "wrong_currency"
    DO_NOT_CAPTURE = "do_not_capture"
    PARTLY_REFUNDED = "partly_refunded"
    PAID_AFTER_CANCEL = "paid_after_cancel"
    AUTHORIZED_AFTER_CANCEL = "authorized_after_cancel"
    REFUND_DUE = "refund_due"
    CONTRADICTION = "contradiction"
    AUTHORIZATION_LOST = "authorization_lost"
    REFUNDED_OUTSIDE = "refunded_outside"
    SECOND_PAYMENT = "second_payment"
    MOVED_BY_HAND_UNPAID = "moved_by_hand_unpaid"
    REFUNDED_BEFORE_RECOGNITION = "refunded_before_recognition"
    PAID_AND_COD = "paid_and_cod"
    ORPHAN_MONEY = "orphan_money"
    DISPUTE = "dispute"
    OMS_CANCELLED_PAYMENT_OPEN = "oms_cancelled_payment_open"
    OMS_REFUSED = "oms_refused"
    UNCERTAIN = "uncertain"
    UNACKNOWLEDGED = "unacknowledged"
    CANCEL_TOO_LATE = "cancel_too_late"
    PARTLY_CANCELLED = "partly_cancelled"
    RETURNED = "returned"
    REFUND_NOT_CONFIRMED = "refund_not_confirmed"
    CAPTURE_NOT_CONFIRMED = "capture_not_confirmed"
    LOOKUPS_EXHAUSTED = "lookups_exhausted"
    STILL_PENDING = "still_pending"
    ACCOUNT_FAILING = "account_failing"
    ACCOUNT_UNABLE = "account_unable"
    POISON = "poison"
    MESSAGE_FAILING = "message_failing"


# The one action that is safe now, in the words of its button.
NEXT_ACTION: dict[CaseType, str] = {
    CaseType.UNDERPAID: "Accept difference, or refund",
    CaseType.SURPLUS: "Refund the surplus, or keep it",
    CaseType.WRONG_CURRENCY: "Refund, or settle by hand",
    CaseType.DO_NOT_CAPTURE: "Void at the gateway before the deadline",
    CaseType.PARTLY_REFUNDED: "Check with fulfilment what to send",
    CaseType.PAID_AFTER_CANCEL: "Reopen the order, or refund",
    CaseType.AUTHORIZED_AFTER_CANCEL: "Void at the gateway before the deadline",
    CaseType.REFUND_DUE: "Refund",
    CaseType.CONTRADICTION: "Check the gateway's dashboard",
    CaseType.AUTHORIZATION_LOST: "Stop fulfilment, ask the customer to pay again",
    CaseType.REFUNDED_OUTSIDE: "Check who refunded, then close",
    CaseType.SECOND_PAYMENT: "Refund the second payment",
    CaseType.MOVED_BY_HAND_UNPAID: "Check the gateway, stop fulfilment if unpaid",
    CaseType.REFUNDED_BEFORE_RECOGNITION: "Stop fulfilment, close when settled with the customer",
    CaseType.PAID_AND_COD: "Convert to prepaid, or refund",
    CaseType.ORPHAN_MONEY: "Find the order, or refund",
    CaseType.DISPUTE: "Answer the dispute before the deadline",
    CaseType.OMS_CANCELLED_PAYMENT_OPEN: "Wait for the gateway's answer",
    CaseType.OMS_REFUSED: "Mend what the OMS names, then push again",
    CaseType.UNCERTAIN: "Look the order up at the OMS, then record its id or push again",
    CaseType.UNACKNOWLEDGED: "Ask the OMS's people why it does not fetch or acknowledge orders",
    CaseType.CANCEL_TOO_LATE: "Arrange a return with the customer",
    CaseType.PARTLY_CANCELLED: "Refund the cancelled part",
    CaseType.RETURNED: "Refund",
    CaseType.REFUND_NOT_CONFIRMED: "Check the refund at the gateway",
    CaseType.CAPTURE_NOT_CONFIRMED: "Check the capture at the gateway",
    CaseType.LOOKUPS_EXHAUSTED: "Check payment now",
    CaseType.STILL_PENDING: "Check payment now, or ask the gateway",
    CaseType.ACCOUNT_FAILING: "Check the account's keys, then resume it",
    CaseType.ACCOUNT_UNABLE: "Install its plugin or mend its settings: then it goes on by itself",
    CaseType.POISON: "Look at the error, then process again",
    CaseType.MESSAGE_FAILING: "Look at the error, then process again",
}

# Their money is the settlement's own: shown to people, not counted a second time in law 5.
SETTLED_MONEY = frozenset(
    {
        CaseType.REFUND_DUE,
        CaseType.OMS_REFUSED,
        CaseType.UNCERTAIN,
        CaseType.UNACKNOWLEDGED,
        CaseType.POISON,
        CaseType.CANCEL_TOO_LATE,
        CaseType.PARTLY_CANCELLED,
        CaseType.RETURNED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseWanted:
    """An exception that stands now. ``held`` and ``difference`` in minor units of ``currency``."""

    type: CaseType
    reason: str
    currency: str
    held: int = 0
    difference: int = 0
    deadline: datetime | None = None
