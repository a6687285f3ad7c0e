"""Calls to the sales order service: logged on, with the session's cookies, changes with their CSRF token."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from kartify.plugin import Client, Denied, HttpAnswer, PartnerError, Permanent, Temporary
from kartify_sap import refusals
from kartify_sap.odata import entity, query, read_header
from kartify_sap.session import Session, Sessions, wants_token
from kartify_sap.settings import SapSettings
from kartify_sap.tokens import Logon

MOST_PAGES = 200


@dataclass(frozen=True, slots=True)
class _Sending:
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


class Api:
    """One account's way to SAP; used by many threads."""

    def __init__(self, settings: SapSettings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self._logon = Logon(settings, now)
        self._sessions = Sessions()
        self.root = f"{settings.api_base}/{settings.service_path.strip('/')}/"

    def get(self, client: Client, path: str, params: Mapping[str, str], *, what: str) -> Mapping[str, Any]:
        """The ``d`` of the answer. Raises ``Unknown`` for a 404."""
        return entity(self._read(client, self._url(path, params), what))

    def pages(self, client: Client, path: str, params: Mapping[str, str], *, what: str) -> list[Mapping[str, Any]]:
        """Every page's ``d``; a next page is followed only where it is of the same service."""
        pages = [self.get(client, path, params, what=what)]
        while isinstance(link := pages[-1].get("__next"), str) and link:
            if len(pages) == MOST_PAGES:
                raise Temporary(f"SAP's list has no end ({what})")
            pages.append(entity(self._read(client, self._next(link), what)))
        return pages

    def change(
        self, client: Client, method: str, path: str, body: Mapping[str, Any], *, what: str,
        headers: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        """A change, done once. Raises ``Changed`` where the ETag is an old one."""
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        kind = {"content-type": "application/json", **(headers or {})}
        sending = _Sending(method, self._url(path, {}), kind, content)
        answer = self._send(client, sending, changes=self._settings.csrf == "fetch")
        return self._checked(answer, what)

    def open(self, client: Client) -> bool:
        """*Test connection*: asks the service root anew; whether it gave a CSRF token."""
        with self._sessions.borrow() as session:
            session.forget()
            self._fetch(client, session)
            return bool(session.token)

    def clean(self, text: str) -> str:
        """SAP's words with our secrets struck out, should it repeat one."""
        for secret in self._logon.secrets():
            text = text.replace(secret, "•••")
        return text

    def messages(self, answer: HttpAnswer) -> str:
        """What SAP says beside a success, in one sentence; errors ride there too."""
        details = [one for one in read_header(answer) if one.severity != "success"]
        return self.clean(refusals.said(details)) if details else ""

    def errors(self, answer: HttpAnswer) -> str:
        details = [one for one in read_header(answer) if one.severity == "error"]
        return self.clean(refusals.said(details)) if details else ""

    def _read(self, client: Client, url: str, what: str) -> HttpAnswer:
        return self._checked(self._send(client, _Sending("GET", url), changes=False), what)

    def _checked(self, answer: HttpAnswer, what: str) -> HttpAnswer:
        return refusals.check(answer, what, locked=self._settings.locked(), clean=self.clean)

    def _send(self, client: Client, sending: _Sending, *, changes: bool) -> HttpAnswer:
        """Once more with a new CSRF token, and once more with a new access token: SAP has done nothing then."""
        with self._sessions.borrow() as session:
            stale, renewed = "", False
            while True:
                if changes and not session.token:
                    self._fetch(client, session)
                token = {"x-csrf-token": session.token} if changes and session.token else {}
                logon = self._logon.headers(client, stale=stale)
                answer = self._request(client, session, sending, {**logon, **token})
                if changes and wants_token(answer) and not renewed:
                    session.forget()
                    renewed = True
                elif answer.status == 401 and self._logon.renews and not stale:
                    stale = logon["authorization"]
                else:
                    return answer

    def _request(
        self, client: Client, session: Session, sending: _Sending, headers: Mapping[str, str]
    ) -> HttpAnswer:
        common = {"accept": "application/json", "accept-language": "en", **session.cookies()}
        answer = client.request(
            sending.method, sending.url, headers={**common, **headers, **sending.headers}, body=sending.body,
            timeout=self._settings.call_seconds,
        )
        session.keep(answer.headers, self._now())
        return answer

    def _fetch(self, client: Client, session: Session) -> None:
        """The service root, with its slash at the end: without it the token does not come."""
        sending = _Sending("GET", self._url("", {}), {"x-csrf-token": "Fetch"})
        stale = ""
        try:
            for _ in range(2):
                logon = self._logon.headers(client, stale=stale)
                answer = self._sessions.renew(
                    session, lambda mine=logon: self._request(client, session, sending, mine)
                )
                if answer.status != 401 or not self._logon.renews:
                    break
                stale = logon["authorization"]
            self._checked(answer, "the log-on")
        except Denied:
            raise
        except Permanent as problem:
            raise Denied(f"{problem}. Check api_base and service_path of the account.") from None
        except PartnerError as problem:
            raise _before(problem) from None

    def _url(self, path: str, params: Mapping[str, str]) -> str:
        client = {"sap-client": self._settings.sap_client} if self._settings.sap_client else {}
        asked = query({**params, **client})
        return f"{self.root}{path}" + (f"?{asked}" if asked else "")

    def _next(self, link: str) -> str:
        """Links name the host that SAP knows itself by; a proxy may stand before it. Only path and query count."""
        parts, mine = urlsplit(link), urlsplit(self.root)
        path = parts.path if parts.path.startswith("/") else f"{mine.path}{parts.path}"
        if not path.startswith(mine.path):
            raise Temporary("SAP's next page is on another service: it is not followed")
        return f"{mine.scheme}://{mine.netloc}{path}" + (f"?{parts.query}" if parts.query else "")


def _before(problem: PartnerError) -> PartnerError:
    """The same, of a call that came before the one that counts: that one never left."""
    if isinstance(problem, Temporary) and problem.sent:
        return Temporary(f"{problem} (before anything was sent)", sent=False, retry_after=problem.retry_after)
    return problem
