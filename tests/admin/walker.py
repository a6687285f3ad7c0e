"""Somebody who opens every page that is linked from the home page and finds every button on it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin, urlsplit

from browser import Person

_ID: Final = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
_TYPED: Final = {
    "email": "new.colleague@shop.example", "number": "1", "url": "https://shop.example", "date": "2027-01-01",
    "datetime-local": "2027-01-01T10:00",
}
# What a field of this name wants; the rest takes words.
_NAMED: Final = {"code": "shop-two", "currency": "INR", "amount": "1.00", "key_id": "k"}
# Excludes what stands beside it, and everything else is ticked.
_EITHER: Final = {"all_stores"}
MOST_PAGES: Final = 400
# Orders differ: several of a kind are opened.
OF_A_KIND: Final = 9


def shape(path: str) -> str:
    """An address without its ids and its query: pages of one kind share it."""
    return _ID.sub("{id}", urlsplit(path).path)


@dataclass
class Form:
    """``fields``: what a person sends who fills in what must be; ``submit``: the button's own name and value."""

    page: str
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)

    def presses(self) -> Iterator[tuple[str, dict[str, str]]]:
        """(words of the button, what is sent) for each button of the form."""
        for words, name, value in self.buttons:
            yield words, {**self.fields, **({name: value} if name else {})}


class _Reader(HTMLParser):
    """Links and forms of a page. A control may name its form by ``form=``."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.page, self.links = page, list[str]()
        self.forms: list[Form] = []
        self._by_id: dict[str, Form] = {}
        self._form: Form | None = None
        self._select: tuple[Form, str] | None = None
        self._button: tuple[Form, str, str] | None = None
        self._area: tuple[Form, str, bool] | None = None
        self._said, self._chosen = "", False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in found:
            self.links.append(urljoin(self.page, found["href"]))
        elif tag == "form":
            action = urljoin(self.page, found.get("action") or self.page)
            self._form = Form(page=self.page, action=action, method=found.get("method", "get").lower())
            self.forms.append(self._form)
            self._by_id[found.get("id", "")] = self._form
        else:
            self._control(tag, found)

    def _control(self, tag: str, found: dict[str, str]) -> None:
        form = self._by_id.get(found["form"]) if "form" in found else self._form
        name = found.get("name", "")
        if tag == "option" and self._select is not None:
            self._option(found)
        elif form is None or "disabled" in found:
            return
        elif tag == "button" and found.get("type", "submit") == "submit":
            self._button, self._said = (form, name, found.get("value", "")), ""
        elif tag == "select":
            self._select = (form, name)
        elif tag == "textarea":
            self._area, self._said = (form, name, "required" in found), ""
        elif tag == "input" and name:
            self._input(form, name, found)

    def _input(self, form: Form, name: str, found: dict[str, str]) -> None:
        kind, value = found.get("type", "text"), found.get("value", "")
        if kind in ("checkbox", "radio"):
            if name in _EITHER:
                return
            if kind == "checkbox" or "checked" in found or name not in form.fields:
                form.fields[name] = value or "on"
        elif kind == "hidden" or value:
            form.fields[name] = value
        elif "required" in found or name in ("reason", "evidence"):
            form.fields[name] = _NAMED.get(name) or _TYPED.get(kind, "because a test says so")
        else:
            form.fields.setdefault(name, "")

    def _option(self, found: dict[str, str]) -> None:
        assert self._select is not None
        form, name = self._select
        self._chosen, self._said = ("selected" in found or not form.fields.get(name)) if name else False, ""
        if self._chosen and "value" in found:
            form.fields[name], self._chosen = found["value"], False

    def _end_option(self) -> None:
        """An option without a value sends its text."""
        if self._select is not None and self._chosen:
            form, name = self._select
            form.fields[name] = self._said.strip()
        self._chosen = False

    def handle_data(self, data: str) -> None:
        self._said += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "option":
            self._end_option()
        elif tag == "select":
            self._select = None
        elif tag == "button" and self._button is not None:
            form, name, value = self._button
            form.buttons.append((" ".join(self._said.split()), name, value))
            self._button = None
        elif tag == "textarea" and self._area is not None:
            form, name, required = self._area
            typed = self._said.strip("\n")
            form.fields[name] = typed or ("because a test says so" if required else "")
            self._area = None


def read(page: str, text: str) -> tuple[list[str], list[Form]]:
    """Links under /admin, and forms."""
    reader = _Reader(page)
    reader.feed(text)
    inside = [link for link in reader.links if urlsplit(link).path.startswith("/admin") and "://" not in link]
    return inside, reader.forms


def walk(person: Person, start: str = "/admin/") -> dict[str, str]:
    """Pages that links lead to, several of each shape and query: address and text."""
    waiting, seen, known, found = [start], {start}, Counter[str](), {}
    while waiting and len(found) < MOST_PAGES:
        path = waiting.pop(0)
        answer = person.get(path)
        if answer.status_code in (302, 303) or not answer.mimetype.startswith("text/html"):
            continue
        assert answer.status_code == 200, (path, answer.status_code)
        found[path] = answer.text
        for link in read(path, answer.text)[0]:
            kind = shape(link) + "?" + ",".join(sorted(re.findall(r"(\w+)=", urlsplit(link).query)))
            if link not in seen and known[kind] < OF_A_KIND:
                seen.add(link)
                known[kind] += 1
                waiting.append(link)
    assert len(found) < MOST_PAGES
    return found
