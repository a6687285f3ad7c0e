"""Doors of gateways and OMSes. The hot path: bytes in, one flow, the partner's answer out."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, request

from kartify import contain
from kartify.accounts import Loaded
from kartify.flows.partners import partner_call
from kartify.flows.receiving import receive
from kartify.plugin.partner import Reply
from kartify.web.bodies import inbound
from kartify.web.current import current_house

blueprint = Blueprint("inbound", __name__)
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@blueprint.post("/webhooks/<uuid:account_id>")
def webhook(account_id: UUID) -> Response:
    """A gateway's server calls: checked before any query, stored, settled, answered as the gateway expects."""
    house = current_house()
    receive.webhook(house, account_id, inbound(request))
    return _answer(accepted(house.accounts.get(account_id)))


@blueprint.route("/partners/<uuid:account_id>/<path:path>", methods=METHODS)
def partner(account_id: UUID, path: str) -> Response:
    """An OMS calls an address that its plugin declares."""
    message = inbound(request, f"/partners/{account_id}/{path}")
    return _answer(partner_call.answer(current_house(), account_id, message, path))


def accepted(account: Loaded) -> Reply:
    """The message is stored: a plugin that fails now changes nothing of that."""
    gateway = account.gateway()
    try:
        return contain.pure("reply", Reply, lambda: gateway.reply(accepted=True))
    except contain.PluginFailure:
        return Reply()


def _answer(reply: Reply) -> Response:
    return Response(reply.body, reply.status, dict(reply.headers))
