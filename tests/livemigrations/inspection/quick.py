"""A throw-away project that reports both outputs of a command as one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.livemigrations.site import Site
from tests.support.database import Database


class QuickSite(Site):
    """A site whose ``stdout`` and ``stderr`` are the same text: standard output, followed by standard error."""

    def manage(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a management command in a process of its own."""
        done = super().manage(*arguments, **options)
        both = done.stdout + done.stderr
        return subprocess.CompletedProcess(done.args, done.returncode, both, both)


@contextmanager
def quick_site(folder: Path, database: Database) -> Iterator[QuickSite]:
    """A site on a fresh database that is not empty."""
    with database.connect() as connection:
        connection.execute("CREATE TABLE older (id int)")
    site = QuickSite(folder, database)
    site.install()
    yield site
