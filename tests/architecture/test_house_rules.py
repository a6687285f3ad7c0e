"""Sizes, annotations, one clock, no float of money, and states that somebody has described."""

from __future__ import annotations

import ast
import statistics
from enum import StrEnum

from kartify.domain import cases, conclude, delivery, reports, settling, status
from kartify.domain.cases import NEXT_ACTION, CaseType

from .conftest import ROOT

LONGEST_MODULE, LONGEST_FUNCTION, MOST_PARAMETERS = 300, 50, 5
# The contract with plugins and its one implementation take what an HTTP call has; all but two by name.
MANY_BY_NAME = {"request", "move"}


def _lines(node) -> int:
    return node.end_lineno - node.lineno + 1


def _positional(function) -> list[ast.arg]:
    found = [*function.args.posonlyargs, *function.args.args]
    return [one for one in found if one.arg not in ("self", "cls")]


def _is_command(function) -> bool:
    """click gives a command all its options, by name."""
    return any("option" in ast.unparse(one) or "argument" in ast.unparse(one) for one in function.decorator_list)


def test_no_module_is_longer_than_300_lines(modules):
    long = {module.name: module.text.count("\n") for module in modules if module.text.count("\n") > LONGEST_MODULE}
    assert long == {}
    assert statistics.median(module.text.count("\n") for module in modules) <= 110


def test_no_function_is_longer_than_50_lines_and_most_are_short(modules):
    sizes = {(module.name, one.name): _lines(one) for module in modules for one in module.functions}
    assert {name: size for name, size in sizes.items() if size > LONGEST_FUNCTION} == {}
    assert statistics.median(sizes.values()) <= 8
    assert statistics.quantiles(sizes.values(), n=10)[-1] <= 25


def test_at_most_five_parameters_go_by_position_and_eight_in_all(modules):
    wrong = {
        (module.name, one.name)
        for module in modules
        for one in module.functions
        if not _is_command(one)
        and (
            len(_positional(one)) > MOST_PARAMETERS
            or (len(_positional(one)) + len(one.args.kwonlyargs) > 8 and one.name not in MANY_BY_NAME)
        )
    }
    assert wrong == set()


def test_everything_is_annotated(modules):
    wrong = {
        (module.name, function.name)
        for module in modules
        for function in module.functions
        if function.returns is None
        or any(one.annotation is None for one in [*_positional(function), *function.args.kwonlyargs])
    }
    assert wrong == set()


def test_the_clock_is_read_in_one_place(core):
    """Tests set it there; SQL never asks the database for the time."""
    clocks = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "func.now", "func.current_timestamp"}
    found = {(module.name, ast.unparse(call.func)) for module in core for call in module.calls
             if ast.unparse(call.func) in clocks}
    assert found == {("kartify.clock", "datetime.now")}


def test_no_sql_text_asks_the_database_for_the_time(core):
    words = ("now()", "current_timestamp", "clock_timestamp")
    wrong = {
        (module.name, node.value[:60])
        for module in core
        if module.room in ("flows", "models", "web", "admin", "jobs")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value
        and any(word in node.value.lower() for word in words)
    }
    assert wrong == set()


def test_no_float_is_made_where_money_is(core):
    """``float`` stands only for seconds and rates there."""
    made = {(module.name, ast.unparse(call)) for module in core if module.room in ("domain", "flows", "models")
            for call in module.calls if ast.unparse(call.func) == "float"}
    assert {one for one in made if "deadline" not in one[1]} == set()


def test_no_model_has_a_float_column(core):
    wrong = {module.name for module in core if module.room == "models" for node in ast.walk(module.tree)
             if isinstance(node, ast.Name) and node.id in ("float", "Float", "REAL", "Double")}
    assert wrong == set()


def test_every_state_is_described():
    """In the law book, in its own enum's text, or in the table of next actions."""
    docs = "\n".join(page.read_text("utf-8") for page in sorted((ROOT / "docs").glob("*.md")))
    unknown = {
        (kind.__name__, member.value)
        for home in (conclude, delivery, reports, settling, status)
        for kind in vars(home).values()
        if isinstance(kind, type) and issubclass(kind, StrEnum) and kind is not CaseType
        for member in kind
        if member.value not in docs and member.value.replace("_", " ") not in docs and " " not in member.value
    }
    assert unknown == set()


def test_every_exception_has_one_next_action():
    assert set(NEXT_ACTION) == set(CaseType)
    assert all(action.strip() for action in NEXT_ACTION.values())
    assert set(CaseType) >= cases.SETTLED_MONEY


def test_no_leftovers(modules):
    words = ("TODO", "FIXME", "XXX")
    wrong = {(module.name, word) for module in modules for word in words if word in module.text}
    assert wrong == set()
