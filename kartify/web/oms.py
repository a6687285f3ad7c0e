"""The API of an OMS that pulls: it tells how an order stands there."""

from __future__ import annotations

from typing import Annotated, Literal

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import AwareDatetime, Field, StringConstraints

from kartify.flows import news
from kartify.flows.order_body import NumberPath, Short, Strict
from kartify.web.access import SECURITY, caller, problems, requires
from kartify.web.answers import OmsTold, json_answer
from kartify.web.current import current_house

blueprint = APIBlueprint("oms", __name__, url_prefix="/api/v1/oms", abp_tags=[Tag(name="oms")], abp_security=SECURITY)
blueprint.before_request(requires("oms"))


class StatusBody(Strict):
    status: Literal["accepted", "shipped", "delivered", "cancelled", "returned"]
    at: AwareDatetime | None = Field(None, description="When it happened there.")
    oms_order_id: Short | None = Field(None, description="The OMS's own id of the order.")
    whole: bool = Field(True, strict=True, description="All units; false for a part.")
    detail: Annotated[str, StringConstraints(max_length=500)] = ""


@blueprint.post(
    "/orders/<string:number>/status", summary="How the order stands at the OMS",
    responses={200: OmsTold, **problems(400, 404, 409, 413, 415, 422)},
)
def status(path: NumberPath, body: StatusBody) -> Response:
    """News that is older than what is known, or of a part of the order, changes no status and is noted."""
    told = news.news_by_api(
        current_house(), caller().store_id, path.number, status=body.status, by=caller().name,
        oms_order_id=body.oms_order_id, at=body.at, whole=body.whole, detail=body.detail,
    )
    return json_answer({"number": told.number, "status": told.after, "detail": told.text})
