"""One function in the tree changes an order's status, and the constraints that hold the laws are in the database."""

from __future__ import annotations

import ast

from sqlalchemy.sql.dml import Insert, Update

from kartify.flows.ground import templates
from kartify.models import Order, table

DOOR = "kartify.flows.settling.moves"
orders = table(Order)


def _columns(template: str) -> set[str]:
    """What a template writes, with every column given."""
    columns = frozenset(column.name for table in _tables() for column in table.c)
    statement = templates.TEMPLATES[template](templates.Bound("v_{}".format), columns)
    assert isinstance(statement, Insert | Update)
    if not isinstance(statement, Update) or statement.table is not orders:
        return set()
    return {getattr(column, "name", str(column)) for column in statement._values or ()}


def _tables():
    return orders.metadata.tables.values()


def test_one_template_writes_the_status_of_an_order():
    assert {name for name in templates.TEMPLATES if "status" in _columns(name)} == {"order_move"}


def test_only_the_door_uses_that_template(core):
    users = {
        module.name
        for module in core
        for call in module.calls
        if any(isinstance(one, ast.Constant) and one.value == "order_move" for one in call.args)
        and ast.unparse(call.func).endswith("Write")
    }
    assert users == {DOOR}


def test_the_template_hits_the_old_status_and_must_hit_one_row(core):
    statement = str(templates.TEMPLATES["order_move"](templates.Bound("v_{}".format), frozenset()))
    assert "coalesce(orders.status, '') = :v_old_status" in statement
    door = next(module for module in core if module.name == DOOR)
    move = next(call for call in door.calls if any(getattr(one, "value", None) == "order_move" for one in call.args))
    assert [ast.unparse(one.value) for one in move.keywords if one.arg == "must"] == ["True"]


def test_no_other_statement_writes_a_status(modules):
    """``update(orders)….values(status=…)``, ``order.status = …`` and SQL text, wherever they are."""
    wrong = [found for module in modules if module.room != "simulator" for found in _status_writes(module)]
    assert wrong == []


def test_the_search_for_writers_finds_them(tmp_path):
    bad = [
        "update(orders).where(x).values(status='processing')",
        "update(table(Order)).values({'status': 'processing'})",
        "update(orders).values({orders.c.status: 'x'})",
        "order.status = 'processing'",
        "connection.execute('UPDATE orders SET status = 1')",
        "setattr(order, 'status', 'processing')",
    ]
    for line in bad:
        assert list(_writes(ast.parse(line), "module")), line
    assert list(_writes(ast.parse("update(payments).values(status='x')"), "module")) == []
    assert list(_writes(ast.parse("update(orders).values(notes='x')"), "module")) == []


def _status_writes(module) -> list[tuple[str, int, str]]:
    return list(_writes(module.tree, module.name))


def _writes(tree: ast.AST, name: str):
    for node in ast.walk(tree):
        if _is_write(node):
            yield name, getattr(node, "lineno", 0), ast.unparse(node)[:80]


def _is_write(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="setattr")):
            return "'status'" in ast.unparse(node)
        case ast.Call():
            return _is_order_update(node) and _names_status(node)
        case ast.Assign(targets=targets):
            return any(_is_status(one) for one in targets)
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            return _is_status(target)
        case ast.Constant(value=str(text)):
            return "update orders" in text.lower()
    return False


def _is_status(target: ast.AST) -> bool:
    return isinstance(target, ast.Attribute) and target.attr == "status" and "order" in ast.unparse(target).lower()


def _is_order_update(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "values":
        return False
    text = ast.unparse(call.func)
    return any(text.startswith(f"update({one})") for one in ("orders", "Order", "table(Order)"))


def _names_status(call: ast.Call) -> bool:
    if any(one.arg == "status" for one in call.keywords):
        return True
    keys = [key for one in call.args if isinstance(one, ast.Dict) for key in one.keys if key is not None]
    return any(ast.unparse(key) in ("'status'", "orders.c.status", "Order.status") for key in keys)


def test_the_laws_that_a_unique_key_can_hold_are_held_by_one():
    """By name: a renamed or dropped index must be noticed."""
    found = {index.name for one in _tables() for index in one.indexes if index.unique}
    assert found >= {
        "uq_settlements_one_active", "uq_outbox_one_fulfilment", "uq_outbox_receipt", "uq_outbox_position",
        "uq_store_accounts_one_oms", "uq_runs_one_at_a_time",
    }
    for name, columns in {
        "settlements": {"charge_id"}, "charges": {"account_id", "gateway_payment_id"}, "operations": {"key"},
        "inbox": {"account_id", "event_key"}, "payments": {"account_id", "gateway_order_id"},
        "orders": {"store_id", "number"}, "cases": {"subject", "type"},
    }.items():
        keys = [
            {column.name for column in one.columns}
            for one in orders.metadata.tables[name].constraints
            if type(one).__name__ == "UniqueConstraint"
        ]
        assert columns in keys, name
