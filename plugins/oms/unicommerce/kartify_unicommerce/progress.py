"""How far an order is, told by its details, as news. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime

from kartify.plugin import NewsKind, OmsNews
from kartify_unicommerce.lookups import CANCELLED, DELIVERED, DISPATCHED, RETURNED, Details, Piece

_STEPS = ((NewsKind.SHIPPED, DISPATCHED | DELIVERED | RETURNED), (NewsKind.DELIVERED, DELIVERED))


def kind_of(word: str) -> NewsKind:
    """What one status word of Uniware's says."""
    if word in DISPATCHED:
        return NewsKind.SHIPPED
    if word in DELIVERED:
        return NewsKind.DELIVERED
    if word in RETURNED:
        return NewsKind.RETURNED
    return NewsKind.CANCELLED if word == CANCELLED else NewsKind.OTHER


def news_of(number: str, details: Details) -> Iterator[OmsNews]:
    """COMPLETE says no more than that everything was dispatched, so units and packages are what is read."""
    if details.cancelled:
        yield _news(number, details, NewsKind.CANCELLED, details.pieces, CANCELLED)
        return
    found = list(_parts(number, details))
    yield from found
    if not found:
        # Something for every order: whoever reads gets its answers in parts of a bounded time.
        yield _news(number, details, NewsKind.OTHER, details.pieces, details.status)


def _parts(number: str, details: Details) -> Iterator[OmsNews]:
    gone = [one for one in details.pieces if one.cancelled]
    if gone:
        yield _news(number, details, NewsKind.CANCELLED, gone, CANCELLED)
    live = details.live
    for kind, words in _STEPS:
        if there := [one for one in live if one.words & words and not (kind is NewsKind.DELIVERED and _back(one))]:
            yield _news(number, details, kind, there, kind.upper(), whole=len(there) == len(live))
    if back := [one for one in live if _back(one)]:
        yield _news(number, details, NewsKind.RETURNED, back, "RETURNED", whole=len(back) == len(live))


def _back(piece: Piece) -> bool:
    return bool(piece.words & RETURNED)


def _news(
    number: str, details: Details, kind: NewsKind, pieces: Iterable[Piece], word: str, *, whole: bool | None = None
) -> OmsNews:
    """Its key stays the same as long as it says the same."""
    named = sorted(one.code for one in pieces)
    complete = len(named) == len(details.pieces) if whole is None else whole
    digest = "whole" if complete else hashlib.sha256("\n".join(named).encode()).hexdigest()[:16]
    return OmsNews(
        key=f"{details.code}:{kind}:{word}:{digest}"[:200], kind=kind, word=word, number=number, whole=complete,
        at=details.updated if kind is not NewsKind.CANCELLED else None, detail=f"order {details.status}",
    )


def absent_news(number: str, code: str, at: datetime | None = None) -> OmsNews:
    return OmsNews(key=f"{code}:absent", kind=NewsKind.OTHER, word="NOT_THERE", number=number, at=at,
                   detail="Uniware says that it has no such order")
