"""The API of an OMS that pulls: it fetches orders, acknowledges them, and tells how they stand there."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import AwareDatetime, Field, StringConstraints

from kartify.flows.delivering import feed
from kartify.flows.partners import news
from kartify.flows.storefront.order_body import NumberPath, Short, Strict
from kartify.web import feed_csv
from kartify.web.access import SECURITY, caller, problems, requires
from kartify.web.answers import Acknowledged, Feed, OmsTold, json_answer
from kartify.web.current import current_house

blueprint = APIBlueprint("oms", __name__, url_prefix="/api/v1/oms", abp_tags=[Tag(name="oms")], abp_security=SECURITY)
blueprint.before_request(requires("oms"))


class FeedQuery(Strict):
    cursor: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,18}$")] | None = Field(
        None, description="The next_cursor of an earlier page; without it from the oldest unacknowledged."
    )
    unacknowledged: bool = Field(False, description="Only what still waits for an acknowledgement.")
    limit: int = Field(100, ge=1, le=feed.MOST)


class AckBody(Strict):
    oms_order_id: Short | None = Field(None, description="The OMS's own id of the order.")


class StatusBody(Strict):
    status: Literal["accepted", "shipped", "delivered", "cancelled", "returned"]
    at: AwareDatetime | None = Field(None, description="When it happened there.")
    oms_order_id: Short | None = Field(None, description="The OMS's own id of the order.")
    whole: bool = Field(True, strict=True, description="All units; false for a part.")
    detail: Annotated[str, StringConstraints(max_length=500)] = ""


@blueprint.get("/orders", summary="Orders to fulfil, in the order of their positions",
               responses={200: Feed, **problems(404, 409, 422)})
def pull(query: FeedQuery) -> Response:
    """An order is listed again until it is acknowledged."""
    page = _page(query)
    return json_answer(
        {"orders": [_item(item) for item in page.items], "next_cursor": str(page.cursor), "more": page.more}
    )


@blueprint.get(
    "/orders.csv", summary="The same as CSV, a row for each line of an order",
    responses={200: {"description": "Sums are minor units. X-Next-Cursor and X-More tell how to go on.",
                     "content": {"text/csv": {"schema": {"type": "string"}}}}, **problems(404, 409, 422)},
)
def pull_csv(query: FeedQuery) -> Response:
    """An order is listed again until it is acknowledged."""
    page = _page(query)
    answer = Response(feed_csv.written(page.items), mimetype="text/csv")
    answer.headers["X-Next-Cursor"], answer.headers["X-More"] = str(page.cursor), str(page.more).lower()
    return answer


def _page(query: FeedQuery) -> feed.FeedPage:
    account_id = feed.feed_account(current_house(), caller().store_id)
    wish = feed.FeedQuery(
        store_id=caller().store_id, limit=query.limit, cursor=int(query.cursor) if query.cursor else None,
        unacknowledged=query.unacknowledged,
    )
    return feed.pull(current_house(), account_id, wish)


def _item(item: feed.FeedItem) -> dict[str, Any]:
    return {"position": item.position, "acknowledged": item.acknowledged, **asdict(item.order)}


@blueprint.post(
    "/orders/<string:number>/ack", summary="The OMS has the order",
    responses={200: Acknowledged, **problems(400, 404, 409, 413, 415, 422)},
)
def acknowledge(path: NumberPath, body: AckBody) -> Response:
    """Again is harmless."""
    receipt = feed.acknowledge(
        current_house(), caller().store_id, path.number, oms_order_id=body.oms_order_id, by=caller().name
    )
    return json_answer({"number": path.number, "receipt": receipt})


@blueprint.post(
    "/orders/<string:number>/status", summary="How the order stands at the OMS",
    responses={200: OmsTold, **problems(400, 404, 409, 413, 415, 422)},
)
def status(path: NumberPath, body: StatusBody) -> Response:
    """News that is older than what is known, or of a part of the order, changes no status and is noted."""
    said = news.StatusNews(
        status=body.status, oms_order_id=body.oms_order_id, at=body.at, whole=body.whole, detail=body.detail
    )
    told = news.news_by_api(current_house(), caller().store_id, path.number, said, by=caller().name)
    return json_answer({"number": told.number, "status": told.after, "detail": told.text})
