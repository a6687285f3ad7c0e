"""``python -m kartify.translations``: gathers every marked text, brings the catalogues up to date, compiles them.

No dates and no machine's name are written, so the same code always gives the same files.
"""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parent
TEMPLATE: Final = HERE / "messages.pot"
METHODS: Final = [("**.py", "python"), ("**/templates/**.html", "jinja2.ext:babel_extract")]
# "_" and gettext; texts of the web pages stand in Python and in templates.
# A compiled file tells when it was made: the same moment each time.
ALWAYS: Final = datetime(2026, 1, 1, tzinfo=UTC)
KEYWORDS: Final = {"_": None, "gettext": None, "ngettext": (1, 2)}


def gathered() -> Catalog:
    """Every marked text, by where it stands."""
    found = Catalog(project="kartify", charset="utf-8")
    for name, _line, text, _comments, context in extract_from_dir(
        str(ROOT), METHODS, {"**/templates/**.html": {"encoding": "utf-8"}}, KEYWORDS
    ):
        if not name.startswith("cli/templates"):
            found.add(text, None, [(f"kartify/{name}", None)], context=context)  # type: ignore[list-item]
    return found


def written(catalog: Catalog) -> bytes:
    paper = BytesIO()
    write_po(paper, catalog, omit_header=True, sort_output=True, width=110, ignore_obsolete=True)
    return paper.getvalue()


def catalogues() -> list[Path]:
    return sorted(HERE.glob("*/LC_MESSAGES/messages.po"))


def updated(path: Path, template: Catalog) -> Catalog:
    with path.open("rb") as file:
        known = read_po(file, locale=path.parts[-3])
    known.update(template, no_fuzzy_matching=True)
    return known


def compiled(catalog: Catalog) -> bytes:
    paper = BytesIO()
    catalog.creation_date = catalog.revision_date = ALWAYS
    write_mo(paper, catalog)
    return paper.getvalue()


def main() -> None:
    template = gathered()
    TEMPLATE.write_bytes(written(template))
    for path in catalogues():
        catalog = updated(path, template)
        path.write_bytes(written(catalog))
        with path.open("rb") as file:
            path.with_suffix(".mo").write_bytes(compiled(read_po(file, locale=path.parts[-3])))


if __name__ == "__main__":
    main()
