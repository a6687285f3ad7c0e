"""The sandbox as a gateway plugin: the protocol of a real one, with test money."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, cast
from urllib.parse import quote

from kartify.plugin import (
    Callback,
    CallbackKey,
    Capabilities,
    ChargeState,
    Client,
    Gateway,
    Inbound,
    LookupPlan,
    Money,
    Opened,
    PartnerSettings,
    PaymentAnswer,
    PaymentRef,
    PaymentRequest,
    Permanent,
    Proof,
    RefundAnswer,
    Report,
    Temporary,
    Unreadable,
    Webhook,
)
from kartify_sandbox import inbound, onboarding, wire
from kartify_sandbox.calls import PAGE, Calls, Declined, several
from kartify_sandbox.settings import SandboxSettings

CAPTURED = frozenset({ChargeState.CAPTURED, ChargeState.PARTIALLY_REFUNDED, ChargeState.REFUNDED,
                      ChargeState.DISPUTED})  # fmt: skip
# Our clock and the sandbox's may differ by this much.
SKEW = timedelta(minutes=5)


class SandboxGateway(Gateway):
    slug = "sandbox"
    name = "Sandbox"
    Settings: ClassVar[type[PartnerSettings]] = SandboxSettings
    setup = onboarding.STEPS
    rate = 50.0
    can = Capabilities(capture=True, void=True, refund=True, find=True, bulk_from=20, adopt=True, close=True)
    plan = LookupPlan(
        steps=(
            (timedelta(minutes=2), timedelta(seconds=10)),
            (timedelta(hours=1), timedelta(seconds=60)),
            (timedelta(days=3), timedelta(hours=1)),
        ),
        first=timedelta(seconds=15),
        lifetime=timedelta(minutes=30),
        late_window=timedelta(hours=1),
        knows_after=timedelta(seconds=60),
        interval=15,
    )
    tolerance = timedelta(minutes=5)

    @property
    def _settings(self) -> SandboxSettings:
        return cast(SandboxSettings, self.settings)

    def _calls(self, client: Client) -> Calls:
        return Calls(self._settings, client)

    # Pure.

    def verify(self, message: Inbound) -> Proof:
        return inbound.verify(self._settings, message)

    def read_webhook(self, message: Inbound) -> Webhook:
        return inbound.read_webhook(self._settings, message)

    def probe(self, nonce: str, at: datetime) -> Inbound:
        return onboarding.probe(self._settings, nonce, at)

    def callback_key(self, message: Inbound) -> CallbackKey:
        return inbound.callback_key(message)

    def read_callback(self, message: Inbound, payment: PaymentRef) -> Callback:
        return inbound.read_callback(self._settings, message, payment)

    def dashboard_url(self, gateway_payment_id: str) -> str | None:
        return f"{self._settings.api_base.rstrip('/')}/dashboard/charges/{_part(gateway_payment_id)}"

    # Asking.

    def test(self, client: Client) -> str:
        self._calls(client).get("/v1/sessions", wire.read_page, params={"limit": "1"})
        return f"The sandbox at {self._settings.api_base} knows the key of {self._settings.merchant}."

    def open(self, client: Client, request: PaymentRequest) -> Opened:
        """The key makes a repetition of a lost call give the same session."""
        body: dict[str, Any] = {
            "reference": request.reference,
            "amount": request.amount.minor,
            "currency": request.amount.currency,
            "callback_url": request.callback_url,
            "callback_method": self._settings.callback_method,
            "webhook_url": request.webhook_url,
            "capture": self._settings.capture,
            "order_number": request.order_number,
            "description": request.description,
            "customer": dict(request.customer),
        }
        return self._calls(client).post("/v1/sessions", _opened, body=body, key=request.reference)

    def find(self, client: Client, request: PaymentRequest) -> Opened | None:
        sessions = self._by_reference(client, request.reference)
        if not sessions:
            return None
        usable = [session for session in sessions if session.word == "open"]
        try:
            return wire.to_opened((usable or sessions)[0])
        except Unreadable as problem:
            raise Temporary(f"the sandbox's answer cannot be read: {problem}") from None

    def ask(self, client: Client, payment: PaymentRef) -> PaymentAnswer:
        if payment.gateway_order_id is None:
            return wire.to_answer(self._by_reference(client, payment.reference))
        try:
            path = f"/v1/sessions/{_part(payment.gateway_order_id)}"
            session = self._calls(client).get(path, wire.read_session)
        except Declined as no:
            if no.code == "no_such_session":
                return PaymentAnswer(found=False, word=no.code)
            raise
        if session.id != payment.gateway_order_id:
            raise Temporary("the sandbox answered about another session")
        return wire.to_answer([session])

    def ask_many(self, client: Client, payments: Sequence[PaymentRef]) -> Iterator[tuple[str, PaymentAnswer]]:
        """Reads the list of the span that the payments fall in. It stops when all are found, and when reading on
        would take more calls than asking one by one."""
        wanted = {payment.gateway_order_id: payment.reference for payment in payments if payment.gateway_order_id}
        if not wanted:
            return
        made = [payment.created_at for payment in payments]
        limit = max(len(wanted) // 2, 1)
        for page in self._calls(client).pages(min(made) - SKEW, max(made) + SKEW, limit=limit):
            for session in page:
                reference = wanted.pop(session.id, None)
                if reference is not None:
                    yield reference, wire.to_answer([session])
            if not wanted:
                return

    def close(self, client: Client, payment: PaymentRef) -> PaymentAnswer:
        """Ends a session, so that nothing more can be paid in it, and tells how it ended. Already ended is success."""
        path = f"/v1/sessions/{_part(payment.gateway_order_id or '')}/close"
        return wire.to_answer([self._calls(client).post(path, wire.read_session, body={})])

    def capture(self, client: Client, gateway_payment_id: str, amount: Money) -> Report:
        return self._move(client, gateway_payment_id, verb="capture", amount=amount)

    def void(self, client: Client, gateway_payment_id: str, amount: Money) -> Report:
        return self._move(client, gateway_payment_id, verb="void", amount=amount)

    def _move(self, client: Client, charge: str, *, verb: str, amount: Money) -> Report:
        """A refusal because of the charge's state is success where the state is the one wanted."""
        calls, path = self._calls(client), f"/v1/charges/{_part(charge)}"
        try:
            return calls.post(f"{path}/{verb}", _charge, body=_sum(amount))
        except Declined as no:
            if no.code != "wrong_state":
                raise
            report = calls.get(path, _charge)
            if report.state in (CAPTURED if verb == "capture" else (ChargeState.VOIDED,)):
                return report
            raise

    def refund(self, client: Client, gateway_payment_id: str, amount: Money, *, key: str) -> RefundAnswer:
        path = f"/v1/charges/{_part(gateway_payment_id)}/refunds"
        return self._calls(client).post(path, wire.read_refund, body=_sum(amount), key=key)

    def refund_status(
        self, client: Client, gateway_payment_id: str, *, key: str, gateway_refund_id: str | None
    ) -> RefundAnswer | None:
        """By the key first: it is what tells our refund from one made at the sandbox."""
        path = f"/v1/charges/{_part(gateway_payment_id)}/refunds"
        found = self._calls(client).get(path, several(_keyed_refund))
        for own, answer in found:
            if own == key or (gateway_refund_id is not None and answer.gateway_refund_id == gateway_refund_id):
                return answer
        return None

    def _by_reference(self, client: Client, reference: str) -> list[wire.Session]:
        params = {"reference": reference, "limit": str(PAGE)}
        found, _ = self._calls(client).get("/v1/sessions", wire.read_page, params=params)
        if any(session.reference != reference for session in found):
            raise Temporary("the sandbox answered about another payment")
        return found


def _part(value: str) -> str:
    """One segment of a path: an id never leads to another call."""
    if not value or value in (".", ".."):
        raise Permanent("there is no id to ask for")
    return quote(value, safe="")


def _sum(amount: Money) -> dict[str, Any]:
    return {"amount": amount.minor, "currency": amount.currency}


def _opened(body: Any) -> Opened:
    return wire.to_opened(wire.read_session(body))


def _charge(body: Any) -> Report:
    return wire.read_charge(wire.mapping(body, "charge"))


def _keyed_refund(row: Any) -> tuple[str | None, RefundAnswer]:
    return wire.optional_text(wire.mapping(row, "refund"), "key"), wire.read_refund(row)
