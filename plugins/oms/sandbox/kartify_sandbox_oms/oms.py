"""The plugin: pushes orders to the sandbox OMS, looks them up, cancels, holds, reads its news."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from kartify.plugin import (
    Client,
    Found,
    HttpAnswer,
    Inbound,
    Kind,
    NoSecret,
    Oms,
    OmsCapabilities,
    OmsNews,
    OmsOrder,
    PartnerRoute,
    PartnerSettings,
    Permanent,
    Presence,
    Receipt,
    Refused,
    Temporary,
    Throttled,
    Unreadable,
    read_json,
)
from kartify_sandbox_oms.settings import SandboxOmsSettings
from kartify_sandbox_oms.wire import MERCHANT, SIGNATURE, bad_postcode, news_of, order_body, signed_by

CALLED_OFF = "cancelled"
WAITING = ("accepted", "on_hold")  # states in which the OMS can still cancel or hold


class SandboxOms(Oms):
    """``can`` and ``receipt`` follow the account's settings: one plugin plays the strongest and the weakest peer."""

    slug = "sandbox-oms"
    name = "Sandbox OMS"
    Settings = SandboxOmsSettings
    can = OmsCapabilities(lookup=True, cancel=True, hold=True)
    routes = (PartnerRoute(method="POST", path="news", name="news"),)
    rate = 50.0
    settings: SandboxOmsSettings

    def __init__(self, settings: PartnerSettings) -> None:
        super().__init__(settings)
        mine = self.settings
        capabilities = OmsCapabilities(lookup=mine.lookup, idempotent=mine.idempotent, cancel=True, hold=True)
        self.can = capabilities
        if mine.way == "feed":
            self.receipt = "ack"

    def delivery_kind(self) -> Kind:
        return Kind.PUSH if self.settings.way == "push" else Kind.FEED

    def check(self, kind: Kind, order: OmsOrder) -> None:
        if kind is not Kind.PUSH:
            return
        if not order.lines:
            raise Permanent("The order has no lines.", field="lines")
        for place, line in enumerate(order.lines):
            if line.quantity < 1:
                raise Permanent("The quantity must be at least 1.", field=f"lines[{place}].quantity")
            if line.unit_price < 0:
                raise Permanent("The unit price must not be negative.", field=f"lines[{place}].unit_price")
        if bad_postcode(order.shipping_address):
            raise Permanent("The postcode is not one that can be served.", field="shipping_address.postcode")

    def deliver(self, client: Client, kind: Kind, order: OmsOrder) -> Receipt:
        match kind:
            case Kind.PUSH:
                return self._push(client, order)
            case Kind.CANCEL:
                return self._change(client, order, "cancel")
            case Kind.HOLD:
                return self._change(client, order, "hold")
            case _:
                raise Permanent(f"{self.name} does not know the delivery {kind}.")

    def find(self, client: Client, kind: Kind, order: OmsOrder) -> Found:
        if not self.settings.lookup:
            return Found(presence=Presence.UNTOLD, detail="This account has no look-up.")
        known = self._by_number(client, order.number)
        if known is None:
            return Found(presence=Presence.UNTOLD, detail="The OMS's list of orders cannot be read.")
        if kind is Kind.PUSH:
            return _pushed(known, order)
        return _changed(known, order, wanted=CALLED_OFF if kind is Kind.CANCEL else "on_hold")

    def test(self, client: Client) -> str:
        known = _object(self._call(client, "GET", "/me").raise_for_status())
        return f"{self.name} answers for merchant {known.get('merchant')}; sales orders there: {known.get('orders')}."

    def order_url(self, oms_order_id: str) -> str | None:
        return f"{self._base}/#{quote(oms_order_id, safe='')}"

    # News.

    def authenticate(self, message: Inbound) -> None:
        secret = self.settings.secret("webhook_secret")
        if secret is None:
            raise NoSecret("No webhook secret is set for this account.")
        if not signed_by(secret, message.body, message.header(SIGNATURE)):
            raise Refused("The signature of the news is not right.")

    def read_news(self, route: PartnerRoute, message: Inbound) -> tuple[OmsNews, ...]:
        return (news_of(message.body),)

    # Calls.

    @property
    def _base(self) -> str:
        return self.settings.api_base.rstrip("/")

    def _call(
        self,
        client: Client,
        method: str,
        path: str,
        *,
        more: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> HttpAnswer:
        headers = {
            "Authorization": f"Bearer {self.settings.api_key.get_secret_value()}",
            MERCHANT: quote(self.settings.merchant),
            "Accept": "application/json",
            **(more or {}),
        }
        return client.request(method, self._base + path, headers=headers, body=body, timeout=self.deadline)

    def _push(self, client: Client, order: OmsOrder) -> Receipt:
        more = {"Content-Type": "application/json"}
        if self.settings.idempotent:
            more["Idempotency-Key"] = order.number
        answer = self._call(client, "POST", "/orders", more=more, body=order_body(order))
        if answer.status == 422:
            raise _refusal(answer)
        if answer.status != 409:
            answer.raise_for_status()
        return _receipt(order, _object(answer), detail="The OMS had it already." if answer.status != 201 else "")

    def _change(self, client: Client, order: OmsOrder, verb: str) -> Receipt:
        oms_order_id = order.oms_order_id or self._id_of(client, order)
        answer = self._call(client, "POST", f"/orders/{quote(oms_order_id, safe='')}/{verb}")
        if answer.status in (404, 409, 422):
            raise _refusal(answer)
        answer.raise_for_status()
        return Receipt(id=oms_order_id, detail=str(_object(answer).get("state", "")))

    def _id_of(self, client: Client, order: OmsOrder) -> str:
        """The OMS's id of an order that we have no id of. A look-up that fails has surely changed nothing."""
        if not self.settings.lookup:
            raise Permanent("The OMS's id of this order is not known.", field="oms_order_id")
        try:
            known = self._by_number(client, order.number)
        except Throttled:
            raise
        except Temporary as lost:
            raise Temporary(str(lost), sent=False, retry_after=lost.retry_after) from lost
        if known is None:
            raise Temporary("The OMS's list of orders cannot be read.", sent=False)
        alive = [one for one in known if one["state"] != CALLED_OFF] or known
        if len(alive) != 1:
            raise Permanent(f"The OMS has {len(alive)} orders with this number.", field="number")
        return str(alive[0]["id"])

    def _by_number(self, client: Client, number: str) -> list[dict[str, Any]] | None:
        """Every sales order with our number; None where the answer is not such a list."""
        found = _object(self._call(client, "GET", f"/orders?number={quote(number, safe='')}").raise_for_status())
        orders = found.get("orders")
        if not isinstance(orders, list) or not all(_is_order(one) for one in orders):
            return None
        return [one for one in orders if one["number"] == number]


def _is_order(one: object) -> bool:
    return isinstance(one, dict) and all(isinstance(one.get(name), str) for name in ("id", "number", "state"))


def _object(answer: HttpAnswer) -> dict[str, Any]:
    document = answer.json()
    if not isinstance(document, dict):
        raise Temporary(f"The OMS answered {answer.status} with something that is not an object.")
    return document


def _refusal(answer: HttpAnswer) -> Permanent:
    """What the OMS says it cannot take, in its own words."""
    try:
        said = read_json(answer.body)
    except Unreadable:
        said = None
    if not isinstance(said, dict):
        return Permanent(f"The OMS refused with {answer.status} and gave no reason.")
    field = said.get("field")
    return Permanent(str(said.get("message") or f"The OMS refused with {answer.status}.")[:500],
                     field=str(field)[:100] if field else None)


def _receipt(order: OmsOrder, said: Mapping[str, Any], *, detail: str) -> Receipt:
    """The OMS's id, once it is sure that it is about this order and this sum."""
    oms_order_id = said.get("id")
    if not isinstance(oms_order_id, str) or not oms_order_id:
        raise Temporary("The OMS answered without an id of the order.")
    if said.get("number", order.number) != order.number:
        raise Permanent(f"The OMS answered about another order, {oms_order_id}.", field="number")
    theirs = (said.get("total", order.total), said.get("currency", order.currency))
    if theirs != (order.total, order.currency):
        raise Permanent(f"The OMS has this order with another sum, as {oms_order_id}.", field="total")
    if said.get("state") == CALLED_OFF:
        raise Permanent(f"The OMS has this order as {oms_order_id}, cancelled.", field="number")
    return Receipt(id=oms_order_id, detail=detail)


def _pushed(known: Sequence[Mapping[str, Any]], order: OmsOrder) -> Found:
    """Whether a push has arrived. Two living sales orders with one number are for a person."""
    if not known:
        return Found(presence=Presence.ABSENT)
    alive = [one for one in known if one["state"] != CALLED_OFF]
    if not alive:
        return _found(Presence.DEAD, known[0], "The OMS has it, cancelled.")
    if len(alive) > 1:
        return _found(Presence.DEAD, alive[0], f"The OMS has {len(alive)} orders with this number.")
    if alive[0].get("currency", order.currency) != order.currency:
        return _found(Presence.DEAD, alive[0], "The OMS has it in another currency.")
    return _found(Presence.DONE, alive[0], "")


def _changed(known: Sequence[Mapping[str, Any]], order: OmsOrder, *, wanted: str) -> Found:
    """Whether a cancellation or a hold has arrived, and whether asking for it again makes sense."""
    if order.oms_order_id:
        known = [one for one in known if one["id"] == order.oms_order_id]
    if not known:
        return Found(presence=Presence.DEAD, detail="The OMS does not have the order.")
    moved = [one for one in known if one["state"] != wanted]
    if not moved:
        return _found(Presence.DONE, known[0], "")
    if all(one["state"] in WAITING for one in moved):
        return _found(Presence.ABSENT, moved[0], f"The order is {moved[0]['state']} at the OMS.")
    late = next(one for one in moved if one["state"] not in WAITING)
    return _found(Presence.DEAD, late, f"Too late: the order is {late['state']} at the OMS.")


def _found(presence: Presence, one: Mapping[str, Any], detail: str) -> Found:
    amount = one.get("total")
    return Found(
        presence=presence,
        receipt=Receipt(id=str(one["id"]), detail=str(one["state"])),
        number=str(one["number"]),
        amount=amount if isinstance(amount, int) and not isinstance(amount, bool) else None,
        detail=detail,
    )
