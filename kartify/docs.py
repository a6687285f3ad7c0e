"""``make docs``: writes the parts of the docs that come from the code. The tests hold page and code together."""

from __future__ import annotations

from pathlib import Path

from kartify.domain.render import refresh

DECISIONS = Path("docs/decisions.md")


def main() -> None:
    """Run in the checkout's folder."""
    before = DECISIONS.read_text(encoding="utf-8")
    DECISIONS.write_text(refresh(before), encoding="utf-8")


if __name__ == "__main__":
    main()
