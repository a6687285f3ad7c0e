"""``python -m kartify.migrations.regenerate``: writes the one initial revision anew from the models.

Only before the first release: afterwards a change of the models is a revision of its own (``flask db migrate``).
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from alembic import command

from kartify.database import make_engine
from kartify.migrations.run import HERE, config

REVISION = "0001"
VERSIONS = HERE / "versions"


def regenerate(versions: Path = VERSIONS) -> Path:
    """From an empty database to the models; an own folder leaves the project's revision alone."""
    for old in versions.glob("*.py"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite:///{folder}/empty.db")
        made = config(engine)
        made.set_main_option("version_locations", str(versions))
        command.revision(made, "initial", autogenerate=True, rev_id=REVISION, version_path=str(versions))
        engine.dispose()
    return next(versions.glob("*.py"))


if __name__ == "__main__":
    print(regenerate())  # noqa: T201
