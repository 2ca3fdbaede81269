"""A snapshot of a schema by definition: what two databases are compared by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.definitions import read_table
from livemigrations.catalog.relations import fetch

_BOOKS = ("django_migrations",)

_RELATIONS = """
SELECT c.oid::bigint, c.relname, c.relkind::text, coalesce(pg_get_viewdef(c.oid), ''), coalesce(obj_description(c.oid), '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm') AND c.relname NOT LIKE 'livemigrations\\_%%'
ORDER BY 2
"""
_TRIGGERS = """
SELECT tgname, pg_get_triggerdef(oid), tgenabled::text FROM pg_trigger WHERE tgrelid = %s AND NOT tgisinternal ORDER BY 1
"""
_FUNCTIONS = """
SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
LEFT JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
WHERE n.nspname = current_schema() AND p.prokind IN ('f', 'p') AND d.objid IS NULL ORDER BY 1
"""
# The view pg_sequences asks each for its last value, and locks it until the end of the transaction for that.
_SEQUENCES = """
SELECT c.relname, s.seqtypid::regtype::text, s.seqstart, s.seqincrement
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = current_schema() AND c.relname NOT LIKE 'livemigrations\\_%%' ORDER BY 1
"""


def snapshot(connection: BaseDatabaseWrapper, *, books: bool = False) -> dict[str, Any]:
    """The current schema: tables with columns, indexes, constraints and triggers, views, functions, sequences.

    The engine's own tables are left out, and Django's record of migrations unless ``books``. Definitions are
    PostgreSQL's own texts, so two snapshots are equal exactly if the schemas are.
    """
    relations: dict[str, Any] = {}
    for oid, name, kind, view, comment in fetch(connection, _RELATIONS, []):
        if name in _BOOKS and not books:
            continue
        table = read_table(connection, oid)
        relations[name] = {
            "kind": kind,
            "view": view,
            "comment": comment,
            "columns": {column.name: str(column) for column in table.columns.values()},
            "indexes": {i.name: f"{i.definition}{'' if i.valid else ' INVALID'}" for i in table.indexes.values()},
            "constraints": {
                c.name: f"{c.body}{'' if c.validated else ' NOT VALID'}" for c in table.constraints.values()
            },
            "triggers": {row[0]: row[1:] for row in fetch(connection, _TRIGGERS, [oid])},
        }
    return {
        "relations": relations,
        "functions": dict(fetch(connection, _FUNCTIONS)),
        "sequences": {
            row[0]: row[1:]
            for row in fetch(connection, _SEQUENCES, [])
            if books or not row[0].startswith(tuple(f"{name}_" for name in _BOOKS))
        },
    }


def differences(one: Mapping[str, Any], other: Mapping[str, Any], path: str = "") -> list[str]:
    """The places where two snapshots differ, a line each."""
    found = []
    for key in sorted({*one, *other}, key=str):
        here = f"{path}.{key}" if path else str(key)
        if key not in one or key not in other:
            found.append(f"{here}: only in the {'second' if key not in one else 'first'}")
        elif isinstance(one[key], Mapping) and isinstance(other[key], Mapping):
            found += differences(one[key], other[key], here)
        elif one[key] != other[key]:
            found.append(f"{here}: {one[key]!r} != {other[key]!r}")
    return found
