"""Where the server keeps its records, and how it lists them."""

from __future__ import annotations

import heapq
import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from kartify_sandbox.server.book import Charge, Event, Refund, Rejected, Session, Wanted

LIFETIME = timedelta(minutes=30)
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"


def new_id(prefix: str) -> str:
    return f"{prefix}_{''.join(secrets.choice(_ALPHABET) for _ in range(16))}"


class Vault:
    """Everything in memory, under one lock that may be taken again by its holder."""

    def __init__(self, *, base_url: str, merchant: str, now: Callable[[], datetime]) -> None:
        self.base_url, self.merchant, self.now = base_url, merchant, now
        self.mode = "test"
        self.lock = threading.RLock()
        self.sessions: dict[str, Session] = {}
        self.charges: dict[str, Charge] = {}
        self.refunds: dict[str, Refund] = {}
        self.events: list[Event] = []
        self.keys: dict[str, tuple[Any, str]] = {}
        self._references: dict[str, list[str]] = {}
        self._order: list[str] = []
        self._places: dict[str, int] = {}
        self._ends: list[tuple[int, str]] = []
        self._refunds_of: dict[str, list[str]] = {}

    def seconds(self) -> int:
        return int(self.now().timestamp())

    def session(self, session_id: str) -> Session:
        found = self.sessions.get(session_id)
        if found is None:
            raise Rejected(404, "no_such_session", "There is no such session.")
        return found

    def charge(self, charge_id: str) -> Charge:
        found = self.charges.get(charge_id)
        if found is None:
            raise Rejected(404, "no_such_charge", "There is no such charge.")
        return found

    def once(self, key: str | None, body: Any, make: Callable[[], str]) -> str:
        """The id that ``make`` gives, made once for a key; the same key with another body is refused."""
        with self.lock:
            if key is None:
                return make()
            if key in self.keys:
                known, made = self.keys[key]
                if known != body:
                    raise Rejected(409, "key_reused", "This Idempotency-Key was used for another call.")
                return made
            made = make()
            self.keys[key] = (body, made)
            return made

    def create(self, wanted: Wanted) -> Session:
        with self.lock:
            session_id, moment = new_id("sess"), self.seconds()
            session = Session(
                id=session_id,
                wanted=wanted,
                pay_url=f"{self.base_url}/pay/{session_id}",
                status="open",
                created_at=moment,
                expires_at=moment + int(LIFETIME.total_seconds()),
            )
            self.sessions[session_id] = session
            self._references.setdefault(wanted.reference, []).append(session_id)
            self._places[session_id] = len(self._order)
            self._order.append(session_id)
            heapq.heappush(self._ends, (session.expires_at, session_id))
            return session

    def put(self, charge: Charge) -> Charge:
        """Stores a charge; its session is *paid* once one capture of it covers the amount."""
        session = self.sessions[charge.session]
        if charge.id not in self.charges:
            session = replace(session, charges=(*session.charges, charge.id))
        covered = charge.captured >= session.wanted.amount + charge.fee - charge.discount
        if session.status == "open" and charge.captured and covered:
            session = replace(session, status="paid")
        self.sessions[session.id] = session
        self.charges[charge.id] = charge
        return charge

    def expire(self) -> list[Event]:
        """Ends the sessions whose time is over."""
        ended = []
        with self.lock:
            moment = self.seconds()
            while self._ends and self._ends[0][0] <= moment:
                session = self.sessions[heapq.heappop(self._ends)[1]]
                if session.status == "open":
                    self.sessions[session.id] = replace(session, status="expired")
                    ended.append(self.note("session.expired", session.id))
        return ended

    def note(
        self, kind: str, session_id: str, *, charge: Charge | None = None, refund: Refund | None = None
    ) -> Event:
        """Makes an event of what stands now."""
        session = self.sessions[session_id]
        parts = {"session": session, "charge": charge, "refund": refund}
        event_id = new_id("evt")
        body = {
            "id": event_id,
            "object": "event",
            "type": kind,
            "created_at": self.seconds(),
            "merchant": self.merchant,
            "mode": self.mode,
            "data": {name: part.as_dict() for name, part in parts.items() if part is not None},
        }
        event = Event(
            id=event_id,
            type=kind,
            session=session_id,
            charge=charge.id if charge else None,
            url=session.wanted.webhook_url,
            body=json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
        )
        self.events.append(event)
        return event

    def whole(self, session: Session) -> dict[str, Any]:
        """A session with all its charges, as the API tells it."""
        return session.as_dict() | {"charges": [self.charges[one].as_dict() for one in session.charges]}

    def put_refund(self, refund: Refund) -> None:
        if refund.id not in self.refunds:
            self._refunds_of.setdefault(refund.charge, []).append(refund.id)
        self.refunds[refund.id] = refund

    def refunds_of(self, charge_id: str) -> list[Refund]:
        return [self.refunds[one] for one in self._refunds_of.get(charge_id, [])]

    def of_reference(self, reference: str) -> list[Session]:
        return [self.sessions[one] for one in reversed(self._references.get(reference, []))]

    def page(self, *, since: int, until: int, cursor: str | None, limit: int) -> tuple[list[Session], str | None]:
        """Newest first. A cursor is the id of the last session told, so what is new shifts no page."""
        with self.lock:
            start = len(self._order) if cursor is None else self._places.get(cursor)
            if start is None:
                raise Rejected(422, "bad_request", "The cursor is not known.", field="cursor")
            older = (self.sessions[self._order[place]] for place in range(start - 1, -1, -1))
            told = list(islice((one for one in older if since <= one.created_at <= until), limit + 1))
            return told[:limit], told[limit - 1].id if len(told) > limit else None
