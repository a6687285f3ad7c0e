"""A made-up language, in which each text of the catalogue stands in brackets, and a reader who finds what does not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path

from sqlalchemy import select

from kartify import translations
from kartify.admin.partners.fields import fields_of
from kartify.domain.telling import title
from kartify.house import House
from kartify.models import Account, Base, table
from kartify.plugin.partner import Partner

MADE_UP = "eo"
SPOKEN = ("placeholder", "aria-label", "title", "alt", "data-title", "label", "aria-description", "content")
# What stands there as it is: commands, ids, what was typed, what the partner sent.
SILENT = ("script", "style", "code", "pre", "textarea")
VOID = ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
NAMES = {"kartify", "UTC", "CSV", "XLSX", "JSON", "XML", "GET", "POST", "kB", "MB"}  # the same in every language
LETTERS = re.compile(r"[^\W\d_]{2,}")
PLACE = re.compile(r"(%\(\w+\)[sd])")
# Moments, the ends of ids, and what is covered for somebody's role.
MARKS = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.+]+)?|\d{1,2} [^\W\d]{3,4}\.? (\d{4} )?\d\d:\d\d|…\S{8}|•••(@[\w.]+)?")
# A partner's own word stays as it is, even where it is one of ours.
PARTNERS = {("reports", "word")}
# Sentences of a row that pages begin with a capital letter.
BEGUN = {("orders", "clock_why"), ("runs", "result"), ("exports", "result")}


def catalogue(place: Path) -> Path:
    """Only what the catalogue itself says is in brackets: the values that are put into it must speak for themselves."""
    (place / MADE_UP / "LC_MESSAGES").mkdir(parents=True)
    texts = translations.gather()
    for message in texts:
        if message.id:
            message.string = tuple(map(_bracketed, message.id)) if message.pluralizable else _bracketed(message.id)
    (place / MADE_UP / "LC_MESSAGES/messages.mo").write_bytes(translations.compiled(texts))
    return place


def _bracketed(text: str) -> str:
    return "".join(one if PLACE.fullmatch(one) or not one.strip() else f"⟦{one}⟧" for one in PLACE.split(text))


class Reader(HTMLParser):
    """Texts that people see or hear, without what stands in brackets. A pair of brackets may hold elements."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.bare: list[str] = []
        self._silent = self._depth = 0
        self._open: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        silent = tag in SILENT or given.get("translate") == "no"
        if tag not in VOID:
            self._open.append(silent)
            self._silent += silent
        if not (tag == "meta" or self._silent or tag == "time"):
            self.bare += [_outside(value, 0)[0] for name, value in given.items() if name in SPOKEN and value]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """As SVG has them: nothing to read."""

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and self._open:
            self._silent -= self._open.pop()

    def handle_data(self, data: str) -> None:
        bare, self._depth = _outside(data, self._depth)
        if not self._silent:
            self.bare.append(bare)


def _outside(text: str, depth: int) -> tuple[str, int]:
    """What stands at depth nothing, and the depth after it."""
    found = []
    for sign in text:
        depth += sign == "⟦"
        if depth == 0:
            found.append(sign)
        depth -= sign == "⟧"
        if sign == "⟧":
            found.append(" ")
    return "".join(found), depth


def english(page: str, data: re.Pattern[str]) -> set[str]:
    """Texts of the page that no catalogue gave it, and that are no data."""
    reader = Reader()
    reader.feed(page)
    texts = {" ".join(one.split()) for one in reader.bare}
    bare = {one: data.sub(" ", MARKS.sub(" ", one)) for one in texts if LETTERS.search(one)}
    return {one for one, rest in bare.items() if any(word not in NAMES for word in LETTERS.findall(rest))}


def data_of(house: House) -> re.Pattern[str]:
    """What people, shops, partners and plugins wrote: everything that the database holds and that is no word of the
    catalogue (such a word has to be translated), and what plugins say of themselves."""
    known = {str(one.id) for one in translations.gather() if one.id}
    stored = _stored(house)
    theirs = {text for place, text in stored if place in PARTNERS}
    given = theirs | {one.strip() for one in (*(text for _, text in stored), *_declared(house))} - known
    longest_first = sorted((one for one in given if LETTERS.search(one)), key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest_first)) + r")(?!\w)")


def _stored(house: House) -> list[tuple[tuple[str, str], str]]:
    """((table, column), text)."""
    with house.database.read() as connection:
        found = [
            ((home.name, column), " ".join(text.split()))
            for home in Base.metadata.sorted_tables
            for row in connection.execute(select(home)).mappings()
            for column, value in row.items()
            for text in _texts(value)
        ]
    return [*found, *((place, f"{text[:1].upper()}{text[1:]}".rstrip(".")) for place, text in found if place in BEGUN)]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from (str(name), str(name).replace("_", " "), *_texts(inner))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _declared(house: House) -> Iterator[str]:
    """A plugin's texts are English until it brings a catalogue of its own."""
    for installed in house.registry.partners.values():
        partner = installed.partner
        yield from (partner.name, partner.slug, installed.distribution, *_of(partner))
    with house.database.read() as connection:
        accounts = [house.accounts.get(one) for one in connection.scalars(select(table(Account).c.id))]
    for loaded in accounts:
        yield from (text for one in loaded.partner.setup_steps() for text in (one.text, one.unsure) if text)
        yield from (title(one.name) for one in getattr(loaded.partner, "routes", ()))


def _of(partner: type[Partner]) -> Iterable[str]:
    tools = [text for one in partner.tools for text in (one.title, one.explanation)]
    fields = fields_of(partner.Settings)
    told = [text for one in fields for text in (one.name, one.label, one.about, *dict(one.choices).values())]
    return filter(None, (*tools, *told))
