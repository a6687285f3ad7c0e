"""In which language a page speaks: the customer's pages in the customer's, the rest in English.

Texts are marked with ``gettext``; catalogues are in ``kartify/translations``. ``?lang=`` wins over what the browser
asks for, so that a link can be sent in the customer's language. Who speaks otherwise gives ``init_languages`` another
choice: nothing else knows how a language is chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from flask import Flask, has_request_context, request
from flask_babel import Babel, gettext

ENGLISH: Final = "en"
# Each by the name that it gives itself.
SPOKEN: Final = {ENGLISH: "English", "hi": "हिन्दी"}
CATALOGUES: Final = Path(__file__).parent / "translations"
_ADMIN: Final = "/admin"


def init_languages(app: Flask, *, choice: Callable[[], str] | None = None, catalogues: Path = CATALOGUES) -> Babel:
    """``choice``: the language of the request at hand; ``catalogues``: a folder with one folder for each language."""
    app.config.setdefault("BABEL_DEFAULT_LOCALE", ENGLISH)
    app.config.setdefault("BABEL_TRANSLATION_DIRECTORIES", str(catalogues))
    babel = Babel(app, locale_selector=choice or spoken)
    app.jinja_env.filters["translated"] = translated
    return babel


def N_(text: str) -> str:
    """Marks a text of a table that is made before anybody asks; where it is shown it goes through ``translated``."""
    return text


def translated(text: str) -> str:
    """For a text that is written elsewhere: a percent sign in it means itself, and nothing stays nothing. What no
    catalogue has, such as a person's own words, stays as it is."""
    return gettext(text) if text else ""


def spoken() -> str:
    """The best of what we speak for whoever asks; the admin is English."""
    if not has_request_context() or request.path.startswith(_ADMIN):
        return ENGLISH
    chosen = request.args.get("lang", "")
    if chosen in SPOKEN:
        return chosen
    # Werkzeug's own choice prefers an exact "hi" at the end of the list to the "en-IN" that it begins with.
    wanted = (tag.partition("-")[0].lower() for tag, quality in request.accept_languages if quality > 0)
    return next((name for name in wanted if name in SPOKEN), ENGLISH)
