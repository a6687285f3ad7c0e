"""*Test webhook*: a signed, harmless message to our own public address, and in words what became of it on the way.

It goes out as any call does (TLS checked, no redirect followed, no transaction open) and comes in as any webhook does.
What arrived is read from the inbox or the refusals; the message carries a mark to be found by.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from kartify import clock, contain
from kartify.domain.errors import Conflict, KartifyError, Permanent, Temporary
from kartify.flows.receiving import altered, selftest_rows
from kartify.house import House
from kartify.models import new_id
from kartify.plugin.gateway import Gateway, Webhook
from kartify.plugin.partner import HttpAnswer, Inbound, Proof

SLOW = 2.0
TIMEOUT = 10.0
_TOO_FAR = "signed at a moment too far from now"
Word = Literal[
    "fine", "slow", "not reachable", "redirected", "wrong address", "answered by something else", "wrong secret",
    "header missing", "body changed", "not taken", "cannot tell",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """``text``: what was seen; ``advice``: what to do about it. No secret and no header value is in either."""

    word: Word
    text: str
    advice: str = ""
    status: int | None = None
    milliseconds: int = 0

    @property
    def good(self) -> bool:
        return self.word == "fine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A test under way. ``after``, ``refused``: where inbox and refusals stood before it."""

    account_id: UUID
    url: str
    message: Inbound
    nonce: str
    at: datetime
    after: UUID
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """What came back: an answer, or why there was none."""

    answer: HttpAnswer | None
    problem: str
    left_us: bool
    seconds: float

    @property
    def status(self) -> int | None:
        return self.answer.status if self.answer else None


def run(house: House, account_id: UUID) -> Finding:
    """Raises ``Broken``, ``NoSecret``, and ``Permanent`` where the plugin has no such message."""
    gateway = house.accounts.get(account_id, fresh=True).gateway()
    nonce, at = new_id().hex, clock.now()
    message = contain.pure("probe", Inbound, lambda: gateway.probe(nonce, at))
    _check_harmless(gateway, message)
    sent = Sent(
        account_id=account_id, url=house.webhook_url(account_id), message=message, nonce=nonce, at=at,
        after=selftest_rows.newest_id(house), refused=selftest_rows.refused(house, account_id, at),
    )
    back = _send(house, sent)
    found = _judge(house, gateway, sent, back)
    return replace(found, status=back.status, milliseconds=round(back.seconds * 1000))


def _check_harmless(gateway: Gateway, message: Inbound) -> None:
    """A plugin's mistake must not settle anything, so its message is read here before it is sent."""
    contain.pure("verify", Proof, lambda: gateway.verify(message))
    news = contain.pure("read_webhook", Webhook, lambda: gateway.read_webhook(message))
    if news.reports or news.ask or not news.ignored:
        raise Conflict(f"the plugin's test message would mean something ({news.event}), so it was not sent")


def _send(house: House, sent: Sent) -> Back:
    message = sent.message
    query = f"?{urlencode(message.query)}" if message.query else ""
    headers = {**message.headers, selftest_rows.MARK: sent.nonce, "user-agent": "kartify self-test"}
    begun, answer, problem, left_us = time.monotonic(), None, "", True
    try:
        answer = house.client.request(
            message.method, sent.url + query, headers=headers, body=message.body, timeout=TIMEOUT
        )
    except Temporary as error:
        problem, left_us = str(error), error.sent
    except Permanent as error:
        problem, left_us = str(error), False
    return Back(answer=answer, problem=problem, left_us=left_us, seconds=time.monotonic() - begun)


def _judge(house: House, gateway: Gateway, sent: Sent, back: Back) -> Finding:
    row = selftest_rows.stored(house, sent.account_id, sent.nonce, sent.after)
    if row is not None:
        if row["state"] == "ignored":
            selftest_rows.note(house, row["id"])
        return _arrived(row, sent, back)
    if back.answer is not None and 300 <= back.answer.status < 400:
        return _redirected(sent, back.answer)
    # Where a refusal is answered so, it is nobody else's.
    unlike = back.status is not None and (back.status < 400 or back.status == 404)
    refusal = None if unlike else selftest_rows.newest(house, sent.account_id, sent.at, sent.refused)
    return _unseen(sent, back) if refusal is None else _refused(gateway, sent, refusal)


