"""Foreign keys around a table."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch, relation_oid
from livemigrations.statements.names import Name, identifier


@dataclass(frozen=True, slots=True)
class ForeignKeyFound:
    """A foreign key over one column, as the catalog has it."""

    name: str
    column: str
    table: str
    on_delete: str
    validated: bool


def foreign_keys(connection: BaseDatabaseWrapper, oid: int) -> list[ForeignKeyFound]:
    """The foreign keys of a table over a single column."""
    rows = fetch(
        connection,
        "SELECT f.conname, a.attname, c.relname, 'ON DELETE ' || CASE f.confdeltype WHEN 'c' THEN 'CASCADE'"
        " WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' WHEN 'r' THEN 'RESTRICT' ELSE 'NO ACTION' END,"
        " f.convalidated FROM pg_constraint f JOIN pg_class c ON c.oid = f.confrelid"
        " JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]"
        " WHERE f.conrelid = %s AND f.contype = 'f' AND cardinality(f.conkey) = 1 ORDER BY 1",
        [oid],
    )
    return [ForeignKeyFound(*row) for row in rows]


def referencing_columns(connection: BaseDatabaseWrapper, table: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """The foreign keys that point at ``table``: (quoted table, [(its column, column of ``table``), …])."""
    oid = relation_oid(connection, table)
    if oid is None:
        return []
    rows = fetch(
        connection,
        "SELECT n.nspname, c.relname, array_agg(a.attname ORDER BY k.i)::text[], array_agg(b.attname ORDER BY k.i)::text[]"
        " FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " CROSS JOIN LATERAL unnest(f.conkey, f.confkey) WITH ORDINALITY AS k(own, other, i)"
        " JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.own"
        " JOIN pg_attribute b ON b.attrelid = f.confrelid AND b.attnum = k.other"
        " WHERE f.contype = 'f' AND f.confrelid = %s GROUP BY f.oid, n.nspname, c.relname ORDER BY 1, 2",
        [oid],
    )
    return [(identifier(schema, name), list(zip(own, other, strict=True))) for schema, name, own, other in rows]


def neighbours(connection: BaseDatabaseWrapper, oid: int) -> list[Name]:
    """The tables that a foreign key joins to this one, in either direction: dropping it locks them as well."""
    rows = fetch(
        connection,
        "SELECT DISTINCT n.nspname, c.relname FROM pg_constraint f"
        " JOIN pg_class c ON c.oid = CASE WHEN f.conrelid = %s THEN f.confrelid ELSE f.conrelid END"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE f.contype = 'f' AND %s IN (f.conrelid, f.confrelid) AND c.oid <> %s",
        [oid, oid, oid],
    )
    return sorted(Name(schema, name) for schema, name in rows)


def referenced_by_constraint(connection: BaseDatabaseWrapper, oid: int, constraint: str) -> Name | None:
    """The other table of a foreign key, or None for constraints of another kind."""
    rows = fetch(
        connection,
        "SELECT n.nspname, c.relname FROM pg_constraint f JOIN pg_class c ON c.oid = f.confrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE f.conrelid = %s AND f.conname = %s AND f.contype = 'f'",
        [oid, constraint],
    )
    return Name(*rows[0]) if rows else None


def referenced_by_column(
    connection: BaseDatabaseWrapper, oid: int, column: str, without: Collection[str] = ()
) -> list[Name]:
    """The tables that foreign keys of a column point at; ``without`` are keys that count no more."""
    rows = fetch(
        connection,
        "SELECT DISTINCT n.nspname, c.relname FROM pg_constraint f JOIN pg_class c ON c.oid = f.confrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = ANY (f.conkey)"
        " WHERE f.conrelid = %s AND a.attname = %s AND f.contype = 'f' AND f.conname <> ALL (%s::text[])",
        [oid, column, list(without)],
    )
    return sorted(Name(schema, name) for schema, name in rows)
