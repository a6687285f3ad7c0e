"""Asking about payments: by our ids, many in one call; by PayU's id for attempts that the first does not tell.

``verify_payment`` tells one attempt of each txnid. What it calls a success is asked once more for what was done to it:
refunds are no state of a payment at PayU, and one given back outside of kartify must not be shipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from kartify.plugin import ChargeState, PaymentAnswer, PaymentRef, Permanent, Report, Temporary, Unreadable
from kartify_payu import actions, ids
from kartify_payu.api import Api
from kartify_payu.opening import txnid_of
from kartify_payu.reports import is_money, report_of
from kartify_payu.settings import PayUSettings
from kartify_payu.wire import Entry, read

VERIFY: Final = "verify_payment"
CHECK: Final = "check_payment"
# Money first: whatever else is told of the same payment then finds it there.
_ORDER: Final = (ChargeState.CAPTURED, ChargeState.PARTIALLY_REFUNDED, ChargeState.AUTHORIZED, ChargeState.REFUNDED)


def order_of(payment: PaymentRef, settings: PayUSettings) -> str:
    """Raises ``Permanent``."""
    return ids.require_txnid(payment.gateway_order_id or txnid_of(payment.reference, settings))


def verified(api: Api, orders: Sequence[str]) -> dict[str, Entry]:
    """Those of them that the answer tells, "Not Found" too. An entry that cannot be read is left out where others were
    asked for as well, so that it spoils none. Raises ``PartnerError``."""
    details = api.details(api.call(VERIFY, "|".join(orders)))
    found = {}
    for order in orders:
        if order not in details:
            continue
        try:
            found[order] = _entry(details[order], order)
        except Temporary:
            if len(orders) == 1:
                raise
    return found


def ask(api: Api, settings: PayUSettings, payment: PaymentRef) -> PaymentAnswer:
    """Raises ``PartnerError``; ``Permanent`` where PayU does not know a payment that had charges."""
    order = order_of(payment, settings)
    entry = verified(api, [order]).get(order)
    if entry is None:
        raise Temporary("PayU's answer does not tell of the payment that was asked for")
    if entry.unknown:
        if payment.gateway_payment_ids:
            raise Permanent("this key does not know a payment that has charges", field="txnid")
        return not_found()
    entries = [entry, *_others(api, payment, order, entry.mihpayid)]
    return answered(report(api, one, order, payment.reference) for one in entries)


def not_found() -> PaymentAnswer:
    return PaymentAnswer(found=False, word="Not Found")


def answered(reports: Iterable[Report]) -> PaymentAnswer:
    found = sorted(reports, key=lambda one: _ORDER.index(one.state) if one.state in _ORDER else len(_ORDER))
    return PaymentAnswer(reports=tuple(found), word=", ".join(one.word for one in found)[:200])


def report(api: Api, entry: Entry, order: str, reference: str | None) -> Report:
    """Raises ``PartnerError``."""
    done = None
    if is_money(entry) and ids.charge_id(entry.mihpayid):
        done = actions.done(actions.listed(api, entry.mihpayid))
    try:
        return report_of(entry, order, reference, done)
    except Unreadable as problem:
        raise Temporary(f"PayU's answer cannot be read: {problem}") from None


def _others(api: Api, payment: PaymentRef, order: str, told: str) -> list[Entry]:
    """The charges that we know of and that PayU's answer by txnid does not tell, each by PayU's own id."""
    charges = [one for one in payment.gateway_payment_ids if one != told and ids.charge_id(one)]
    found = [checked(api, charge, order) for charge in charges]
    return [one for one in found if one is not None]


def checked(api: Api, charge: str, order: str) -> Entry | None:
    """None where PayU does not know it. Raises ``PartnerError``."""
    details = api.details(api.call(CHECK, charge))
    # Of one payment as it is, or by its id as the other look-up has it.
    raw = details.get(charge, details)
    entry = _entry(raw, order)
    if entry.unknown:
        return None
    if entry.mihpayid not in ("", charge) or not entry.status:
        raise Temporary("PayU answered about another payment")
    return entry.model_copy(update={"mihpayid": charge, "txnid": order})


def _entry(raw: Any, order: str) -> Entry:
    try:
        entry = read(Entry, raw if isinstance(raw, Mapping) else None)
    except Unreadable as problem:
        raise Temporary(f"PayU's answer cannot be read: {problem}") from None
    if entry.txnid not in ("", order):
        raise Temporary("PayU answered about another payment")
    return entry
