"""Every page, every role, every button: what is shown can be pressed, answers in words, and is written down."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import ROLES, Cockpit, Person, plain
from walker import Form, read, shape, walk
from world import lively

from kartify.models import AuditEntry

pytestmark = pytest.mark.slow
# Signing out ends the walk, and is tested where signing in is.
LEFT_OUT = ("/admin/logout", "/admin/login")


def buttons(person: Person) -> Iterator[tuple[Form, str, dict[str, str]]]:
    """One of each kind: the page's shape, the form's, and the words on the button."""
    known = set()
    # What ends the walker's own rights comes last.
    pages = sorted(walk(person).items(), key=lambda page: "/users" in page[0])
    for path, text in pages:
        for form in read(path, text)[1]:
            if form.method != "post" or form.action in LEFT_OUT:
                continue
            for words, sent in form.presses():
                kind = (shape(form.page), shape(form.action), words)
                if kind not in known:
                    known.add(kind)
                    yield form, words, sent


def fresh(person: Person, form: Form, words: str) -> dict[str, str] | None:
    """The same button as the page shows it now, after what was pressed before; None where it went."""
    answer = person.get(form.page)
    for one in read(form.page, answer.text)[1] if answer.status_code == 200 else ():
        if one.action == form.action:
            for said, sent in one.presses():
                if said == words:
                    return sent
    return None


@pytest.mark.parametrize("role", ROLES)
def test_every_button_that_is_shown_answers_in_words_and_is_written_down(cockpit: Cockpit, role: str) -> None:
    lively(cockpit)
    person = cockpit.person(role)
    wrong, pressed = [], 0
    for form, words, _ in list(buttons(person)):
        sent = fresh(person, form, words)
        if sent is None:
            continue
        before = len(cockpit.rows(AuditEntry, by=person.email))
        answer = person.client.post(form.action, data=sent)
        pressed += 1
        said = plain(person.get(answer.location) if answer.status_code == 303 else answer)
        if answer.status_code not in (200, 303, 409, 422) or "Not with your role" in said:
            wrong.append((form.page, words, answer.status_code, said[:300]))
        if len(cockpit.rows(AuditEntry, by=person.email)) <= before:
            wrong.append((form.page, words, "nothing in the audit", said[:300]))
    assert wrong == []
    assert pressed >= {"viewer": 0, "support": 12, "finance": 3, "admin": 20}[role]


def test_for_an_administrator_every_kind_of_button_does_what_it_says_somewhere(cockpit: Cockpit) -> None:
    """A button that is refused wherever it stands is no button."""
    lively(cockpit)
    person = cockpit.person("admin")
    done, refused = set(), {}
    for form, words, _ in list(buttons(person)):
        kind = (shape(form.action), words)
        sent = fresh(person, form, words)
        if sent is None or kind in done:
            continue
        answer = person.client.post(form.action, data=sent)
        last = cockpit.rows(AuditEntry, by=person.email)[-1]["text"]
        if answer.status_code in (200, 303) and "not done" not in last:
            done.add(kind)
        else:
            refused[kind] = last or plain(answer)[:200]
    # A tool wants an order of a store that uses its partner: its own tests give one.
    left = {kind: why for kind, why in refused.items() if kind not in done and not kind[0].startswith("/admin/tools/")}
    assert left == {}
    assert len(done) >= 30
