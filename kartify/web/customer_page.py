"""The customer's page as HTML: nothing on it runs from elsewhere, and nothing on it is kept or indexed."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Response, render_template, request, url_for
from flask_babel import get_locale

from kartify.flows.customers.standing import Standing
from kartify.languages import SPOKEN
from kartify.web import status_words
from kartify.web.phrases import Words
from kartify.web.problems import RETRY_AFTER

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Vary": "Accept-Language",
}


def show(standing: Standing, token: str) -> Response:
    words = Words(standing)
    known = [one.gateway for one in standing.attempts] + [one.gateway for one in standing.charges]
    gateways = list(dict.fromkeys(words.name(one) for one in known))
    return _answer(
        200, told=status_words.tell(standing), standing=standing, gateways=gateways, due=words.due,
        ordered=words.day(standing.confirmed_at),
        here=url_for("pages.status", token=token, lang=request.args.get("lang")),
    )


def notice(title: str, text: str, *, code: int, refresh: int | None = None) -> Response:
    """A page about no order."""
    told = status_words.Told(title=title, tone="quiet", lead=(Words.say(text),), refresh=refresh)
    answer = _answer(code, told=told, standing=None, here=_switched(None))
    if code == 503:
        answer.headers["Retry-After"] = RETRY_AFTER
    return answer


def _answer(code: int, **values: object) -> Response:
    locale = get_locale()
    tongue = str(locale) if locale else "en"
    answer = Response(
        render_template(
            "web/status.html", tongue=tongue, direction=locale.text_direction if locale else "ltr",
            tongues=[(name, called, _switched(name)) for name, called in SPOKEN.items()], **values,
        ),
        code,
    )
    answer.headers.update({**HEADERS, "Content-Language": tongue})
    return answer


def _switched(tongue: str | None) -> str:
    """This address in another language; what a gateway sent with the browser is not repeated."""
    chosen = tongue or request.args.get("lang")
    if request.endpoint not in ("pages.status", "pages.ask"):
        return f"?{urlencode({'lang': chosen})}" if chosen else ""
    return url_for("pages.status", token=(request.view_args or {}).get("token", ""), lang=chosen)
