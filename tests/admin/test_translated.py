"""The admin in a made-up language: whatever it says of its own is looked up in the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from abroad import MADE_UP, catalogue, data_of, english
from browser import Cockpit
from walker import shape, walk
from world import lively

from kartify.admin.vocabulary import texts


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return catalogue(tmp_path_factory.mktemp("catalogue"))


@pytest.fixture
def abroad(tmp_path: Path, build: Callable[..., Cockpit], made_up: Path) -> Cockpit:
    return build(f"sqlite:///{tmp_path / 'kartify.db'}", choice=lambda: MADE_UP, catalogues=made_up)


def test_the_first_page_and_an_orders_page_speak_it(abroad: Cockpit) -> None:
    found, person = lively(abroad), abroad.person("admin")
    data = data_of(abroad.house)
    for path in ("/admin/", *(f"/admin/orders/{found[name]}" for name in ("order", "dead", "underpaid", "held"))):
        page = person.get(path)
        assert page.text.count("⟦") > 50
        assert f'<html lang="{MADE_UP}">' in page.text
        assert english(page.text, data) == set(), path


def test_a_refusal_speaks_it(abroad: Cockpit) -> None:
    order, person = abroad.missing("K1"), abroad.person("viewer")
    refused = person.post(f"/admin/orders/{order}/note", note="x")
    assert refused.status_code == 403
    assert english(refused.text, data_of(abroad.house)) == set()


@pytest.mark.slow
def test_every_page_speaks_it_before_anything_has_happened(abroad: Cockpit) -> None:
    pages, data = walk(abroad.person("admin")), data_of(abroad.house)
    assert {(one, shape(path)) for path, text in pages.items() for one in english(text, data)} == set()


@pytest.mark.slow
@pytest.mark.parametrize("role", ["viewer", "support", "finance", "admin"])
def test_every_page_speaks_it(abroad: Cockpit, role: str) -> None:
    lively(abroad)
    person = abroad.person(role)
    pages = {"/admin/login": abroad.app.test_client().get("/admin/login").text, **walk(person)}
    data = data_of(abroad.house)
    assert {(one, shape(path)) for path, text in pages.items() for one in english(text, data)} == set()
    assert len(pages) > 40


def test_texts_from_elsewhere_may_hold_a_percent_sign_or_nothing(abroad: Cockpit) -> None:
    with abroad.app.test_request_context("/"):
        shown = abroad.app.jinja_env.from_string("{{ a|translated }}|{{ b|translated }}").render(a="5 % off", b="")
    assert shown == "5 % off|"


def test_what_lower_rooms_wrote_is_in_the_vocabulary() -> None:
    assert {"missing", "Missing", "OMS refused", "sent unknown", "Refund the second payment"} <= set(texts())
