"""Operations that adoption never runs on the database that it adopts: code, and changes of rows.

A migration whose code has run already would run a second time, and nothing in the catalog tells whether it has.
``live.SeedRows`` is no such operation: its rows are looked for by their key, and it changes no row that exists.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.db.migrations import operations as django_operations
from django.db.migrations.operations.base import Operation

from livemigrations.engine.planner import is_noop
from livemigrations.operations.rows import SeedRows

_KNOWN = ("django.db.migrations.operations", "django.contrib.", "livemigrations.", "pgtrigger.")
_FIRST_WORD = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*(\w+)", re.DOTALL)
_WRITES = {"INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "TRUNCATE", "WITH", "DO", "CALL", "EXECUTE"}
_READS = {"SELECT", "VALUES", "TABLE", "FETCH", "DECLARE"}
_CATALOG = re.compile(r"\bpg_|\binformation_schema\b", re.IGNORECASE)


def withheld(operation: Operation, sent: Iterable[str]) -> str:
    """Why adoption does not run an operation; empty if it may. ``sent`` are the statements that it sent when rehearsed.

    On an empty database code that works row by row sends only questions, so code is judged by its kind.
    """
    if is_noop(operation, backwards=False) or isinstance(operation, SeedRows):
        return ""
    if isinstance(operation, django_operations.RunPython):
        return "it is Python"
    if isinstance(operation, django_operations.RunSQL):
        return "it is SQL of its own" if operation.sql not in (django_operations.RunSQL.noop, [], ()) else ""
    texts = list(sent)
    if _is_custom(operation):
        return "it is an operation of the project's or a package's own" if texts else ""
    return "it changes rows" if any(_first_word(text) in _WRITES for text in texts) else ""


def reads_rows(sent: Iterable[str]) -> bool:
    """Whether any of the statements reads or writes rows of other tables than those of the catalog."""
    return any(
        (word := _first_word(text)) in _WRITES or (word in _READS and not _CATALOG.search(text)) for text in sent
    )


def _is_custom(operation: Operation) -> bool:
    """Whether the operation defines its own way forwards outside of Django and this package."""
    owner = next(one for one in type(operation).__mro__ if "database_forwards" in vars(one))
    return not owner.__module__.startswith(_KNOWN)


def _first_word(statement: str) -> str:
    found = _FIRST_WORD.match(statement)
    return found[1].upper() if found else ""
