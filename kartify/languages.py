"""In which language a page speaks: the customer's pages in the customer's, the rest in English.

Texts are marked with ``gettext``; catalogues are in ``kartify/translations``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from flask import Flask, has_request_context, request
from flask_babel import Babel

ENGLISH: Final = "en"
# Each by its own name, as the switch on the page shows it.
NAMES: Final = {ENGLISH: "English", "hi": "हिन्दी"}
SPOKEN: Final = tuple(NAMES)
CATALOGUES: Final = Path(__file__).parent / "translations"
_ADMIN: Final = "/admin"


def init_languages(app: Flask) -> Babel:
    app.config.setdefault("BABEL_DEFAULT_LOCALE", ENGLISH)
    app.config.setdefault("BABEL_TRANSLATION_DIRECTORIES", str(CATALOGUES))
    return Babel(app, locale_selector=spoken)


def spoken() -> str:
    """What ``?lang=`` chooses, else the best of what we speak for whoever asks; the admin is English."""
    if not has_request_context() or request.path.startswith(_ADMIN):
        return ENGLISH
    chosen = request.args.get("lang", "")
    return chosen if chosen in SPOKEN else request.accept_languages.best_match(SPOKEN, ENGLISH)
