"""``make translations``: gathers the marked texts, brings each catalogue in step with them, and compiles it.

The files hold no moment, no line number and no path, so a catalogue changes when a text does and never else.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.plurals import get_plural
from babel.messages.pofile import read_po, write_po

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TEMPLATE = HERE / "messages.pot"
_NO_TIME = datetime(2026, 1, 1, tzinfo=UTC)


def gather(root: Path = ROOT, under: str = "") -> Catalog:
    """Every marked text of the checkout; ``under``: of the files whose path begins so."""
    with (root / "pybabel.cfg").open(encoding="utf-8") as config:
        methods, options = parse_mapping_cfg(config)
    found = Catalog(charset="utf-8")
    marked = extract_from_dir(str(root), methods, options, DEFAULT_KEYWORDS, directory_filter=_is_source)
    for name, _line, text, comments, context in marked:
        if name.startswith(under):
            found.add(text, auto_comments=comments, context=context)
    return found


def _is_source(folder: str) -> bool:
    name = Path(folder).name
    return not name.startswith((".", "_")) and name not in ("build", "dist", "tests", "plugins")


def catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parents[1].name, charset="utf-8")


def updated(path: Path, template: Catalog) -> Catalog:
    """Translations of texts that are still there; new ones are empty, none is guessed."""
    found = catalogue(path)
    found.update(template, no_fuzzy_matching=True)
    found.obsolete.clear()
    return found


def written(found: Catalog) -> str:
    """As the file has it."""
    out = io.BytesIO()
    write_po(out, found, width=118, omit_header=True, no_location=True, sort_output=True)
    return _head(found.locale) + out.getvalue().decode()


def _head(locale: Locale | None) -> str:
    told = ["Project-Id-Version: kartify", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: 8bit"]
    if locale is not None:
        forms = get_plural(locale)
        told += [f"Language: {locale}", f"Plural-Forms: nplurals={forms.num_plurals}; plural={forms.plural_expr};"]
    lines = "".join(f'"{line}\\n"\n' for line in told)
    return f'# Written by "make translations".\nmsgid ""\nmsgstr ""\n{lines}\n'


def is_translated(one: Message) -> bool:
    """A text with a plural has a string for each number."""
    return all(one.string) if isinstance(one.string, tuple | list) else bool(one.string)


def compiled(found: Catalog) -> bytes:
    """What is translated. What is not is shown in English."""
    whole = Catalog(locale=found.locale, charset="utf-8", creation_date=_NO_TIME, revision_date=_NO_TIME)
    for one in found:
        if one.id and is_translated(one):
            whole.add(one.id, one.string, context=one.context)
    out = io.BytesIO()
    write_mo(out, whole)
    return out.getvalue()


def catalogues() -> list[Path]:
    return sorted(HERE.glob("*/LC_MESSAGES/messages.po"))


def main() -> None:
    template = gather()
    TEMPLATE.write_text(written(template), encoding="utf-8")
    for path in catalogues():
        found = updated(path, template)
        path.write_text(written(found), encoding="utf-8")
        path.with_suffix(".mo").write_bytes(compiled(found))
