"""The storefront's API: Confirm Order, further attempts, COD, reading, cancelling."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import AwareDatetime, Field, StringConstraints

from kartify import links
from kartify.domain.status import Actor, Status
from kartify.flows.storefront import cancel as cancelling
from kartify.flows.storefront import checkout, order_read
from kartify.flows.storefront import place as placing
from kartify.flows.storefront.order_body import Attempt, NumberPath, OrderBody, Strict
from kartify.web.access import SECURITY, caller, problems, requires
from kartify.web.answers import OrderAnswer, OrderPage, json_answer
from kartify.web.current import current_house

blueprint = APIBlueprint(
    "storefront", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="storefront")], abp_security=SECURITY
)
blueprint.before_request(requires("storefront"))
# A payment that is not known yet: how soon it is worth asking again.
AGAIN = {"opening": "2", "unknown": "5"}


class ListQuery(Strict):
    status: Status | None = None
    since: AwareDatetime | None = Field(None, description="Confirmed at or after this moment.")
    cursor: Annotated[str, StringConstraints(max_length=100)] | None = None
    limit: int = Field(50, ge=1, le=200)


class CancelBody(Strict):
    reason: Annotated[str, StringConstraints(max_length=500)] = ""


class NoBody(Strict):
    """Nothing is to be said."""


def _answer(order_id: UUID, status: int = 200) -> Response:
    order = order_read.read_order(current_house(), order_id)
    answer = json_answer({**order, "status_url": links.status_url(current_house(), order_id)}, status)
    if (pause := AGAIN.get(order["payment"]["state"])) is not None and order["status"] in ("missing", "failed"):
        answer.headers["Retry-After"] = pause
    return answer


def _find(number: str) -> UUID:
    return order_read.find_order(current_house(), caller().store_id, number)


@blueprint.post(
    "/orders", summary="The customer reached Confirm Order",
    responses={200: OrderAnswer, 201: OrderAnswer, **problems(400, 409, 413, 415, 422)},
)
def confirm(body: OrderBody) -> Response:
    """The order becomes *missing*. A repetition with the same body is 200 and opens or returns a usable next step."""
    confirmed = checkout.confirm(current_house(), caller(), body)
    return _answer(confirmed.order_id, 201 if confirmed.new else 200)


@blueprint.post(
    "/orders/<string:number>/payments", summary="Another attempt to pay",
    responses={200: OrderAnswer, **problems(400, 404, 409, 413, 415, 422)},
)
def pay_again(path: NumberPath, body: Attempt) -> Response:
    """The usable open session of that account, else a new one. A failed order is missing again."""
    return _answer(checkout.another_payment(current_house(), caller(), path.number, body))


@blueprint.post(
    "/orders/<string:number>/place", summary="Cash on delivery, or nothing due: the purchase is complete",
    responses={200: OrderAnswer, **problems(400, 404, 409, 413, 415, 422)},
)
def place(path: NumberPath, body: NoBody) -> Response:
    """A prepaid order is switched to COD where no payment is open, unknown, authorised or captured."""
    order_id = _find(path.number)
    placing.place(current_house(), order_id, by=caller().name)
    return _answer(order_id)


@blueprint.post(
    "/orders/<string:number>/cancel", summary="The customer wants to cancel",
    responses={200: OrderAnswer, 202: OrderAnswer, **problems(400, 404, 409, 413, 415, 422)},
)
def cancel(path: NumberPath, body: CancelBody) -> Response:
    """200: cancelled. 202: requested; it follows once it is sure that nothing was paid, or the OMS agrees."""
    order_id = _find(path.number)
    wish = cancelling.Wish(actor=Actor.STOREFRONT, by=caller().name, reason=body.reason)
    word = cancelling.request_cancel(current_house(), order_id, wish)
    return _answer(order_id, 200 if word == "cancelled" else 202)


@blueprint.get(
    "/orders/<string:number>", summary="One order", responses={200: OrderAnswer, **problems(404, 422)}
)
def read(path: NumberPath) -> Response:
    return _answer(_find(path.number))


@blueprint.get("/orders", summary="Orders, oldest first", responses={200: OrderPage, **problems(422)})
def find(query: ListQuery) -> Response:
    wanted = order_read.Query(status=query.status, since=query.since, cursor=query.cursor, limit=query.limit)
    return json_answer(order_read.list_orders(current_house(), caller().store_id, wanted))
