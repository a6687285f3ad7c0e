"""What people read where no page of the admin answered: a wrong address, a database that is away, an error of ours. It
needs neither the database nor a session."""

from __future__ import annotations

from flask import Flask, Response, g, render_template, request, url_for
from flask_babel import get_locale, gettext

from kartify.languages import N_, translated

_TITLES = {404: N_("Not here"), 405: N_("Not this way"), 413: N_("Too much at once"), 503: N_("Not now")}
_TEXTS = {
    404: N_("There is no page at this address. It may have been mistyped, or cut short in a message."),
    405: N_("This address is not opened that way. Nothing was changed."),
    413: N_("What was sent is too large, so nothing was changed."),
    503: N_("kartify cannot reach its database at the moment. Wait a few seconds and try again; if it stays like this, "
            "tell your engineer. Messages of the gateways are refused meanwhile, and they send them again."),
}


def mark_ours() -> None:
    """What is answered now is a page already."""
    g.cockpit_page = True


def init_astray(app: Flask, path: str) -> None:
    """Turns what programs would read under ``path`` into a page; codes and headers stay."""

    def as_page(response: Response) -> Response:
        inside = request.path == path or request.path.startswith(f"{path}/")
        if inside and response.status_code >= 400 and not g.get("cockpit_page") and request.method != "HEAD":
            response.set_data(_page(response.status_code))
            response.mimetype = "text/html"
        return response

    app.after_request(as_page)


def _page(code: int) -> str:
    title, text = _TITLES.get(code, N_("This did not work")), _TEXTS.get(code)
    if text is None and code < 500:
        text = N_("The request was not understood, so nothing was changed. Go back, reload the page and try again.")
    said = translated(text) if text else gettext(
        "An error of ours. It is written down in the log. Look at the order again before you repeat what you did."
    )
    return render_template(
        "cockpit/problem.html", title=translated(title), text=said, tongue=get_locale(), get_url=url_for, person=None
    )
