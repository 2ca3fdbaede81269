"""A throw-away Django project, so that a test can bring migrations of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

from tests.support import processes
from tests.support.database import ROOT, Database

SETTINGS = """\
from config.environment import database

SECRET_KEY = "throw-away"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {{"default": database({url!r})}}
INSTALLED_APPS = {apps!r}
{extra}
"""
MODELS = "from django.db import models\n\n"
MIGRATION = """\
from django.db import migrations, models

from livemigrations import operations as live
"""


@dataclass
class Project:
    """A folder with ``manage.py``-like settings; only ``livemigrations`` and the test's apps are installed."""

    folder: Path
    database: Database
    extra: str = ""
    live: bool = True
    apps: tuple[str, ...] = ()

    def app(self, label: str, *, models: str = "", migrations: Mapping[str, str]) -> Project:
        """Write an app: the text of its models and of its migrations by name.

        A migration is the text of its class, ``migrations``, ``models`` and ``live`` are imported for it.
        """
        home = self.folder / label
        (home / "migrations").mkdir(parents=True, exist_ok=True)
        for package in (home, home / "migrations"):
            (package / "__init__.py").write_text("")
        (home / "models.py").write_text(MODELS + dedent(models))
        for name, text in migrations.items():
            self.migration(label, name, text)
        self.apps = tuple(dict.fromkeys([*self.apps, label]))
        return self._settings()

    def migration(self, label: str, name: str, text: str) -> Project:
        """Write one migration, or write it again with another text."""
        (self.folder / label / "migrations" / f"{name}.py").write_text(MIGRATION + dedent(text))
        return self

    def without(self, label: str) -> Project:
        """Forget an app, as a release does that no longer has it."""
        self.apps = tuple(app for app in self.apps if app != label)
        return self._settings()

    def manage(
        self, *arguments: str, check: bool = True, env: Mapping[str, str] | None = None, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run a management command in a process of its own; with ``check`` it must exit with 0."""
        done = processes.run(self.command(*arguments), cwd=self.folder, env=self.environment(env), timeout=timeout)
        if check and done.returncode:
            raise AssertionError(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done

    def popen(self, *arguments: str, env: Mapping[str, str] | None = None, **options: Any) -> subprocess.Popen[str]:
        """Start a management command and return the process; its output is one pipe unless told otherwise."""
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return processes.popen(
            self.command(*arguments), cwd=self.folder, env=self.environment(env), **(pipes | options)
        )

    def command(self, *arguments: str) -> list[str]:
        """The command line of a management command."""
        return [sys.executable, "-m", "django", *arguments]

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a process that works on this project."""
        kept = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
        path = os.pathsep.join([str(self.folder), str(ROOT)])
        return {**kept, "PYTHONPATH": path, "DJANGO_SETTINGS_MODULE": "throwaway", **(extra or {})}

    def _settings(self) -> Project:
        apps = [*(["livemigrations"] if self.live else []), *self.apps]
        text = SETTINGS.format(url=self.database.url, apps=apps, extra=dedent(self.extra))
        (self.folder / "throwaway.py").write_text(text)
        return self


def project(database: Database, folder: Path, *, extra: str = "", live: bool = True) -> Project:
    """Make a project in ``folder`` on ``database``.

    ``extra`` is text appended to its settings; without ``live`` it has Django's own ``migrate``.
    """
    return Project(folder, database, extra, live)
