"""The catalogues are in step with the code, and the customer's pages are whole in every language."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.mofile import read_mo

from kartify import translations
from kartify.languages import ENGLISH, SPOKEN

OTHERS = [name for name in SPOKEN if name != ENGLISH]
PLACES = re.compile(r"%\((\w+)\)s")


def of(language: str) -> Path:
    return translations.HERE / language / "LC_MESSAGES/messages.po"


def translated(language: str) -> list[Message]:
    return [one for one in translations.catalogue(of(language)) if one.id and translations.is_translated(one)]


@pytest.fixture(scope="module")
def template():
    return translations.gather()


def test_the_template_is_what_the_code_says(template) -> None:
    assert translations.TEMPLATE.read_text("utf-8") == translations.written(template), "run make translations"


def test_gathering_twice_gives_the_same_bytes_and_names_no_place_and_no_moment(template) -> None:
    text = translations.written(translations.gather())
    assert text == translations.written(template)
    assert not re.search(r"^#:|^\"[A-Za-z-]*Date|/kartify/", text, re.MULTILINE)


def test_there_is_a_catalogue_for_each_language_that_we_speak() -> None:
    assert [path.parents[1].name for path in translations.catalogues()] == sorted(OTHERS)


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_has_the_texts_of_today_and_no_others(language, template) -> None:
    path = of(language)
    now = translations.written(translations.updated(path, template))
    assert path.read_text("utf-8") == now, "run make translations"


@pytest.mark.parametrize("language", OTHERS)
def test_what_is_compiled_is_what_is_written(language) -> None:
    found = {one.id: one.string for one in translated(language)}
    compiled = read_mo(io.BytesIO(of(language).with_suffix(".mo").read_bytes()))
    assert {one.id: one.string for one in compiled if one.id} == found, "run make translations"
    assert found


@pytest.mark.parametrize("language", OTHERS)
def test_the_customers_pages_are_whole(language) -> None:
    known = {one.id: one for one in translations.catalogue(of(language))}
    texts = [one.id for one in translations.gather(under="kartify/web/") if one.id]
    assert len(texts) > 60
    assert [text for text in texts if not known[text].string or known[text].fuzzy] == []
    assert [text for text in texts if known[text].string == text] == [], "left in English"


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_same_values_as_the_text(language) -> None:
    wrong = {
        one.id: one.string for one in translated(language)
        if sorted(PLACES.findall(str(one.id))) != sorted(PLACES.findall(str(one.string)))
    }
    assert wrong == {}


def test_hindi_is_written_in_devanagari() -> None:
    latin = re.compile(r"[A-Za-z]{3,}")
    wrong = [one.string for one in translated("hi") if latin.search(PLACES.sub("", str(one.string)))]
    assert wrong == []


@pytest.mark.slow
def test_a_wheel_carries_catalogues_pages_and_styles(tmp_path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=translations.ROOT, check=True, capture_output=True)
    names = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    assert {
        "kartify/translations/hi/LC_MESSAGES/messages.mo", "kartify/web/templates/web/status.html",
        "kartify/web/static/status.css", "kartify/web/static/status.js",
    } <= names
