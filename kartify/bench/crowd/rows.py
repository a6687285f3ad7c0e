"""An order of the crowd as rows of every table that a real one leaves rows in. The laws hold on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from kartify.bench.crowd.lives import PAID, Life
from kartify.bench.crowd.pour import moment_id
from kartify.models import new_id

# Parents first: what refers to a row comes after it.
TABLES: Final = (
    "orders", "order_lines", "payments", "charges", "inbox", "reports", "settlements", "order_moves", "outbox",
    "delivery_attempts", "cases", "timeline",
)
FIRST: Final = ("Asha", "Ravi", "Meera", "Kabir", "Lakshmi", "Arjun", "Zoya", "Dev", "Ishaan", "Nila")
LAST: Final = ("Rao", "Iyer", "Khan", "Patel", "Das", "Bose", "Nair", "Sethi", "Mehta", "Roy")
TOWNS: Final = (
    ("Pune", "MH", "411001"), ("Kochi", "KL", "682001"), ("Delhi", "DL", "110001"), ("Agra", "UP", "282001"),
)
_CURRENCY: Final = "INR"
Row = dict[str, Any]


class Written:
    """The rows of one order, as they come up."""

    def __init__(self, life: Life, chance: Random) -> None:
        self.life, self.chance = life, chance
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self.order = self.fresh(life.at)
        self.account = chance.choice(life.shop.gateways)
        self.payment: UUID | None = None
        self.settlement: UUID | None = None

    def fresh(self, at: datetime) -> UUID:
        return moment_id(at, self.chance.getrandbits(74))

    def add(self, name: str, /, **values: Any) -> None:
        self.rows[name].append(values)


def written(life: Life, chance: Random) -> dict[str, list[Row]]:
    paper = Written(life, chance)
    _order(paper)
    if life.method == "prepaid" and life.amount:
        _payment(paper)
    if life.paid:
        _money(paper, life.settled_at, life.amount)
    _moves(paper)
    if life.status in PAID:
        _delivery(paper)
    if tell := _TROUBLES.get(life.trouble or ""):  # of the others the delivery says it all
        tell(paper)
    if chance.random() < 0.1:
        _note(paper)
    return paper.rows


def person(place: int) -> tuple[str, str, str]:
    """Name, e-mail address and telephone number."""
    first, last = FIRST[place % len(FIRST)], LAST[place // len(FIRST) % len(LAST)]
    return f"{first} {last}", f"{first}.{last}{place}@example.com".lower(), f"+9198{place:08d}"


def _order(paper: Written) -> None:
    life = paper.life
    name, email, phone = person(life.person)
    town, state, postcode = TOWNS[life.person % len(TOWNS)]
    address = {"name": name, "line1": f"{life.person % 400} Lake Road", "city": town, "state": state,
               "postcode": postcode, "country": "IN", "phone": phone}
    waits = life.status in ("missing", "failed")
    paper.add(
        "orders", id=paper.order, store_id=life.shop.id, number=life.number, status=life.status,
        status_at=_moment_of(life, life.status), basis=life.basis, currency=_CURRENCY, total=life.amount,
        due=life.amount, method=life.method, customer={"name": name, "email": email, "phone": phone}, email=email,
        phone=phone, shipping_address=address, metadata={"channel": "web"}, body_hash=paper.order.hex,
        oms_order_id=_oms_id(life) if life.status in PAID and life.trouble not in ("oms_refused", "late") else None,
        placed_at=life.at + timedelta(seconds=5) if life.basis in ("cod", "nothing_due") else None,
        confirmed_at=life.at, clock_at=life.now + timedelta(hours=1, seconds=life.person % 80_000) if waits else None,
        clock_why="A payment session is still open at the gateway." if waits else None, version=1,
    )
    paper.add(
        "order_lines", order_id=paper.order, position=0, line_id="1", sku=f"SKU-{life.person % 5000}", name="Shirt",
        quantity=1, unit_price=life.amount, metadata={},
    )


def _oms_id(life: Life) -> str:
    return f"OMS-{life.number}"


def _moment_of(life: Life, status: str) -> datetime:
    """When it came to be so."""
    done = {
        "missing": life.at, "failed": life.at + timedelta(hours=1), "processing": _begins(life),
        "shipped": _begins(life) + timedelta(days=1), "delivered": _begins(life) + timedelta(days=3),
        "refunded": _begins(life) + timedelta(days=5), "cancelled": life.at + timedelta(days=7, hours=1),
    }[status]
    return min(done, life.now - timedelta(seconds=1))


def _begins(life: Life) -> datetime:
    return life.settled_at if life.paid else life.at + timedelta(seconds=5)


def _payment(paper: Written) -> None:
    life = paper.life
    paper.payment = paper.fresh(life.at)
    waits = life.status in ("missing", "failed")
    asks, answer, told = _answer(paper) if waits else (0, "never asked", None)
    if life.status == "cancelled":
        asks, answer, told = 9, "not paid, and nothing under way", "not paid, and nothing under way"
    paper.add(
        "payments", id=paper.payment, order_id=paper.order, account_id=paper.account,
        reference=f"S{new_id().hex[-18:]}".upper(), gateway_order_id=f"order_{life.number}",
        amount=life.amount, currency=_CURRENCY,
        state="open" if waits and life.status == "missing" else "over", created_at=life.at,
        expires_at=life.at + timedelta(days=7), asked_at=life.at + timedelta(minutes=9) if asks else None,
        answered_at=life.at + timedelta(minutes=9) if asks else None, asks=asks, silent_asks=0, answer=answer,
        last_answer=told, fence=asks,
        next_ask_at=life.now + timedelta(hours=1, seconds=life.person % 80_000) if waits else None,
    )


def _answer(paper: Written) -> tuple[int, str, str | None]:
    life = paper.life
    if life.trouble == "underpaid":
        return 3, "paid", "paid"
    if life.now - life.at < timedelta(minutes=9):
        return 0, "never asked", None
    return paper.chance.choices(
        [(0, "never asked", None), (4, "still under way", "still under way"),
         (6, "not paid, and nothing under way", "not paid, and nothing under way"), (2, "unknown", "no answer: 503")],
        weights=(10, 45, 40, 5),
    )[0]


def _money(paper: Written, at: datetime, amount: int, *, settles: bool = True, tail: str = "") -> UUID:
    """A charge, what told of it, and the settlement it makes."""
    life, charge, message = paper.life, paper.fresh(at), None
    back = amount if life.status == "refunded" else 0
    if life.channel in ("webhook", "callback"):
        message = _message(paper, at, tail)
    facts = {"authorized": amount, "captured": amount, "refunded": back}
    paper.add(
        "charges", id=charge, account_id=paper.account, gateway_payment_id=f"pay_{life.number}{tail}",
        payment_id=paper.payment, order_id=paper.order, state="refunded" if back else "captured", method="upi",
        currency=_CURRENCY, **facts, authorized_at=at, captured_at=at, disputed_at=None, dispute_deadline=None,
        first_seen_at=at, last_report_at=at,
    )
    said = {"id": paper.fresh(at), "order_id": paper.order, "payment_id": paper.payment, "charge_id": charge,
            "account_id": paper.account, "inbox_id": message, "channel": life.channel, "by": _by(life),
            "state": "captured", "word": "captured", "currency": _CURRENCY, "gateway_at": at, "seen_at": at}
    paper.add("reports", **said, authorized=amount, captured=amount, refunded=0)
    if back:
        later = _moment_of(life, "refunded")
        paper.add("reports", **{**said, "id": paper.fresh(later), "inbox_id": None, "state": "refunded",
                                "word": "refunded", "seen_at": later, "gateway_at": later},
                  authorized=amount, captured=amount, refunded=back)
    if settles:
        paper.settlement = paper.fresh(at)
        paper.add(
            "settlements", id=paper.settlement, order_id=paper.order, charge_id=charge, amount=amount,
            currency=_CURRENCY, kind="captured", channel=life.channel, by=_by(life), settled_at=at, captured_at=at,
            reversed_at=_moment_of(life, "refunded") if back else None,
        )
    return charge


def _by(life: Life) -> str:
    return {"webhook": "webhook", "callback": "callback", "lookup": "clock", "manual": "support@shop.example"}[
        life.channel
    ]


def _message(paper: Written, at: datetime, tail: str) -> UUID:
    life, message = paper.life, paper.fresh(at)
    body = f'{{"event":"payment.captured","payment":"pay_{life.number}{tail}","amount":{life.amount}}}'.ljust(400)
    paper.add(
        "inbox", id=message, account_id=paper.account, event_key=f"{life.channel}:{life.number}{tail}",
        channel=life.channel, event="payment.captured", method="POST", path=f"/webhooks/{paper.account}",
        headers={"content-type": "application/json"}, body=body.encode(), secret="current", received_at=at,
        state="done", reason=None, due_at=None, done_at=at,
    )
    return message


_STEPS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "missing": (), "failed": (("failed", "clock"),), "cancelled": (("cancelled", "clock"),),
    "processing": (("processing", ""),), "shipped": (("processing", ""), ("shipped", "oms")),
    "delivered": (("processing", ""), ("shipped", "oms"), ("delivered", "oms")),
    "refunded": (("processing", ""), ("delivered", "oms"), ("refunded", "gateway")),
}
_REASONS: Final = {"missing": "Confirm Order", "failed": "every attempt is over", "cancelled": "unpaid for 7 days",
                   "processing": "paid", "shipped": "the OMS says so", "delivered": "the OMS says so",
                   "refunded": "refunded whole"}


def _moves(paper: Written) -> None:
    life, source = paper.life, None
    first = (("missing", "storefront"),)
    for target, named in (*first, *_STEPS[life.status]):
        actor = named or ("gateway" if life.paid else "storefront")
        # Younger than its window, it was a person who cancelled it.
        if target == "cancelled" and life.now - life.at < timedelta(days=7, hours=1):
            actor = "staff"
        at = _moment_of(life, target)
        paper.add(
            "order_moves", id=paper.fresh(at), order_id=paper.order, source=source, target=target, actor=actor,
            by=_by(life) if actor == "gateway" else actor, channel=life.channel if actor == "gateway" else None,
            reason=_REASONS[target], evidence={"note": "seeded"} if actor == "staff" else None, at=at,
        )
        source = target


def _delivery(paper: Written) -> None:
    life, row = paper.life, paper.fresh(_moment_of(paper.life, "processing"))
    at = _moment_of(life, "processing")
    state = {"oms_refused": "dead", "late": "due"}.get(life.trouble or "", "done")
    done = at + timedelta(seconds=2) if state == "done" else None
    nothing = life.shop.kind == "none"
    paper.add(
        "outbox", id=row, order_id=paper.order, store_id=life.shop.id, account_id=life.shop.oms, kind=life.shop.kind,
        state="done" if nothing else state, reason="the store has no OMS" if nothing else None,
        settlement_id=paper.settlement, receipt=_oms_id(life) if done and not nothing else None,
        receipt_kind="id" if done and not nothing else None,
        due_at=life.now + timedelta(hours=1, seconds=life.person % 20_000) if state == "due" else None, attempts=1,
        by="deliver", last_error=_ERRORS.get(state), created_at=at, done_at=done,
    )
    if nothing:
        return
    paper.add(
        "delivery_attempts", id=paper.fresh(at), delivery_id=row, order_id=paper.order, at=at, call="deliver",
        event=_EVENTS[state], by="worker", text=_ERRORS.get(state) or f"taken as {_oms_id(life)}", milliseconds=140,
    )
    if state == "dead":
        _case(paper, "oms_refused", f"delivery:{row}", at, "The OMS refused it: pincode is not served.",
              held=life.amount)


_ERRORS: Final = {"dead": "refused: pincode is not served", "due": "no answer in 10 s"}
_EVENTS: Final = {"dead": "refused", "due": "not_sent", "done": "accepted"}


def _case(paper: Written, kind: str, subject: str, at: datetime, reason: str, **more: Any) -> None:
    paper.add(
        "cases", id=paper.fresh(at), subject=subject, type=kind, store_id=paper.life.shop.id, order_id=paper.order,
        charge_id=more.get("charge_id"), account_id=paper.account, reason=reason, money_held=more.get("held", 0),
        difference=more.get("difference", 0), currency=_CURRENCY, deadline=more.get("deadline"), opened_at=at,
    )


def _underpaid(paper: Written) -> None:
    life, at = paper.life, paper.life.settled_at
    charge = _money(paper, at, life.amount - 5_000, settles=False)
    _case(paper, "underpaid", f"charge:{charge}", at, "Paid less than was due.",
          held=life.amount - 5_000, charge_id=charge, difference=-5_000)


def _second(paper: Written) -> None:
    life, at = paper.life, paper.life.settled_at + timedelta(minutes=2)
    charge = _money(paper, at, life.amount, settles=False, tail="b")
    _case(paper, "second_payment", f"charge:{charge}", at, "A second payment came for a paid order.",
          held=life.amount, charge_id=charge)


def _dispute(paper: Written) -> None:
    charge, at = paper.rows["charges"][0], paper.life.settled_at + timedelta(hours=6)
    deadline = paper.life.now + timedelta(days=5)
    charge.update(disputed_at=at, dispute_deadline=deadline, state="disputed")
    _case(paper, "dispute", f"charge:{charge['id']}", at, "The customer's bank disputes it.",
          charge_id=charge["id"], deadline=deadline)


def _pending(paper: Written) -> None:
    at = min(paper.life.at + timedelta(hours=3), paper.life.now)
    _case(paper, "still_pending", f"order:{paper.order}", at, "The gateway says pending for hours.")


_TROUBLES: Final[dict[str, Callable[[Written], None]]] = {
    "underpaid": _underpaid, "second_payment": _second, "dispute": _dispute, "still_pending": _pending,
}


def _note(paper: Written) -> None:
    at = min(paper.life.at + timedelta(hours=2), paper.life.now)
    kind = paper.chance.choice(("note", "note", "edit"))
    paper.add(
        "timeline", id=paper.fresh(at), order_id=paper.order, at=at, kind=kind, by="support@shop.example",
        text="The customer called about the delivery date." if kind == "note" else "edited notes", data=None,
    )
