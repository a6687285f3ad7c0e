"""Asking about many payments: so many ids in one call, each answered by itself.

Only what the call calls a success costs one call more, for what was done to it. What needs another look-up, and
whatever cannot be read, is left to single asking. How many ids a call takes PayU does not say: where it refuses, half
as many are asked from then on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from kartify.plugin import Denied, PartnerError, PaymentAnswer, PaymentRef, Permanent, Temporary, Throttled
from kartify_payu import ids, lookup
from kartify_payu.api import Api, NoDetails
from kartify_payu.reports import is_money
from kartify_payu.settings import PayUSettings
from kartify_payu.wire import Entry

# They come one after the other here; single asking goes on in parallel.
MOST_CONFIRMED: Final = 200


def ask_many(
    api: Api, settings: PayUSettings, payments: Sequence[PaymentRef]
) -> Iterator[tuple[str, PaymentAnswer]]:
    able = [one for one in payments if ids.txnid(_order(one, settings))]
    confirming = _Confirming(api)
    for batch, found in _batches(api, settings, able):
        for payment in batch:
            order = _order(payment, settings)
            answer = confirming.answer(payment, order, found.get(order))
            if answer is not None:
                yield payment.reference, answer


def _batches(
    api: Api, settings: PayUSettings, left: Sequence[PaymentRef]
) -> Iterator[tuple[Sequence[PaymentRef], dict[str, Entry]]]:
    """Each with what PayU tells of it. A call that failed is tried once more: it only asks."""
    size, failed = settings.verify_batch_size, False
    while left:
        batch = left[:size]
        try:
            found = lookup.verified(api, list(dict.fromkeys(_order(one, settings) for one in batch)))
        except (Throttled, Denied):
            raise
        except (Permanent, NoDetails):
            if len(batch) == 1:
                raise
            size = len(batch) // 2
            continue
        except Temporary:
            if failed:
                raise
            failed = True
            continue
        left, failed = left[len(batch) :], False
        yield batch, found


def _order(payment: PaymentRef, settings: PayUSettings) -> str:
    return payment.gateway_order_id or settings.id_prefix + payment.reference


class _Confirming:
    """Answers as long as what is paid costs not too many calls, one after the other."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._left = MOST_CONFIRMED

    def answer(self, payment: PaymentRef, order: str, entry: Entry | None) -> PaymentAnswer | None:
        """None where single asking will tell more. Raises ``Throttled`` and ``Denied``."""
        if entry is None or set(payment.gateway_payment_ids) - {entry.mihpayid}:
            return None
        if entry.unknown:
            return lookup.not_found()
        if is_money(entry):
            if not self._left:
                return None
            self._left -= 1
        try:
            return lookup.answered([lookup.report(self._api, entry, order, payment.reference)])
        except (Throttled, Denied):
            raise
        except PartnerError:
            return None
