"""Calls to the OMS, and what each answer says: taken, refused, or open."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from kartify.plugin import (
    Client,
    Denied,
    HttpAnswer,
    OmsOrder,
    Permanent,
    Temporary,
    Throttled,
    Unreadable,
    read_json,
)
from kartify_arvind.proof import Prover
from kartify_arvind.settings import ArvindSettings
from kartify_arvind.shape import dig, our_field, text_at
from kartify_arvind.wire import dump

_LONGEST = 300


class Api:
    """One account's OMS. Safe for threads."""

    def __init__(self, settings: ArvindSettings) -> None:
        self._settings, self.contract = settings, settings.contract
        self._prover = Prover(settings)

    def address(self, path: str, order: OmsOrder | None = None) -> str:
        """Raises ``Permanent`` where the path wants the OMS's id and it is not known."""
        if order is not None:
            if "{reference}" in path and not order.oms_order_id:
                raise Permanent("The OMS's id of this order is not known: record it first", field="oms_order_id")
            path = path.replace("{number}", quote(order.number, safe=""))
            path = path.replace("{reference}", quote(order.oms_order_id or "", safe=""))
        return self._settings.api_base + (path if path.startswith("/") or not path else f"/{path}")

    def call(
        self, client: Client, method: str, url: str, *, document: Any = None, key: str | None = None
    ) -> HttpAnswer:
        """Any status is an answer, but 401, 403 (one renewal of a token, then ``Denied``) and 429 (``Throttled``)."""
        body = b"" if document is None else dump(document)
        more = {"Accept": "application/json"}
        more |= {"Content-Type": "application/json; charset=utf-8"} if body else {}
        more |= {self.contract.idempotency_header: key} if key else {}
        for again in (self._prover.renews, False):
            proof = self._prover.headers(client, method, url, body)
            heard = client.request(method, url, headers={**more, **proof}, body=body or None)
            answer = self._prover.struck(heard, proof)
            if answer.status != 401 or not again:
                break
            self._prover.forget(proof)
        if answer.status in (401, 403):
            raise Denied(f"The OMS refuses our keys or rights ({answer.status}): mend them, then resume the account.")
        if answer.status == 429:
            raise Throttled("The OMS asks for fewer calls (429).", retry_after=answer.retry_after())
        return answer

    def document(self, answer: HttpAnswer) -> dict[str, Any]:
        """Of an answer that means taken. Raises ``Permanent`` for what was refused, ``Temporary`` for what is open."""
        self.taken(answer)
        told = answer.json()
        if not isinstance(told, dict):
            raise Temporary(f"The OMS answered {answer.status} with something that is not an object.")
        return told

    def taken(self, answer: HttpAnswer) -> None:
        """Nothing where the status means taken. Raises as ``document`` does."""
        status = answer.status
        if status in self.contract.ok_statuses:
            return
        if status in self.contract.retry_statuses or status >= 500 or status < 400:
            text = f"The OMS answered {status}: whether it acted is not known."
            if 300 <= status < 400:
                text = f"The OMS answered {status} and names another address: correct api_base or the path."
            raise Temporary(text, retry_after=answer.retry_after())
        raise self.refusal(answer)

    def refusal(self, answer: HttpAnswer) -> Permanent:
        """What the OMS says it cannot take, in its own words and with the field as we call it."""
        told = said(answer)
        words = text_at(told, self.contract.error_message_path)[:_LONGEST]
        field = text_at(told, self.contract.error_field_path)[:_LONGEST]
        text = words or f"The OMS refused with {answer.status} and gave no reason: look there"
        return Permanent(text, field=our_field(self.contract, field) if field else None)

    def is_absent(self, answer: HttpAnswer) -> bool:
        """A 404 that surely speaks of the order, and not of a path that is wrong."""
        told = said(answer)
        if answer.status != 404 or not isinstance(told, dict):
            return False
        code = self.contract.absent_code
        return not code or text_at(told, self.contract.error_code_path) == code

    def listed(self, answer: HttpAnswer) -> list[Any]:
        """The list of a search. Raises ``Temporary`` where there is none."""
        told = answer.json()
        found = dig(told, self.contract.list_path) if self.contract.list_path else told
        if not isinstance(found, list):
            raise Temporary("The OMS's list of orders cannot be read: check list_path.")
        return found


def said(answer: HttpAnswer) -> Any:
    try:
        return read_json(answer.body)
    except Unreadable:
        return None
