"""A throw-away project whose migrations are given as lists of operations."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from textwrap import dedent, indent
from typing import Any

from django.conf import settings

from config.environment import database as settings_of
from tests.support import processes
from tests.support.database import Database
from tests.support.project import Project

IMPORTS = """\
from django.contrib.postgres import constraints, fields, functions, indexes, operations
from django.db.models import F, Q, Value
from django.db.models.functions import Lower, Now
from core.db.functions import TransactionNow


class Migration(migrations.Migration):
    {attributes}
    dependencies = {dependencies!r}
    operations = [
{operations}
    ]
"""
SETUP = "import django, json\ndjango.setup()\n"


class Site(Project):
    """A project, and short ways to say what it migrates."""

    def shop(self, *operations: str, label: str = "shop", **attributes: str) -> Site:
        """Write an app of one migration for each text of operations: 0001_step, 0002_step, …

        ``attributes`` are further lines of a migration's class, by its name.
        """
        named = {f"{number:04}_step": text for number, text in enumerate(operations, 1)}
        texts: dict[str, str] = {}
        previous: list[tuple[str, str]] = []
        for name, text in named.items():
            texts[name] = IMPORTS.format(
                attributes=attributes.get(f"m{name[:4]}", "initial = False"),
                dependencies=previous,
                operations=indent(dedent(text).strip("\n"), " " * 8),
            )
            previous = [(label, name)]
        self.app(label, migrations=texts)
        return self

    def install(self, *apps: str) -> Site:
        """Have these apps installed and no others."""
        self.apps = apps
        self._settings()
        return self

    def set(self, line: str) -> Site:
        """Add a line to the settings."""
        self.extra += f"{line}\n"
        self._settings()
        return self

    def migrate(self, *arguments: str, check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run ``migrate`` without questions."""
        return self.manage("migrate", "--no-input", *arguments, check=check, **options)

    def refused(self, *arguments: str, code: int = 1, **options: Any) -> str:
        """Run a ``migrate`` that has to stop with this exit code; return what it says."""
        done = self.migrate(*arguments, check=False, **options)
        assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout + done.stderr

    def python(self, code: str, *, env: Mapping[str, str] | None = None) -> Any:
        """Run code with Django set up; return the last line that it prints, read as JSON."""
        command = [sys.executable, "-c", SETUP + dedent(code)]
        done = processes.run(command, cwd=self.folder, env=self.environment(env), timeout=300)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout.strip().splitlines()[-1])

    def steps(self, migration: str, direction: str = "forward") -> list[dict[str, Any]]:
        """The journal of a migration: the definition of each step, oldest first."""
        with self.database.connect() as connection:
            rows = connection.execute(
                "SELECT definition || jsonb_build_object('outcome', outcome, 'state', state)"
                " FROM livemigrations_step WHERE migration LIKE %s AND direction = %s ORDER BY id",
                [f"{migration}%", direction],
            )
            return [row[0] for row in rows]


def settings_for(database: Database) -> dict[str, Any]:
    """Return the entry of DATABASES for a test's database, complete enough for a connection of its own."""
    return {**settings.DATABASES["default"], **settings_of(database.url)}
