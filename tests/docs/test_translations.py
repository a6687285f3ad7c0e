"""The catalogues are in step with the code, and every text of the customer's pages is there in every language."""

from __future__ import annotations

import re

import pytest
from babel.messages.pofile import read_po

from kartify.languages import ENGLISH, NAMES
from kartify.translations.__main__ import TEMPLATE, catalogues, compiled, gathered, updated, written

PLACE = re.compile(r"%\((\w+)\)")
LANGUAGES = {path.parts[-3]: path for path in catalogues()}


def catalogue(language: str):
    with LANGUAGES[language].open("rb") as file:
        return read_po(file, locale=language)


def test_every_language_of_the_switch_has_a_catalogue():
    assert set(NAMES) == {ENGLISH, *LANGUAGES}


def test_the_gathered_texts_are_those_of_the_code():
    assert TEMPLATE.read_bytes() == written(gathered()), "run make translations"


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogue_and_compiled_file_are_in_step(language):
    path = LANGUAGES[language]
    assert path.read_bytes() == written(updated(path, gathered())), "run make translations"
    assert path.with_suffix(".mo").read_bytes() == compiled(catalogue(language)), "run make translations"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_that_a_customer_sees_is_translated(language):
    seen = [one for one in catalogue(language) if any(name.startswith("kartify/web/") for name, _ in one.locations)]
    assert len(seen) > 30
    assert [one.id for one in seen if not one.string or one.fuzzy] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_loses_or_makes_up_a_place(language):
    wrong = [one.id for one in catalogue(language)
             if one.id and one.string and set(PLACE.findall(str(one.id))) != set(PLACE.findall(str(one.string)))]
    assert wrong == []
