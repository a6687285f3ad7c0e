"""Every sentence that the admin's code says goes through gettext: found by reading the syntax trees."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kartify.admin import vocabulary

ADMIN = Path(__file__).parents[2] / "kartify/admin"
MARKING = {"gettext", "ngettext", "N_", "_"}
# Names of deeds and their subjects are written down as they are, logs and errors of code are for engineers.
RECORDING = {"Act", "audited", "act", "_act", "_press", "_many", "_rotated", "warning", "RuntimeError", "ValueError"}
# Stored with an order, compared with what is stored, or sent as a header.
STORED = {
    "dry run", ", switched off", "check payment", "let go", "not done", "not prepaid", "test connection",
    "test webhook", "add account", "account settings", "Confirm payment pressed on the order page",
    " pressed in System » Tools", 'attachment; filename="orders-',
}
TWO_WORDS = re.compile(r"[^\W\d_]{2,}\W* [^\W\d_]{2,}")


def plain(tree: ast.AST) -> Iterator[str]:
    """Texts of more than one word that are neither marked nor for the record. Markup gets its words put in."""
    for node in _shown(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            if TWO_WORDS.search(text) and not text.startswith(("<", "/", "default-src")):
                yield text


def _shown(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if _is_docstring(child) or isinstance(child, ast.Assert):
            continue
        if isinstance(node, ast.Call) and _is_taken_care_of(node, child):
            continue
        yield from _shown(child)


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _is_taken_care_of(call: ast.Call, argument: ast.AST) -> bool:
    """The text that is marked, but not a value for it; what is recorded, by position or by name."""
    if _name(call) in RECORDING and isinstance(argument, ast.keyword):
        argument = argument.value
    return _name(call) in MARKING | RECORDING and isinstance(argument, ast.Constant | ast.JoinedStr)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


FILES = sorted(str(path.relative_to(ADMIN)) for path in ADMIN.rglob("*.py"))


@pytest.fixture(scope="module")
def known() -> set[str]:
    return {*vocabulary.texts(), *STORED}


@pytest.mark.parametrize("name", FILES)
def test_no_sentence_of_the_code_is_out_of_reach_of_a_translation(name: str, known: set[str]) -> None:
    tree = ast.parse((ADMIN / name).read_text("utf-8"))
    assert set(plain(tree)) - known == set(), "mark it with gettext, or list what is stored and not shown"


def test_what_is_listed_as_stored_is_there() -> None:
    found = {text for name in FILES for text in plain(ast.parse((ADMIN / name).read_text("utf-8")))}
    assert STORED - found == set()


@pytest.mark.parametrize(("source", "found"), [
    ('flash("Note added.")', ["Note added."]),
    ('flash(gettext("Note added."))', []),
    ('flash(f"Note of {name} added now.")', ["Note of ", " added now."]),
    ('gettext("%(a)s and b", a="one more")', ["one more"]),
    ('TABLE = {"a": "one text", "b": N_("another text")}', ["one text"]),
    ('audit.Act(by=me, action="check payment", subject="order:1", text=say("to all"))', ["to all"]),
    ('self.audited(act, f"not done: {problem}")', []),
    ('def f():\n    """It does it."""\n    raise ValueError("too deep down")', []),
    ('ORDER = ("bad", "warn"); Markup("<b class=\'a b\'>{}</b>")', []),
])
def test_the_finder_finds_what_it_should(source: str, found: list[str]) -> None:
    assert list(plain(ast.parse(source))) == found
