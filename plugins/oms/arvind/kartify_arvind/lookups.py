"""What an order is at the OMS: compared with ours before it is believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kartify.plugin import Client, Found, Kind, NewsKind, OmsOrder, Presence, Receipt
from kartify_arvind.api import Api
from kartify_arvind.contract import Contract
from kartify_arvind.money import Writer
from kartify_arvind.shape import dig, text_at

_OVER = (NewsKind.SHIPPED, NewsKind.DELIVERED, NewsKind.RETURNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """An order as the OMS tells it. ``amount``: minor units, None where no sum can be read."""

    reference: str
    number: str
    word: str
    kind: NewsKind
    amount: int | None
    currency: str


def read_order(contract: Contract, told: Any, currency: str) -> There:
    word = text_at(told, contract.status_path)
    return There(
        reference=text_at(told, contract.reference_path), number=text_at(told, contract.number_path), word=word,
        kind=kind_of(contract, word), amount=Writer(contract, currency).read(dig(told, contract.amount_path)),
        currency=text_at(told, contract.currency_path),
    )


def kind_of(contract: Contract, word: str) -> NewsKind:
    known = {name.casefold(): kind for name, kind in contract.statuses.items()}
    return NewsKind(known.get(word.casefold(), NewsKind.OTHER))


def ask(api: Api, client: Client, order: OmsOrder) -> list[There] | None:
    """Every order of our number; None where the OMS does not say. Raises as ``Api.document`` does."""
    if api.contract.lookup_by == "search":
        answer = api.call(client, "GET", api.address(api.contract.search_path, order))
        api.taken(answer)
        found = [read_order(api.contract, one, order.currency) for one in api.listed(answer)]
        ours = [one for one in found if one.number == order.number]
        # A list of others only is no word on ours: the search may not have looked for it at all.
        return ours if ours or not found else None
    answer = api.call(client, "GET", api.address(api.contract.get_path, order))
    if answer.status == 404:
        return [] if api.is_absent(answer) else None
    return [read_order(api.contract, api.document(answer), order.currency)]


def find(api: Api, client: Client, kind: Kind, order: OmsOrder) -> Found:
    there = ask(api, client, order)
    if there is None:
        return Found(
            presence=Presence.UNTOLD,
            detail="The OMS does not say whether it has this order: check the look-up's path and absent_code.",
        )
    return verdict(api.contract, kind, order, there)


def verdict(contract: Contract, kind: Kind, order: OmsOrder, there: Sequence[There]) -> Found:
    """Pure: what the orders that were found mean for a delivery."""
    if not there:
        if kind is Kind.PUSH:
            return Found(presence=Presence.ABSENT, detail="the OMS does not have it")
        return Found(presence=Presence.DEAD, detail="The OMS does not have the order.")
    alive = [one for one in there if one.kind is not NewsKind.CANCELLED] or there
    if len(alive) > 1:
        text = f"The OMS has {len(alive)} orders with this number: cancel one there."
        return Found(presence=Presence.DEAD, detail=text)
    one = alive[0]
    if wrong := differs(contract, order, one):
        return Found(presence=Presence.DEAD, detail=wrong)
    presence = _presence(kind, one)
    late = f"The order is {one.word} at the OMS." if presence is Presence.DEAD else ""
    receipt = Receipt(id=one.reference or our_receipt(order), detail=one.word)
    return Found(presence=presence, receipt=receipt, number=one.number, amount=one.amount, detail=late)


def _presence(kind: Kind, one: There) -> Presence:
    cancelled = one.kind is NewsKind.CANCELLED
    if kind is not Kind.CANCEL:
        return Presence.DEAD if cancelled else Presence.DONE
    if cancelled:
        return Presence.DONE
    return Presence.DEAD if one.kind in _OVER else Presence.ABSENT


def differs(contract: Contract, order: OmsOrder, one: There) -> str:
    """Why what is there is not this order, or cannot be told to be; blank where it is."""
    if one.number != order.number:
        return f"The OMS shows the order {one.number[:64] or 'without a number'} where we asked for {order.number}."
    if contract.reference_path and not one.reference:
        return "The OMS shows the order without its own id: check reference_path."
    if one.currency and one.currency != order.currency:
        return f"The OMS has it in {one.currency[:8]}."
    if one.amount is None and contract.compare_amount:
        return "The OMS shows no sum to compare: check amount_path and money, or switch compare_amount off."
    if one.amount is not None and one.amount != order.total:
        return f"The OMS has the sum {one.amount} where the order has {order.total} (minor units)."
    return ""


def same_or_problem(contract: Contract, order: OmsOrder, told: Any) -> tuple[There, str]:
    """Of the answer to a push: what it tells, and why that is not our order. A sum need not be told there."""
    there = read_order(contract, told, order.currency)
    if there.number and there.number != order.number:
        return there, f"The OMS answered about another order, {there.number[:64]}: look there."
    if there.currency and there.currency != order.currency:
        return there, f"The OMS has this order in {there.currency[:8]}."
    if there.amount is not None and there.amount != order.total:
        return there, f"The OMS has this order with the sum {there.amount}, ours is {order.total} (minor units)."
    return there, ""


def our_receipt(order: OmsOrder) -> str:
    """Where they give no id of their own, our number is what names the order there."""
    return f"{order.store}/{order.number}"[:80]
