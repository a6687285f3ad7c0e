"""Money that is only held: captured or released. A call goes by the transaction's other name, its uuid, which the order
tells; what came of it the order tells too, since the answer to the call itself may be a guess."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from kartify.plugin import ChargeState, Money, Permanent, Report, Temporary, to_major
from kartify_juspay import ids
from kartify_juspay.api import Api, Said
from kartify_juspay.lookup import fetch, told
from kartify_juspay.wire import Order

Verb = Literal["capture", "void"]
_DONE = {
    "capture": frozenset({ChargeState.CAPTURED, ChargeState.PARTIALLY_REFUNDED, ChargeState.REFUNDED}),
    "void": frozenset({ChargeState.VOIDED}),
}


def hold(api: Api, charge_id: str, verb: Verb, *, amount: Money, release_after: timedelta) -> Report:
    """Done before is success. Under way at the gateway behind is ``Temporary``."""
    txn_id, order_id = ids.parts(charge_id)
    order = fetch(api, order_id)
    before = _report(order, charge_id, release_after)
    if before.state in _DONE[verb]:
        return before
    uuid = _uuid(order, txn_id)
    form = {"amount": to_major(amount.minor, amount.currency)} if verb == "capture" else {}
    refused = _refusal(api, f"/v2/txns/{uuid}/{verb}", form)
    after = _report(fetch(api, order_id), charge_id, release_after)
    return _outcome(after, verb, refused)


def _refusal(api: Api, path: str, form: dict[str, str]) -> Said | None:
    """A refusal may be about a call before this one that did it: the order is read in any case."""
    try:
        api.post_form(Order, path, form)
    except Said as problem:
        return problem
    return None


def _outcome(after: Report, verb: Verb, refused: Said | None) -> Report:
    if after.state in _DONE[verb]:
        return after
    if refused is not None:
        raise refused
    if after.word in ("CAPTURE_FAILED", "VOID_FAILED"):
        raise Permanent(f"the gateway behind Juspay refused the {verb}: it says {after.word}")
    raise Temporary(f"the {verb} is not through: Juspay says {after.word}")


def _report(order: Order, charge_id: str, release_after: timedelta) -> Report:
    found = told(order, order.order_id, due=None, release_after=release_after)
    if found is None or found.gateway_payment_id != charge_id:
        raise Permanent("Juspay now tells of another attempt of this order: look in its dashboard",
                        field="gateway_payment_id")
    return found


def _uuid(order: Order, txn_id: str) -> str:
    detail = order.txn_detail
    uuid = order.txn_uuid if order.txn_id == txn_id else None
    uuid = uuid or (detail.txn_uuid if detail and detail.txn_id in (None, txn_id) else None)
    if not ids.is_txn(uuid):
        raise Permanent("Juspay tells no uuid of this transaction", field="txn_uuid")
    return uuid or ""
