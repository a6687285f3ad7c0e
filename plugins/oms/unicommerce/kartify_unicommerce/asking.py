"""What is asked of Uniware about orders: their code where it chose that itself, their details, and their progress."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from kartify.plugin import Client, Known, OmsNews, Temporary, Throttled
from kartify_unicommerce.api import Api
from kartify_unicommerce.lookups import Details, read_details
from kartify_unicommerce.progress import absent_news, news_of
from kartify_unicommerce.settings import UnicommerceSettings
from kartify_unicommerce.wire import rows, text

# Seconds between two questions of a run: with an answer's own time that is less than two a second.
BETWEEN: Final = 0.3
LONGEST_PAUSE: Final = 15.0
TRIES: Final = 3
# So many orders are simply all asked about; of more, those that changed, and each one at least once a day.
FEW: Final = 50
PAGE: Final = 100
MOST_PAGES: Final = 100
LONGEST_SINCE: Final = timedelta(days=7)
TURN: Final = 900


class Asking:
    """``pause`` waits so many seconds."""

    def __init__(
        self, settings: UnicommerceSettings, api: Api, *, now: Callable[[], datetime],
        pause: Callable[[float], None],
    ) -> None:
        self._settings = settings
        self._api = api
        self._now = now
        self._pause = pause

    def code(self, client: Client, number: str) -> str | None:
        """Ours where we push. Where Uniware fetched the order it may have chosen one; None: it has none."""
        if self._settings.way == "push":
            return self._settings.code(number)
        found = {
            code for one in self._search(client, {"displayOrderCode": number})
            if text(one.get("displayOrderCode")) == number and (code := text(one.get("code")))
        }
        if len(found) > 1:
            raise Temporary(f"Uniware has several orders that show the number {number}", sent=False)
        return next(iter(found), None)

    def details(self, client: Client, code: str) -> Details | None:
        """None where Uniware says that it has no such order. Raises ``Temporary`` for any other no."""
        told = self._api.call(client, "saleorder/get", {"code": code})
        if not told.successful:
            if told.marks & self._settings.absent():
                return None
            raise Temporary(f"Uniware does not tell whether it has {code}: {told.words}", sent=False)
        found = read_details(told.body, code, self._settings.currency)
        if found is None:
            raise Temporary(f"Uniware's answer about {code} cannot be read", sent=False)
        return found

    def news(self, client: Client, orders: Sequence[Known], since: datetime | None) -> Iterator[OmsNews]:
        """``since``: the last run that was finished, so what changed since then is all that this run can miss."""
        for place, known in enumerate(self._worth_asking(client, orders, since)):
            if place:
                self._pause(BETWEEN)
            yield from self._of(client, known)

    def _worth_asking(self, client: Client, orders: Sequence[Known], since: datetime | None) -> Sequence[Known]:
        if since is None or len(orders) <= FEW or self._now() - since > LONGEST_SINCE:
            return orders
        minutes = int((self._now() - since).total_seconds() // 60) + 1
        changed = {
            text(one.get("displayOrderCode")) for one in self._search(client, {"updatedSinceInMinutes": minutes})
        }
        turns = 86_400 // TURN
        turn = int(self._now().timestamp()) // TURN % turns
        return [one for one in orders if one.number in changed or zlib.crc32(one.number.encode()) % turns == turn]

    def _search(self, client: Client, wanted: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Unicommerce's page says that ``cashOnDelivery`` is true where it is left away: so both are asked for."""
        for prepaid in ({}, {"cashOnDelivery": False}):
            for page in range(MOST_PAGES):
                options = {"displayStart": page * PAGE, "displayLength": PAGE}
                body = {**wanted, **prepaid, "channel": self._settings.channel, "searchOptions": options}
                told = self._api.call(client, "saleOrder/search", body)
                if not told.successful or not isinstance(told.body.get("elements"), list):
                    raise Temporary(f"Uniware refused the search: {told.words}", sent=False)
                yield from rows(told.body["elements"])
                if len(told.body["elements"]) < PAGE:
                    break

    def _of(self, client: Client, known: Known) -> Iterator[OmsNews]:
        for left in reversed(range(TRIES)):
            try:
                code = self.code(client, known.number)
                details = self.details(client, code) if code else None
                break
            except Throttled as slowed:
                if not left:
                    raise
                self._pause(min(slowed.retry_after or LONGEST_PAUSE, LONGEST_PAUSE))
        if details is None:
            yield absent_news(known.number, code or known.number)
        else:
            yield from news_of(known.number, details)
