"""The docs say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from flask import Flask

from kartify import docs, plugin
from kartify.admin import cron_look
from kartify.cli import COMMANDS, main
from kartify.flows.ticking.core_crons import CORE
from kartify.flows.ticking.cron_words import OF_ACCOUNTS, words
from kartify.languages import init_languages
from kartify.models import Run, table
from kartify.testing.kit import MAY_LACK

ROOT = Path(__file__).parents[2]


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_settings_page_is_written_from_the_code():
    assert page("docs/settings.md") == docs.settings_page(), "run make docs"


def test_the_contract_page_is_written_from_the_code():
    assert page("docs/plugins/contract.md") == docs.contract_page(), "run make docs"


def test_the_contract_page_names_everything_that_a_plugin_may_import():
    text = page("docs/plugins/contract.md")
    assert [name for name in plugin.__all__ if name not in text] == []


def test_the_kits_page_names_everything_that_a_gateway_may_lack():
    text = page("docs/plugins/kit.md")
    assert [name for name in MAY_LACK if f"`{name}`" not in text] == []


def test_every_command_stands_in_the_contract():
    text = page("docs/architecture.md")
    missing = [name for name in COMMANDS if f"kartify {name}" not in text and f"|{name}" not in text.replace("\\", "")]
    assert missing == []


def test_the_readme_gives_the_two_commands_and_names_files_that_exist():
    text = page("README.md")
    assert "make run" in text
    assert "make test" in text
    links = re.findall(r"\]\(([^)#]+)\)", text)
    assert links
    assert [link for link in links if not link.startswith("http") and not (ROOT / link).exists()] == []


def test_every_target_that_the_readme_names_is_in_the_makefile():
    targets = set(re.findall(r"^([a-z]+):", page("Makefile"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)`", page("README.md"))) <= targets


def test_the_crons_page_explains_every_state_a_run_may_end_in():
    check = next(one for one in table(Run).constraints if one.name and "state" in str(one.name))
    states = set(re.findall(r"'(\w+)'", str(check.sqltext))) - {"waiting", "running"}
    assert [state for state in states if f"| {state} |" not in page("docs/crons.md")] == []


def test_the_crons_page_tells_of_every_cron_what_the_admin_tells():
    text = page("docs/crons.md")
    told = [*OF_ACCOUNTS.values(), *(words(name) for name in CORE)]
    assert len(told) >= 4
    assert [one.title for one in told if f"**{one.title.lower()}**" not in text.lower()] == []
    of_core = [words(name).about.rstrip(".") for name in CORE]
    assert [about for about in of_core if about[:1].lower() + about[1:] not in text] == []
    app = Flask("kartify")
    init_languages(app)
    with app.test_request_context("/admin/"):
        rows = [(one.title, cron_look.rhythm(one.schedule)) for one in CORE.values()]
    assert [row for row in rows if f"**{row[0]}** (kartify's own, {row[1]})" not in text] == []


def test_every_plugin_has_a_readme_that_names_its_settings():
    for path in sorted(ROOT.glob("plugins/*/*/pyproject.toml")):
        assert "api_base" in (path.parent / "README.md").read_text(encoding="utf-8"), path.parent.name


def commands_of(path: Path) -> list[str]:
    """The lines of code blocks that call kartify."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return [line.partition("kartify ")[2] for line in lines if re.match(r"(\.venv/bin/)?kartify ", line)]


PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("plugins/*/*/README.md"))]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_in_a_page_is_one_with_the_options_that_it_names(path):
    for line in commands_of(path):
        words = line.partition("#")[0].partition("|")[0].split()
        command = main
        while isinstance(command, click.Group) and words:
            found = command.get_command(click.Context(command), words.pop(0))
            assert found is not None, line
            command = found
        known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
        assert [word for word in words if word.startswith("--") and word.partition("=")[0] not in known] == [], line


def test_the_afternoons_page_names_commands_at_all():
    assert len(commands_of(ROOT / "docs/plugins/afternoon.md")) > 6


def test_every_gateway_but_the_sandbox_has_a_page_for_operators():
    slugs = {path.parent.name for path in ROOT.glob("plugins/gateways/*/pyproject.toml")} - {"sandbox"}
    assert slugs == {path.stem for path in ROOT.glob("docs/gateways/*.md")}
