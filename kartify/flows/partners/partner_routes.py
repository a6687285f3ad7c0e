"""Who calls an address that a plugin declares: the route, and the proof, before anything else happens."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kartify import contain
from kartify.accounts import Broken, Loaded
from kartify.domain.errors import NoSecret, NotFound, Refused
from kartify.flows.receiving.refusals import count_refusal
from kartify.house import House
from kartify.plugin.oms import Oms, PartnerRoute
from kartify.plugin.partner import Inbound


def verified(
    house: House, account_id: UUID, message: Inbound, path: str, at: datetime
) -> tuple[Loaded, PartnerRoute]:
    """Settings are kept for some seconds, so a refusal reloads them once. Raises ``NotFound``, ``Refused``,
    ``NoSecret``, ``Broken``."""
    account = house.accounts.get(account_id)
    try:
        return account, _check(account, message, path)
    except (Refused, NoSecret, Broken):
        account = house.accounts.get(account_id, fresh=True)
    try:
        return account, _check(account, message, path)
    except (Refused, NoSecret) as problem:
        count_refusal(house, account_id, message, reason=str(problem), at=at)
        raise


def _check(account: Loaded, message: Inbound, path: str) -> PartnerRoute:
    oms = account.oms()
    route = route_of(oms, message.method, path)
    if route is None:
        raise NotFound("this account has no such address")
    try:
        contain.pure("authenticate", type(None), lambda: oms.authenticate(message))
    except contain.PluginFailure as problem:
        raise Refused(str(problem)) from None
    return route


def route_of(oms: Oms, method: str, path: str) -> PartnerRoute | None:
    """The declared route that fits; one without a placeholder before one with."""
    given = path.strip("/").split("/")
    fitting = [
        route for route in oms.routes
        if route.method.upper() in (method.upper(), "ANY") and _fits(route.path.strip("/").split("/"), given)
    ]
    return min(fitting, key=lambda route: route.path.count("{"), default=None)


def _fits(wanted: list[str], given: list[str]) -> bool:
    if len(wanted) != len(given):
        return False
    return all(
        bool(there) if here.startswith("{") and here.endswith("}") else here == there
        for here, there in zip(wanted, given, strict=True)
    )
