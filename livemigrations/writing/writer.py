"""Django's writer of migration files, with docstring, sprint and stage."""

from __future__ import annotations

import re
import sys
from typing import Any

from django.db.migrations import Migration
from django.db.migrations.writer import MigrationWriter

from livemigrations.translation.render import short_names
from livemigrations.writing.docstrings import docstring

_CLASS = "class Migration(migrations.Migration):\n"
_IMPORT = re.compile(r"^import livemigrations\.operations\.\w+\n", re.MULTILINE)


class SafeMigrationWriter(MigrationWriter):
    """Writes what Django's writer writes, and what a migration says of itself."""

    def as_string(self) -> str:
        """The content of the file."""
        head, rest = _headless(_with_live(super().as_string()))
        said = _kept_docstring(self.migration) or docstring(self.migration)
        return f"{head}{_quoted(said)}\n\n{_with_attributes(self.migration, rest)}"


def _headless(text: str) -> tuple[str, str]:
    """The comment lines at the top, and the rest."""
    lines = text.splitlines(keepends=True)
    first = next((number for number, line in enumerate(lines) if line.strip() and not line.startswith("#")), 0)
    return "".join(lines[:first]), "".join(lines[first:])


def _quoted(text: str) -> str:
    safe = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'"""{safe.rstrip()}\n"""'


def _with_live(text: str) -> str:
    """The operations of this package by the name that one writes."""
    shortened = short_names(text)
    if shortened == text:
        return text
    bare = _IMPORT.sub("", shortened)
    return re.sub(
        r"(from django\.db import migrations[^\n]*\n)",
        r"\1\nfrom livemigrations import operations as live\n",
        bare,
        count=1,
    )


def _with_attributes(migration: Migration, text: str) -> str:
    """``sprint`` and ``stage`` as the first lines of the class."""
    values: list[tuple[str, Any]] = [(name, getattr(migration, name, None)) for name in ("sprint", "stage")]
    lines = "".join(f"    {name} = {_literal(value)}\n" for name, value in values if value is not None)
    return text.replace(_CLASS, f"{_CLASS}{lines}", 1)


def _literal(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _kept_docstring(migration: Migration) -> str | None:
    """What the file of a migration that is written again says already."""
    module = type(migration).__module__
    is_file = module.rpartition(".")[2][:4].isdigit()
    return getattr(sys.modules.get(module), "__doc__", None) if is_file else None
