"""Control calls for another process on this machine, such as the player of a demo story."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated, TypeVar

from flask import Blueprint, Response, jsonify, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kartify_sandbox.server.actions import Outcome, Switches, at_bank, attempt, wrong_amount
from kartify_sandbox.server.bank import Terms
from kartify_sandbox.server.book import Rejected, Session
from kartify_sandbox.server.house import House

M = TypeVar("M", bound=BaseModel)
Minor = Annotated[int, Field(gt=0)]


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    amount: Minor | None = None
    lose_webhook: bool = False
    webhook_delay: float = Field(default=0.0, ge=0, le=3600)
    webhook_copies: int = Field(default=1, ge=1, le=20)


class SessionOptions(_Options):
    """``more``: for *pay_wrong* without an amount, too much instead of too little."""

    method: str = Field(default="upi", max_length=30)
    fee: int = Field(default=0, ge=0)
    discount: int = Field(default=0, ge=0)
    more: bool = False
    lose_callback: bool = False
    amountless: bool = False
    force: bool = False


class ChargeOptions(_Options):
    pass


def make_control(house: House) -> Blueprint:
    control = Blueprint("control", __name__, url_prefix="/control")
    control.before_request(_check_caller)

    @control.post("/sessions/<session_id>/<action>")
    def session(session_id: str, action: str) -> Response:
        options = _read(SessionOptions)
        terms = _terms(house.session(session_id), action, options)
        outcome = attempt(house, session_id, action, terms=terms, switches=_switches(options))
        return jsonify(_answer(house, outcome))

    @control.post("/charges/<charge_id>/<action>")
    def charge(charge_id: str, action: str) -> Response:
        options = _read(ChargeOptions)
        changed = at_bank(house, charge_id, action, amount=options.amount, switches=_switches(options))
        return jsonify(changed.as_dict())

    return control


def _check_caller() -> None:
    """Only this machine, and only JSON: a page of another site cannot send that without being asked first."""
    if not ip_address(request.remote_addr or "0.0.0.0").is_loopback:
        raise Rejected(403, "not_here", "Control calls come from this machine only.")
    if request.mimetype != "application/json":
        raise Rejected(415, "bad_request", "Send application/json.")


def _read(model: type[M]) -> M:
    try:
        return model.model_validate_json(request.get_data() or b"{}", strict=True)
    except ValidationError as problem:
        raise Rejected(422, "bad_request", str(problem.errors(include_input=False)[0]["msg"])) from None


def _terms(session: Session, action: str, options: SessionOptions) -> Terms:
    amount = options.amount
    if action == "pay_wrong" and amount is None:
        amount = wrong_amount(session, more=options.more)
    return Terms(amount=amount, method=options.method, fee=options.fee, discount=options.discount)


def _switches(options: SessionOptions | ChargeOptions) -> Switches:
    names = options.model_dump(include=set(Switches.__dataclass_fields__))
    return Switches(**names)


def _answer(house: House, outcome: Outcome) -> dict[str, object]:
    back = outcome.back
    return {
        "session": house.vault.whole(outcome.session),
        "charges": [charge.as_dict() for charge in outcome.charges],
        "callback": {"method": back.method, "url": back.url, "fields": dict(back.fields)} if back else None,
    }
