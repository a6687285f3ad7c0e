"""The fakes of the doors and of the admin are used here together."""

from __future__ import annotations

import sys
from pathlib import Path

for folder in ("edges", "admin", "secrets"):
    sys.path.insert(0, str(Path(__file__).parents[1] / folder))
