"""``kartify plugins``: what is installed, whether it boots, and a new one from the template."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kartify import certificates, registry
from kartify.cli import template
from kartify.cli.certify import certify
from kartify.cli.output import columns, json_option, show
from kartify.registry import BrokenPlugins


@click.group()
def plugins() -> None:
    """See and check gateway and OMS plugins, or begin one."""


plugins.add_command(certify)


@plugins.command("list")
@json_option
def list_(as_json: bool) -> None:
    """What is installed, and from where."""
    found = registry.load()
    rows: list[dict[str, Any]] = [
        {"slug": slug, "kind": one.partner.kind, "name": one.partner.name, "package": one.distribution,
         "version": one.version, "simulator": slug in found.simulators,
         "certificate": certificates.standing(one.partner)[0]}
        for slug, one in sorted(found.partners.items())
    ]
    text = columns([(row["slug"], row["kind"], row["name"], f"{row['package']} {row['version']}", row["certificate"])
                    for row in rows])
    show(rows, as_json=as_json, text=text or "No plugin is installed.")


@plugins.command()
@json_option
def check(as_json: bool) -> None:
    """The checks of the boot. Exit code 1, and everything that is wrong, when a plugin cannot be used."""
    try:
        found = registry.load()
        problems: list[str] = []
        text = f"{len(found.partners)} plugins are fine: {', '.join(sorted(found.partners))}"
    except BrokenPlugins as broken:
        problems, text = broken.problems, str(broken)
    show({"ok": not problems, "problems": problems}, as_json=as_json, text=text)
    if problems:
        raise click.exceptions.Exit(1)


@plugins.command()
@click.argument("words", nargs=-1, required=True, metavar="gateway SLUG")
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), default=Path("."), show_default=True,
              help="The folder that the package's own folder is made in.")
@json_option
def new(words: tuple[str, ...], into: Path, as_json: bool) -> None:
    """Write a new gateway package SLUG: it installs, boots, passes the kit, and speaks to a made-up gateway."""
    if len(words) > 2 or (len(words) == 2 and words[0] != "gateway"):
        raise click.UsageError("expected: kartify plugins new gateway SLUG")
    slug = words[-1]
    folder = template.write(slug, into)
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    text = "\n".join([f"{folder}:", *(f"  {name}" for name in files), "", f"Next: pip install -e {folder}"])
    show({"folder": str(folder), "files": files}, as_json=as_json, text=text)
