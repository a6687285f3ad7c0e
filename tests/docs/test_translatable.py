"""Every text of a template goes through gettext: found by reading the templates."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import jinja2
import pytest

ROOT = Path(__file__).parents[2] / "kartify"
# Nobody but a developer reads these: the API's explorer, the demo's till, the pages of the stand-ins.
NEVER = ("web/templates/web/docs.html", "demo/", "simulation/")
SPOKEN = ("placeholder", "aria-label", "title", "alt", "data-title", "label", "aria-description")
NAMES = {"kartify", "UTC", "CSV", "XLSX"}  # the same in every language
LETTERS = re.compile(r"[^\W\d_]{2,}")
_VALUE = "\x01"  # stands for what an expression gives, so that the rest is HTML again


class Reader(HTMLParser):
    """The texts of a page, and the attributes that are read to people."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in ("script", "style", "code")
        self.found += [value for name, value in attrs if name in SPOKEN and value]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("script", "style", "code")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.found.append(data)


def literal(source: str) -> list[str]:
    """Texts of a template that no translation reaches: plain ones, and strings that an expression shows."""
    reader = Reader()
    reader.feed(_plain(source))
    texts = [" ".join(one.replace(_VALUE, " ").split()) for one in reader.found]
    return [one for one in texts if any(word not in NAMES for word in LETTERS.findall(one))]


def _plain(source: str) -> str:
    """The template's data; in the place of an expression, the strings that it shows without a call around them."""
    page: list[str] = []
    expression: list[tuple[str, str]] = []
    translated, inside = False, ""
    for _, kind, value in jinja2.Environment(extensions=["jinja2.ext.i18n"]).lex(source):
        if kind == "data" and not translated:
            page.append(value)
        elif kind in ("variable_begin", "block_begin"):
            inside, expression = kind, []
        elif kind in ("variable_end", "block_end"):
            words = [one for what, one in expression if what == "name"]
            if inside == "block_begin" and words[:1] in (["trans"], ["endtrans"]):
                translated = words[0] == "trans"
            if inside == "variable_begin" and not translated:
                page.append(_VALUE + html.escape(_VALUE.join(_shown(expression))) + _VALUE)
            inside = ""
        elif inside and kind != "whitespace":
            expression.append((kind, value))
    return "".join(page)


def _shown(tokens: list[tuple[str, str]]) -> Iterator[str]:
    """Strings outside any call: those inside belong to the function that is called."""
    depth = 0
    for index, (kind, value) in enumerate(tokens):
        if kind == "operator" and value in "([{":
            depth += 1
        elif kind == "operator" and value in ")]}":
            depth -= 1
        elif kind == "string" and not depth and not _is_compared(tokens, index):
            yield value[1:-1]


def _is_compared(tokens: list[tuple[str, str]], index: int) -> bool:
    around = [tokens[at][1] for at in (index - 1, index + 1) if 0 <= at < len(tokens)]
    return any(one in ("==", "!=", "~", "in") for one in around)


ALL = sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("templates/**/*.html"))
TEMPLATES = [name for name in ALL if not name.startswith(NEVER)]


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_text_of_a_template_is_out_of_reach_of_a_translation(name) -> None:
    assert literal((ROOT / name).read_text("utf-8")) == []


def test_what_is_left_out_is_there() -> None:
    assert [one for one in NEVER if not any(name.startswith(one) for name in ALL)] == []


@pytest.mark.parametrize(("source", "found"), [
    ("<p>Hello you</p>", ["Hello you"]),
    ("<p>{{ _('Hello you') }}</p>", []),
    ("{% trans %}Hello <b>you</b>{% endtrans %}", []),
    ("{% trans n=3 %}Hello {{ n }}{% endtrans %} after", ["after"]),
    ("<!-- Hello --><code>kartify up</code><script>let it = 1</script>", []),
    ('<input placeholder="Type here" name="typed">', ["Type here"]),
    ('<img alt="A shop" src="a b.svg">', ["A shop"]),
    ('<a title="{{ _("Open it") }}" href="/x">kartify</a>', []),
    ('<a title="Signed in as {{ name }}">x</a>', ["Signed in as"]),
    ("{{ 'Paid' if paid else 'Not paid' }}", ["Paid Not paid"]),
    ('<p class="notice {{ kind if kind in kinds else "warn" }}">{{ said }}</p>', []),
    ('<a title="{{ "Paid" if paid }}">x</a>', ["Paid"]),
    ("{{ _('Paid') if paid else _('Not paid') }}", []),
    ("{{ f('orders.index') }}{{ 'x' == name }}{% set a = 'orders' %}", []),
    ("{# Hello #}<p>{{ name }}: {{ sum }}</p>", []),
])
def test_the_finder_finds_what_it_should(source, found) -> None:
    assert literal(source) == found
