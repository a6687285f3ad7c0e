"""``make docs``: writes the parts of the docs that come from the code. The tests hold page and code together."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

from kartify import registry
from kartify.accounts import secret_names
from kartify.docs.contract import contract_page
from kartify.domain.render import refresh
from kartify.flows.settling.policy import StorePolicy
from kartify.plugin import hookspecs
from kartify.settings import Settings

DECISIONS, SETTINGS = Path("docs/decisions.md"), Path("docs/settings.md")
CONTRACT = Path("docs/plugins/contract.md")
MEANING = {
    "database_url": "`sqlite:///path` or `postgresql://…`",
    "redis_url": "`redis://…`, `rediss://…` or `unix://…`",
    "secret_keys": "Fernet keys, separated by commas: the first encrypts, all decrypt",
    "public_url": "how browsers, gateways and OMSes reach us; webhook and callback addresses begin with it",
    "host": "where the web server listens",
    "port": "where the web server listens",
    "home": "where the embedded stack keeps its data",
}


def _environment() -> Iterator[str]:
    yield "| variable | meaning | default |"
    yield "|---|---|---|"
    for name, field in Settings.model_fields.items():
        default = "none" if field.is_required() else f"`{field.default}`"
        yield f"| `KARTIFY_{name.upper()}` | {MEANING[name]} | {default} |"


def _policy() -> Iterator[str]:
    yield "| name | meaning | default |"
    yield "|---|---|---|"
    for name, field in StorePolicy.model_fields.items():
        yield f"| `{name}` | {field.description} | `{field.default}` |"


def _hooks() -> Iterator[str]:
    for name, hook in sorted(vars(hookspecs).items()):
        if hasattr(hook, "kartify_spec"):
            yield f"- `{name}{inspect.signature(hook)}`: {inspect.getdoc(hook)}"


def _accounts() -> Iterator[str]:
    partners = registry.load().partners
    for slug in sorted(partners):
        kind = partners[slug].partner
        secrets = secret_names(kind)
        yield f"### {slug}: {kind.name}"
        yield ""
        yield "| setting | meaning |"
        yield "|---|---|"
        for name, field in kind.Settings.model_fields.items():
            secret = "secret; " if name in secrets else ""
            needed = "needed; " if field.is_required() else ""
            yield f"| `{name}` | {needed}{secret}{field.description or field.title or ''} |"
        yield ""


def settings_page() -> str:
    """docs/settings.md as the code has it."""
    lines = [
        "# Settings", "", "Written from the code by `make docs`.", "",
        "## Environment", "",
        "Each can also be given as a file: `KARTIFY_SECRET_KEYS_FILE=/run/secrets/keys`. A file that is named but "
        "missing is an error.", "",
        *_environment(), "",
        "## A store's policy", "", "`kartify store set CODE name=value`; also `name`, `timezone` and `return_origins`.",
        "", *_policy(), "",
        "## Hooks of plugins", "", *_hooks(), "",
        "## Accounts", "",
        "`kartify account add STORE SLUG name=value …`; secrets as `name=@env:VARIABLE` or `name=-`.", "",
        *_accounts(),
    ]
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    """Run in the checkout's folder."""
    DECISIONS.write_text(refresh(DECISIONS.read_text(encoding="utf-8")), encoding="utf-8")
    SETTINGS.write_text(settings_page(), encoding="utf-8")
    CONTRACT.write_text(contract_page(), encoding="utf-8")

