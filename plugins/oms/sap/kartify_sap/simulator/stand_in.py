"""The stand-in: log-on, CSRF sessions, the doors of the service, and what happens in the warehouse."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from typing import Any

from flask import Response, request

from kartify.plugin import HttpAnswer, SimulatorOptions
from kartify.simulation import ApiError, Knock, OmsBook, OmsStandIn, Rules, SaleOrder, json_answer
from kartify.simulation.oms import OrderState
from kartify_sap.service import EntitySet, entity_sets
from kartify_sap.settings import SERVICE
from kartify_sap.simulator import metadata, writing
from kartify_sap.simulator.answers import envelope, etag, now, refuse
from kartify_sap.simulator.idocs import Puller
from kartify_sap.simulator.reading import Reader
from kartify_sap.simulator.world import Row, World

USER, PASSWORD = "KARTIFY_COMM", "comm-password-of-the-simulator"
CLIENT, SECRET = "kartify-client", "client-secret-of-the-simulator"
INBOUND = "inbound-password-of-the-simulator"
CUSTOMERS = frozenset({"17100001", "17100002", "17100003"})
_KEY = re.compile(r"(?P<set>[A-Za-z_]+)(?:\((?P<key>.*)\))?\Z")
_PART = re.compile(r"(?:(?P<name>[A-Za-z]+)=)?'(?P<text>(?:[^']|'')*)'")


class SapSimulator(OmsStandIn):
    """``checks_reference``: the order type checks the customer reference. ``idempotent``: RequestID is switched on.
    ``message``: what the next success carries in ``sap-message``."""

    slug = "sap"
    throttled = envelope("429", "Too many requests")
    broken = envelope("/IWFND/CM_BEC/026", "An internal error occurred")

    def __init__(self, options: SimulatorOptions, book: OmsBook | None = None) -> None:
        self.checks_reference = False
        self.idempotent = False
        self.message: str | None = None
        self.page = 50
        self.done: dict[str, Response] = {}
        super().__init__(options, book)
        self.world = World(self.book)
        self.puller = Puller(self.book, "kartify", INBOUND)

    def settings(self) -> dict[str, str]:
        return {
            "api_base": self.options.base_url, "username": USER, "password": PASSWORD, "sap_client": "100",
            "sales_organization": "1710", "sold_to_party": "17100001", "discount_condition": "ZDIS",
            "fee_conditions": "shipping=HD00, cod_fee=ZCOD, gift_wrap=ZGFT, round_off=ZRND, discount=HB00",
            "rejection_reason": "Z1", "hold_delivery_block": "Z2", "inbound_password": INBOUND,
        }

    def rules(self) -> Rules:
        return {
            "POST /oauth/token": self._token,
            f"GET {SERVICE}/": self._root,
            f"GET {SERVICE}/$metadata": self._metadata,
            f"GET {SERVICE}/<resource>": self._get,
            f"GET {SERVICE}/<resource>/<way>": self._get,
            f"POST {SERVICE}/<resource>": self._post,
            f"PATCH {SERVICE}/<resource>": self._patch,
            f"MERGE {SERVICE}/<resource>": self._patch,
        }

    def move(self, number: str, state: OrderState) -> SaleOrder:
        with self.book.lock:
            order = self.book.of(number)[-1]
            order.state = state
            if state == "on_hold":
                order.data["header"]["DeliveryBlockReason"] = "01"
            for item in order.data["to_Item"] if state == "cancelled" else ():
                item["SalesDocumentRjcnReason"] = "Z9"
            writing.touch(order)
            return order

    def news(self, number: str) -> Sequence[Knock]:
        return [self.puller.news(self.book.of(number)[-1])]

    def fetch(self, knock: Callable[[Knock], HttpAnswer]) -> list[str]:
        return self.puller.fetch(knock)

    def _token(self) -> Any:
        given = request.authorization
        if given is None or (given.username, given.password) != (CLIENT, SECRET):
            raise ApiError(401, {"error": "invalid_client"})
        token = secrets.token_urlsafe(24)
        self.tokens[f"bearer:{token}"] = True
        return {"access_token": token, "token_type": "Bearer", "expires_in": "3600"}

    def _root(self) -> Response:
        self._logged_on()
        answer = json_answer({"d": {"EntitySets": list(entity_sets())}})
        if request.headers.get("X-CSRF-Token", "").lower() == "fetch":
            session, token = secrets.token_urlsafe(18), secrets.token_urlsafe(18)
            self.tokens[f"session:{session}"] = token
            answer.headers["x-csrf-token"] = token
            answer.headers.add("Set-Cookie", "sap-usercontext=sap-client=100; path=/")
            ends = "expires=Wed, 01 Jan 2031 00:00:00 GMT"
            answer.headers.add("Set-Cookie", f"SAP_SESSIONID_KAR_100={session}; path=/; {ends}; HttpOnly")
        return answer

    def _metadata(self) -> Response:
        self._logged_on()
        return Response(metadata.document(), mimetype="application/xml")

    def _get(self, resource: str, way: str = "") -> Response:
        self._logged_on()
        entity_set, keys = _target(resource)
        params = {name: text for name, text in request.args.items() if name.startswith("$")}
        reader = Reader(self.world, f"{self.options.base_url}{SERVICE}/", page=self.page)
        if way == "$count":
            rows = self.world.rows(entity_set.name)
            return Response(reader.count(entity_set, rows, params), mimetype="text/plain")
        if keys is None:
            rows = self.world.rows(entity_set.name)
            return json_answer(reader.listing(entity_set, rows, params, path=resource))
        row = self._row(entity_set, keys)
        if not way:
            answer = json_answer({"d": reader.one(entity_set, row, params)})
            answer.headers["ETag"] = self._etag(row)
            return answer
        nav = entity_set.navigations.get(way)
        if nav is None:
            raise refuse(404, "/IWBEP/CM_MGW_RT/020", f"Resource not found for the segment '{way}'")
        behind, target = self.world.behind(entity_set.name, way, row), entity_sets()[nav.target]
        if nav.many:
            return json_answer(reader.listing(target, behind, params, path=f"{resource}/{way}"))
        return json_answer({"d": reader.one(target, behind[0], params) if behind else None})

    def _post(self, resource: str) -> Response:
        self._changing()
        if resource != "A_SalesOrder":
            raise refuse(405, "/IWBEP/CM_MGW_RT/022", f"{resource} cannot be made here")
        known = self.done.get(request.headers.get("RequestID", "")) if self.idempotent else None
        if known is not None:
            return known
        number = (request.get_json(silent=True) or {}).get("PurchaseOrderByCustomer")
        if self.checks_reference and self.book.of(number or ""):
            raise refuse(400, "V4/115", f"Customer reference {number} is used already", "PurchaseOrderByCustomer")
        order = writing.create(self.world, request.get_json(silent=True), customers=CUSTOMERS)
        reader = Reader(self.world, f"{self.options.base_url}{SERVICE}/", page=self.page)
        row = self.world.header(order)
        told = reader.one(entity_sets()["A_SalesOrder"], row, {"$expand": "to_Item"})
        answer = json_answer({"d": told}, 201, {"Location": told["__metadata"]["uri"], "ETag": self._etag(row)})
        self._say(answer)
        if self.idempotent and "RequestID" in request.headers:
            answer.headers["RepeatabilityResult"] = "accepted"
            self.done[request.headers["RequestID"]] = answer
        return answer

    def _patch(self, resource: str) -> Response:
        self._changing()
        entity_set, keys = _target(resource)
        row = self._row(entity_set, keys or {})
        order = self.book.by_id(row["SalesOrder"])
        given = request.headers.get("If-Match")
        if given is None:
            raise refuse(428, "/IWFND/CM_MGW/004", "The request must be made conditional with If-Match")
        if order is None or given not in ("*", self._etag(row)):
            raise refuse(412, "/IWFND/CM_MGW/005", "The data was changed by somebody else")
        writing.patch(self.book, order, entity_set, row, request.get_json(silent=True))
        answer = Response(status=204)
        self._say(answer)
        return answer

    def _say(self, answer: Response) -> None:
        if self.message is not None:
            answer.headers["sap-message"], self.message = self.message, None

    def _row(self, entity_set: EntitySet, keys: dict[str, str]) -> Row:
        order = self.book.by_id(keys.get("SalesOrder", ""))
        rows = self.world.of(order, entity_set.name) if order else []
        for row in rows:
            if all(row[name] == text for name, text in keys.items()):
                return row
        raise refuse(404, "/IWBEP/CM_MGW_RT/020", f"Resource not found for the segment '{entity_set.name}'")

    def _etag(self, row: Row) -> str:
        return etag(self.world.changed_at(row) or now())

    def _logged_on(self) -> None:
        given = request.authorization
        if given is not None and given.type == "basic" and (given.username, given.password) == (USER, PASSWORD):
            return
        if given is not None and given.type == "bearer" and f"bearer:{given.token}" in self.tokens:
            return
        raise ApiError(401, "<html><head><title>Anmeldung fehlgeschlagen</title></head></html>",
                       {"WWW-Authenticate": 'Basic realm="SAP NetWeaver"'})

    def _changing(self) -> None:
        """The token and the session it was given to belong together."""
        self._logged_on()
        session = request.cookies.get("SAP_SESSIONID_KAR_100", "")
        given = request.headers.get("X-CSRF-Token", "")
        if not given or self.tokens.get(f"session:{session}") != given:
            raise ApiError(403, "CSRF token validation failed", {"x-csrf-token": "Required"})


def _target(resource: str) -> tuple[EntitySet, dict[str, str] | None]:
    found = _KEY.match(resource)
    entity_set = entity_sets().get(found["set"]) if found else None
    if found is None or entity_set is None:
        raise refuse(404, "/IWBEP/CM_MGW_RT/020", f"Resource not found for the segment '{resource}'")
    if found["key"] is None:
        return entity_set, None
    named = _PART.finditer(found["key"])
    parts = {part["name"] or entity_set.keys[0]: part["text"].replace("''", "'") for part in named}
    if not set(parts) <= set(entity_set.keys):
        raise refuse(400, "/IWBEP/CM_MGW_RT/021", "The key of the entity is not right")
    return entity_set, parts
