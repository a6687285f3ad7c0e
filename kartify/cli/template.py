"""A new gateway package: the files under ``templates/gateway`` with the slug filled in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from kartify.domain.errors import Conflict, Invalid

_FILES: Final = Path(__file__).parent / "templates" / "gateway"
_SLUG: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")
_ENDING: Final = ".tmpl"


def write(slug: str, into: Path) -> Path:
    """The package's folder. Raises ``Invalid``, and ``Conflict`` where there is something already."""
    if not _SLUG.match(slug) or len(slug) > 32:
        raise Invalid("slug", "expected a-z, 0-9 and '-', beginning with a letter, at most 32")
    folder = into / slug
    if folder.exists():
        raise Conflict(f"{folder} is there already")
    names = {
        "@slug@": slug, "@module@": f"kartify_{slug.replace('-', '_')}",
        "@Class@": "".join(part.capitalize() for part in slug.split("-")),
    }
    for source in sorted(_FILES.rglob(f"*{_ENDING}")):
        target = folder / _filled(str(source.relative_to(_FILES)), names).removesuffix(_ENDING)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_filled(source.read_text("utf-8"), names), "utf-8")
    return folder


def _filled(text: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(name, value)
    return text
