"""In which language a page speaks: the customer's pages in the customer's, the rest in English.

Texts are marked with ``gettext``; catalogues are in ``kartify/translations``.
"""

from __future__ import annotations

from typing import Final

from flask import Flask, has_request_context, request
from flask_babel import Babel

ENGLISH: Final = "en"
SPOKEN: Final = (ENGLISH, "hi")
_ADMIN: Final = "/admin"


def init_languages(app: Flask) -> Babel:
    app.config.setdefault("BABEL_DEFAULT_LOCALE", ENGLISH)
    return Babel(app, locale_selector=spoken)


def spoken() -> str:
    """The best of what we speak for whoever asks; the admin is English."""
    if not has_request_context() or request.path.startswith(_ADMIN):
        return ENGLISH
    return request.accept_languages.best_match(SPOKEN, ENGLISH)
