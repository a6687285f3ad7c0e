"""How names of states are told to people, and how personal data are covered for those who may not see them. Pure."""

from __future__ import annotations

import re
from typing import Final

_SPELLED: Final = {"oms": "OMS", "cod": "COD", "line1": "line 1", "line2": "line 2", "sku": "SKU"}
_MAIL = re.compile(r"[^\s@<>]+@([^\s@<>]+)")
_DIGITS = re.compile(r"\+?[0-9][0-9 -]{7,}[0-9]")


def words(name: str | None) -> str:
    """sent_unknown is "sent unknown", oms_refused is "OMS refused"."""
    return " ".join(_SPELLED.get(part, part) for part in (name or "–").split("_"))


def title(name: str | None) -> str:
    """The same, as a heading; abbreviations keep their capitals."""
    text = words(name)
    return text[:1].upper() + text[1:]


def mask_mail(text: str | None) -> str:
    return _MAIL.sub(lambda found: f"•••@{found[1]}", text) if text else "–"


def mask_phone(text: str | None) -> str:
    return f"••••••{text[-3:]}" if text and len(text) > 3 else "–"


def mask_name(text: str | None) -> str:
    return " ".join(f"{part[0]}•••" for part in text.split()) if text else "–"


def scrub(text: str | None, personal: bool) -> str:
    """Free text for someone who may not see personal data: mail addresses and telephone numbers are covered."""
    if personal or not text:
        return text or ""
    return _DIGITS.sub("••••••", mask_mail(text))
