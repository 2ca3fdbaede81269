"""Apps of migrations that are written, linted and forgotten inside of one process, without any database."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from textwrap import dedent, indent

from django.apps import apps
from django.db import connections
from django.test import override_settings

from livemigrations.review.lint import Engine, Finding, Report, Request, choice, lint

_NUMBERS = count()
HEAD = '''\
"""One of a test's migrations."""

import uuid

from django.contrib.postgres import constraints, fields, functions, indexes, operations as pg
from django.db import migrations, models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Lower, Now

from livemigrations import operations as live
from core.db.functions import TransactionNow

{extra}
class Migration(migrations.Migration):
    {attributes}
    dependencies = {dependencies!r}
    operations = [
{operations}
    ]
'''
BASE = """
migrations.CreateModel(
    "Thing",
    [
        ("id", models.BigAutoField(primary_key=True)),
        ("name", models.CharField(max_length=20, null=True)),
        ("code", models.CharField(max_length=10)),
        ("n", models.IntegerField(null=True)),
        ("kind", models.CharField(max_length=10, default="a", null=True)),
        ("source", models.CharField(max_length=10, db_default="web")),
    ],
    options={"indexes": [models.Index(fields=["n"], name="thing_n")]},
),
migrations.CreateModel("Part", [
    ("id", models.BigAutoField(primary_key=True)),
    ("thing", models.ForeignKey("{label}.thing", models.CASCADE)),
    ("amount", models.IntegerField(null=True)),
]),
"""


class Shelf:
    """One app in a folder; each text of operations becomes a migration behind the one before."""

    def __init__(self, folder: Path) -> None:
        self.label = f"shelf{next(_NUMBERS)}"
        self.home = folder / self.label
        (self.home / "migrations").mkdir(parents=True)
        for package in (self.home, self.home / "migrations"):
            (package / "__init__.py").write_text("")
        (self.home / "models.py").write_text(
            "from django.db import models\n\n\nclass Today(models.Model):\n    n = models.IntegerField()\n"
        )
        self.names: list[str] = []
        self.add(BASE)

    def add(
        self, operations: str, attributes: str = "initial = False", extra: str = "", after: str | None = None
    ) -> str:
        """Write the next migration and return its name."""
        name = f"{len(self.names) + 1:04}_step"
        previous = [(self.label, after or self.names[-1])] if self.names else []
        text = HEAD.format(
            attributes=attributes,
            extra=dedent(extra).format(label=self.label) if extra else "",
            dependencies=previous,
            operations=indent(dedent(operations).strip("\n").replace("{label}", self.label), " " * 8),
        )
        (self.home / "migrations" / f"{name}.py").write_text(text)
        self.names.append(name)
        return name

    @property
    def newest(self) -> Path:
        """The file of the migration that was written last."""
        return self.home / "migrations" / f"{self.names[-1]}.py"

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Have Django know the app, and no other of the project."""
        sys.path.insert(0, str(self.home.parent))
        importlib.invalidate_caches()
        shutil.rmtree(self.home / "migrations" / "__pycache__", ignore_errors=True)
        try:
            with override_settings(INSTALLED_APPS=["livemigrations", self.label], BASE_DIR=self.home.parent):
                yield
        finally:
            sys.path.remove(str(self.home.parent))
            apps.all_models.pop(self.label, None)
            for module in [name for name in sys.modules if name.partition(".")[0] == self.label]:
                del sys.modules[module]

    def lint(
        self, engine: Engine = Engine.LIVE, *, enable: tuple[str, ...] = (), disable: tuple[str, ...] = ()
    ) -> Report:
        """Lint the app from its files; a connection to the database is never made."""
        connections["default"].close()
        with self.installed():
            report = lint(connections["default"], Request(), choice(engine, enable, disable))
        assert connections["default"].connection is None
        return report

    def found(self, engine: Engine = Engine.LIVE, *, enable: tuple[str, ...] = ()) -> list[Finding]:
        """What is found in the migrations behind the first one."""
        base = f"{self.label}.{self.names[0]}"
        return [finding for finding in self.lint(engine, enable=enable).findings if finding.migration != base]
