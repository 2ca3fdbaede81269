"""What the single translator makes of an operation: whether the engine takes it apart by itself, and the safe code."""

from __future__ import annotations

from typing import Any

from django.db import migrations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from livemigrations import operations as live
from livemigrations.translation import from_django, writes_rows
from livemigrations.translation.render import proposal

_TAKEN_APART = (migrations.AddField, migrations.AlterField, live.SetNotNull, live.ChangeColumnType)


def _whatever(expression: Any) -> bool:
    """A default that calls anything counts as volatile: the engine asks the server, and is safe either way."""
    return hasattr(expression, "resolve_expression")


def is_taken_apart(app: str, operation: Operation, before: ProjectState) -> bool:
    """Whether the engine fills a large table in batches instead of writing all of its rows at once."""
    if type(operation) not in _TAKEN_APART or not writes_rows(operation, before, app, volatile=_whatever):
        return False
    parts = from_django(operation, before, app, volatile=_whatever)
    found = [inner for part in parts for inner in part.operations]
    if type(operation) is migrations.AlterField and any(isinstance(inner, live.ChangeColumnType) for inner in found):
        return False
    return len(found) > 1 and all(part.exact for part in parts) and all(inner.reduces_to_sql for inner in found)


def safer_code(app: str, operation: Operation, before: ProjectState) -> str:
    """The code to write instead, with the operation's own names; empty if there is none but the operation itself."""
    parts = from_django(operation, before, app)
    if [inner for part in parts for inner in part.operations] == [operation]:
        return ""
    try:
        return proposal(parts)
    except (ValueError, TypeError):  # a value that no migration could be written with
        return ""
