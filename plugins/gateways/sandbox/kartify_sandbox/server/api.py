"""The sandbox's REST API for shops: bearer key, integers of minor units, one envelope for errors."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

from flask import Blueprint, Response, jsonify, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kartify_sandbox.server.book import Charge, Event, Refund, Rejected, Session, Wanted
from kartify_sandbox.server.house import House

M = TypeVar("M", bound=BaseModel)
LIMIT = 100
LARGEST = 9_000_000_000_000_000
Minor = Annotated[int, Field(gt=0, le=LARGEST)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Url = Annotated[str, Field(pattern=r"^https?://[^\s]+$", max_length=2000)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class NewSession(_Body):
    reference: str = Field(pattern=r"^[A-Za-z0-9]{1,40}$")
    amount: Minor
    currency: Currency
    callback_url: Url
    webhook_url: Url
    callback_method: Literal["get", "post"] = "get"
    capture: Literal["auto", "manual"] = "auto"
    order_number: str = Field(default="", max_length=64)
    description: str = Field(default="", max_length=500)
    customer: dict[str, str] = Field(default_factory=dict, max_length=20)


class Sum(_Body):
    amount: Minor | None = None
    currency: Currency | None = None


def make_api(house: House) -> Blueprint:
    api = Blueprint("api", __name__, url_prefix="/v1")
    api.before_request(lambda: _check_key(house))
    _sessions(api, house)
    _charges(api, house)
    _refunds(api, house)
    return api


def _check_key(house: House) -> None:
    given = request.headers.get("Authorization", "").encode()
    if not hmac.compare_digest(given, f"Bearer {house.key_secret}".encode()):
        raise Rejected(401, "bad_key", "The API key is not known.")


def _sessions(api: Blueprint, house: House) -> None:
    @api.post("/sessions")
    def open_session() -> tuple[Response, int]:
        body = _body(NewSession)
        wanted = Wanted(**body.model_dump())
        key = request.headers.get("Idempotency-Key")
        made = house.vault.once(key and f"session:{key}", wanted, lambda: house.vault.create(wanted).id)
        return _told(house, made), 201

    @api.get("/sessions")
    def list_sessions() -> Response:
        with house.vault.lock:
            sessions, cursor = _listed(house)
            return jsonify(object="list", data=[house.vault.whole(one) for one in sessions], next_cursor=cursor)

    @api.get("/sessions/<session_id>")
    def get_session(session_id: str) -> Response:
        return _told(house, session_id)

    @api.post("/sessions/<session_id>/close")
    def close_session(session_id: str) -> Response:
        house.bank.close(session_id)
        return _told(house, session_id)


def _told(house: House, session_id: str) -> Response:
    with house.vault.lock:
        return jsonify(house.vault.whole(house.vault.session(session_id)))


def _listed(house: House) -> tuple[list[Session], str | None]:
    reference = request.args.get("reference")
    if reference is not None:
        return house.vault.of_reference(reference)[:LIMIT], None
    limit = _number("limit", 20)
    if not 1 <= limit <= LIMIT:
        raise Rejected(422, "bad_request", f"A page has 1 to {LIMIT} rows.", field="limit")
    return house.vault.page(
        since=_number("from", 0), until=_number("to", LARGEST), cursor=request.args.get("cursor"), limit=limit
    )


def _number(name: str, default: int) -> int:
    given = request.args.get(name)
    if given is None:
        return default
    if not given.isascii() or not given.isdigit() or len(given) > 16:
        raise Rejected(422, "bad_request", "Expected a whole number.", field=name)
    return int(given)


def _charges(api: Blueprint, house: House) -> None:
    @api.get("/charges/<charge_id>")
    def get_charge(charge_id: str) -> Response:
        return jsonify(house.charge(charge_id).as_dict())

    @api.post("/charges/<charge_id>/capture")
    def capture(charge_id: str) -> Response:
        amount = _sum(house.charge(charge_id))
        return _moved(house, lambda: house.bank.capture(charge_id, amount))

    @api.post("/charges/<charge_id>/void")
    def void(charge_id: str) -> Response:
        _sum(house.charge(charge_id))
        return _moved(house, lambda: house.bank.void(charge_id))


def _moved(house: House, move: Callable[[], tuple[Charge, Event]]) -> Response:
    charge, event = move()
    _announce(house, event)
    return jsonify(charge.as_dict())


def _announce(house: House, event: Event | None) -> None:
    if event is not None and house.auto_webhooks:
        house.send(event)


def _refunds(api: Blueprint, house: House) -> None:
    @api.get("/charges/<charge_id>/refunds")
    def list_refunds(charge_id: str) -> Response:
        with house.vault.lock:
            refunds = house.vault.refunds_of(house.charge(charge_id).id)
            return jsonify(object="list", data=[refund.as_dict() for refund in refunds])

    @api.post("/charges/<charge_id>/refunds")
    def refund(charge_id: str) -> tuple[Response, int]:
        key = request.headers.get("Idempotency-Key", "")
        if not 10 <= len(key) <= 40:
            raise Rejected(422, "bad_request", "A refund needs a key of 10 to 40.", field="Idempotency-Key")
        amount = _sum(house.charge(charge_id))
        return jsonify(_refund(house, charge_id, amount, key=key).as_dict()), 201


def _refund(house: House, charge_id: str, amount: int | None, *, key: str) -> Refund:
    made: list[Event | None] = []

    def make() -> str:
        refund, event = house.bank.refund(charge_id, amount, key=key)
        made.append(event)
        return refund.id

    refund_id = house.vault.once(f"refund:{key}", (charge_id, amount), make)
    for event in made:
        _announce(house, event)
    return house.vault.refunds[refund_id]


def _sum(charge: Charge) -> int | None:
    body = _body(Sum)
    if body.currency not in (None, charge.currency):
        raise Rejected(422, "bad_request", f"The charge is in {charge.currency}.", field="currency")
    return body.amount


def _body(model: type[M]) -> M:
    try:
        return model.model_validate_json(request.get_data() or b"{}", strict=True)
    except ValidationError as problem:
        first: Any = problem.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or None
        raise Rejected(422, "bad_request", f"{field or 'body'}: {first['msg']}", field=field) from None
