"""Imports point one way: edges to flows to models and domain; plugins to the contract and nothing else."""

from __future__ import annotations

import ast
import sys

EDGES = {"web", "admin", "cli", "jobs", "demo", "bench"}
# What a room may import from besides itself. A room that is not named here must be added on purpose.
ALLOWED = {
    "domain": set(),
    "plugin": {"domain"},
    "models": {"domain"},
    "clock": set(),
    "deadline": set(),
    "ratelimit": set(),
    "queue": set(),
    "languages": set(),
    "translations": set(),
    "links": {"clock", "domain", "house"},
    "database": set(),
    "certificates": set(),
    "contain": {"domain"},
    "listed": set(),
    "together": set(),
    "vault": {"domain"},
    "simulation": {"clock", "domain", "plugin"},
    "registry": {"plugin"},
    "http": {"deadline", "domain", "plugin"},
    "accounts": {"database", "domain", "models", "plugin", "registry", "vault"},
    "house": {"accounts", "database", "plugin", "registry", "together", "vault"},
    "flows": {
        "accounts", "certificates", "clock", "contain", "database", "domain", "house", "listed", "models", "plugin",
        "ratelimit",
    },
    "migrations": {"database", "models"},
    "settings": {"stack"},
    "stack": {"queue"},
}
FREE = {"app", "testing", "docs", "__init__", "__main__", *EDGES}

# The rooms of the flows: each imports only from those that stand before it.
FLOWS = (
    "ground", "settling", "lookups", "receiving", "operating", "delivering", "partners", "people", "proof",
    "ticking", "storefront",
)


def test_every_flow_imports_only_from_rooms_that_stand_before_its_own(core):
    wrong = set()
    for module in core:
        if module.room == "flows" and module.name != "kartify.flows.__init__":
            room = module.name.split(".")[2]
            used = {name.split(".")[2] for name in module.imports if name.startswith("kartify.flows.")} - {room}
            wrong |= {(module.name, one) for one in used if FLOWS.index(one) > FLOWS.index(room)}
    assert wrong == set()


def test_every_room_imports_only_from_rooms_below_it(core):
    wrong = {
        module.name: sorted(module.rooms - ALLOWED[module.room])
        for module in core
        if module.room not in FREE and module.rooms - ALLOWED[module.room]
    }
    assert wrong == {}


def test_every_room_is_in_the_plan(core):
    assert {module.room for module in core} <= set(ALLOWED) | FREE


def test_nothing_below_the_edges_imports_an_edge_or_the_application(core):
    above = {"app", "testing", *EDGES}
    wrong = {module.name for module in core if module.room not in FREE and module.rooms & above}
    assert wrong == set()


def test_web_and_admin_do_not_know_one_another(core):
    apart = {"web": {"admin", "cli", "jobs"}, "admin": {"web", "cli", "jobs"}, "jobs": {"web", "admin", "cli"}}
    wrong = {module.name for module in core if module.rooms & apart.get(module.room, set())}
    assert wrong == set()


def test_the_domain_is_the_standard_library_only(core):
    domain = [module for module in core if module.room == "domain"]
    assert domain
    strange = {
        (module.name, name)
        for module in domain
        for name in module.imports
        if not name.startswith("kartify.domain") and name.partition(".")[0] not in sys.stdlib_module_names
    }
    assert strange == set()


def test_plugins_import_the_contract_and_nothing_else_of_the_core(plugins):
    allowed = {"plugin": {"plugin", "domain"}, "simulator": {"plugin", "domain", "testing", "simulation"}}
    wrong = {module.name: module.rooms - allowed[module.room] for module in plugins}
    assert {name: rooms for name, rooms in wrong.items() if rooms - {"plugin", "simulator"}} == {}
    assert len({module.name.partition(".")[0] for module in plugins}) >= 4


def test_no_plugin_imports_another(plugins):
    wrong = {
        (module.name, name)
        for module in plugins
        for name in module.imports
        if name.startswith("kartify_") and name.partition(".")[0] != module.name.partition(".")[0]
    }
    assert wrong == set()


def test_nothing_in_the_core_imports_a_plugin_by_name(core):
    wrong = {(module.name, name) for module in core for name in module.imports if name.startswith("kartify_")}
    assert {one for one in wrong if not one[0].startswith("kartify.demo")} == set()


def test_no_import_hides_in_a_function(modules):
    wrong = {
        (module.name, function.name)
        for module in modules
        for function in module.functions
        if any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(function))
    }
    assert wrong == set()


def test_no_circle_among_the_modules_of_the_core(core):
    known = {module.name.removesuffix(".__init__"): module for module in core}
    graph = {name: _needed(module, known) - {name} for name, module in known.items()}
    while True:
        free = {name for name, needs in graph.items() if not needs & graph.keys()}
        if not free:
            break
        graph = {name: needs for name, needs in graph.items() if name not in free}
    assert graph == {}


def _needed(module, known) -> set[str]:
    found = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{one.name}" for one in node.names}
            found |= (inner & known.keys()) or ({node.module} & known.keys())
        elif isinstance(node, ast.Import):
            found |= {one.name for one in node.names} & known.keys()
    return found
