"""The admin in a made-up language: what its templates mark is really looked up in a catalogue."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from browser import Cockpit

from kartify import translations
from kartify.models import Order

HOME = "kartify/admin/templates/cockpit/"


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue that puts each text into brackets."""
    place = tmp_path_factory.mktemp("catalogue")
    (place / "eo/LC_MESSAGES").mkdir(parents=True)
    texts = translations.gather()
    for message in texts:
        if message.id:
            message.string = f"⟦{message.id}⟧"
    (place / "eo/LC_MESSAGES/messages.mo").write_bytes(translations.compiled(texts))
    return place


@pytest.fixture
def abroad(cockpit: Cockpit, made_up: Path) -> Cockpit:
    babel = cockpit.app.extensions["babel"]
    babel.locale_selector = lambda: "eo"
    babel.translation_directories = [str(made_up)]
    return cockpit


def pages(cockpit: Cockpit) -> dict[str, str]:
    """A page for each template whose texts are all marked."""
    cockpit.missing("K1")
    person = cockpit.person("admin")
    found = cockpit.rows(Order, number="K1")[0]["id"]
    return {
        "login": cockpit.app.test_client().get("/admin/login").text,
        "tools": person.get("/admin/tools/").text,
        "order_edit": person.get(f"/admin/orders/{found}/edit").text,
        "rows": person.get("/admin/inbox/").text,
        "problem": person.get("/admin/orders/00000000-0000-7000-8000-000000000000").text,
    }


def test_no_marked_text_is_shown_around_the_catalogue(abroad: Cockpit) -> None:
    for name, page in pages(abroad).items():
        shown = html.unescape(page)
        said = set(re.findall("⟦([^⟦⟧]*)⟧", shown))
        around = re.sub("⟦[^⟦⟧]*⟧", "", shown)
        texts = {str(one.id) for one in translations.gather(under=f"{HOME}{name}.html") if one.id}
        plain = {one for one in texts if "%(" not in one}
        assert len(said) > 4, name
        assert {one for one in plain if f">{one}<" in around or f'"{one}"' in around} == set(), name
        assert plain & said, name


def test_texts_from_elsewhere_may_hold_a_percent_sign_or_nothing(abroad: Cockpit) -> None:
    with abroad.app.test_request_context("/"):
        shown = abroad.app.jinja_env.from_string("{{ a|translated }}|{{ b|translated }}").render(a="5 % off", b="")
    assert shown == "5 % off|"