def _arrived(row: Any, sent: Sent, back: Back) -> Finding:
    if row["body"] != sent.message.body:
        return _changed(altered.how(sent.message.body, lambda one: one == row["body"], len(row["body"])),
                        "It was taken all the same, since this gateway's proof does not cover every byte.")
    if row["state"] != "ignored" or (row["reason"] or "").startswith("unreadable"):
        return Finding(word="not taken", text=f"The message arrived whole and was not read: {row['reason']}.",
                       advice="If it names the content type, something on the way changed that header.")
    if back.answer is None or not 200 <= back.answer.status < 300:
        told = f"the answer was {back.status}" if back.answer else "no answer came back"
        return Finding(word="answered by something else", text=f"The message arrived and was taken, yet {told}.",
                       advice="Something between this address and kartify spoils the answers: the gateway would send "
                       "each message again and may switch the webhook off.")
    if back.seconds > SLOW:
        return Finding(word="slow", text=f"It arrived unchanged and was taken, but it took {back.seconds:.1f} s.",
                       advice="Some gateways give up after 3 to 5 s. Look at the load of the server and the database.")
    return Finding(word="fine", text="The message went to the public address, arrived unchanged and proved itself.")


def _redirected(sent: Sent, answer: HttpAnswer) -> Finding:
    there = urlsplit(answer.headers.get("location", ""))
    where = f"{there.scheme}://{there.hostname or ''}{there.path}" if there.scheme else there.path
    return Finding(
        word="redirected", text=f"The address answers {answer.status} and sends callers to {where or 'nowhere'}.",
        advice="Gateways do not follow. Let KARTIFY_PUBLIC_URL be the address that answers by itself (https, with or "
        "without www, no slash more or less), and paste the webhook address anew.",
    )


def _refused(gateway: Gateway, sent: Sent, refusal: selftest_rows.Refused) -> Finding:
    body = sent.message.body
    if refusal.digest != altered.digest(body):
        if not refusal.alone:
            return Finding(word="cannot tell", text="Several messages were refused in the same moments.",
                           advice="Wait a minute and test again.")
        return _changed(altered.how(body, lambda one: altered.digest(one) == refusal.digest, refusal.size),
                        f"The check failed: {refusal.reason}.")
    missing = _missing(gateway, sent.message, refusal.reason)
    if missing:
        return Finding(
            word="header missing", text=f"The body arrived unchanged, but the header {missing} did not.",
            advice="Something on the way (a proxy, a firewall, a CDN) takes it away: let it pass through there.",
        )
    if refusal.reason == _TOO_FAR:
        return Finding(word="not taken", text=f"It arrived unchanged and was refused: {refusal.reason}.",
                       advice="Set the clocks of the servers, or look for what held the message back.")
    return Finding(
        word="wrong secret", text=f"The body arrived unchanged, and its proof does not fit: {refusal.reason}.",
        advice="Something on the way changes the header of the proof, or the kartify behind this address has other "
        "settings. If the gateway's own messages are refused too: type the secret anew, here and there.",
    )


def _changed(how: str, what: str) -> Finding:
    return Finding(
        word="body changed", text=f"The body was changed on the way: {how}. {what}",
        advice="The proof is over the exact bytes. Look for a proxy, a firewall or a function before kartify that "
        "reads and rewrites bodies, and let the webhook address pass through untouched.",
    )


def _missing(gateway: Gateway, message: Inbound, reason: str) -> str | None:
    """The header without which the plugin says the same as was said there, and says otherwise to a wrong proof."""
    if reason == _why(gateway, replace(message, body=message.body + b" ")):
        return None
    for name in message.headers:
        without = {other: value for other, value in message.headers.items() if other != name}
        if name != "content-type" and reason == _why(gateway, replace(message, headers=without)):
            return name
    return None


def _why(gateway: Gateway, message: Inbound) -> str:
    try:
        contain.pure("verify", Proof, lambda: gateway.verify(message))
    except KartifyError as problem:
        return str(problem)[:200]
    return ""


def _unseen(sent: Sent, back: Back) -> Finding:
    """Nothing of it is in our database."""
    if back.answer is None:
        advice = "Check the name in KARTIFY_PUBLIC_URL, its DNS entry, the certificate, the port and the firewall."
        late = "It is not certain whether it arrived: nothing of it is stored. " if back.left_us else ""
        return Finding(word="not reachable", text=f"{late}{back.problem[:1].upper()}{back.problem[1:]}.", advice=advice)
    ours = "problem+json" in back.answer.headers.get("content-type", "")
    status = back.answer.status
    if status == 404:
        who = "a kartify that has no such account" if ours else "something that has no such page"
        return Finding(word="wrong address", text=f"The address is answered with 404 by {who}.",
                       advice="Check KARTIFY_PUBLIC_URL and what stands before kartify: /webhooks/ must lead to it.")
    if ours and status in (401, 503):
        return Finding(word="wrong secret",
                       text=f"Another kartify answers there ({status}); nothing arrived in this one.",
                       advice="KARTIFY_PUBLIC_URL leads to an installation with another database, staging perhaps.")
    return Finding(
        word="answered by something else", text=f"The address was answered with {status}, and not by this kartify: "
        "nothing of the message arrived.",
        advice="A maintenance page, a login, a firewall or another site answers there. Let /webhooks/ lead to kartify.",
    )
