"""Doors of gateways and OMSes. The hot path: bytes in, one flow, the partner's answer out."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, request

from kartify.flows import receive
from kartify.plugin.gateway import Gateway
from kartify.plugin.partner import Reply
from kartify.web.bodies import inbound
from kartify.web.current import current_house

blueprint = Blueprint("inbound", __name__)


@blueprint.post("/webhooks/<uuid:account_id>")
def webhook(account_id: UUID) -> Response:
    """A gateway's server calls: checked before any query, stored, settled, answered as the gateway expects."""
    house = current_house()
    receive.webhook(house, account_id, inbound(request))
    partner = house.accounts.get(account_id).partner
    return _reply(partner.reply(accepted=True) if isinstance(partner, Gateway) else Reply())


def _reply(reply: Reply) -> Response:
    return Response(reply.body, reply.status, dict(reply.headers))
