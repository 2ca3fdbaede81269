"""Foreign keys around a table."""

from __future__ import annotations

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


def joined_by_column(connection: BaseDatabaseWrapper, oid: int, column: str) -> list[Name]:
    """The other tables that foreign keys over a column join to its own, in either direction."""
    rows = fetch(
        connection,
        "SELECT DISTINCT n.nspname, c.relname FROM pg_constraint f"
        " JOIN pg_attribute a ON a.attrelid = %s AND a.attname = %s AND NOT a.attisdropped"
        " JOIN pg_class c ON c.oid = CASE WHEN f.conrelid = a.attrelid THEN f.confrelid ELSE f.conrelid END"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE f.contype = 'f' AND c.oid <> a.attrelid AND (f.conrelid = a.attrelid AND a.attnum = ANY (f.conkey)"
        " OR f.confrelid = a.attrelid AND a.attnum = ANY (f.confkey)) ORDER BY 1, 2",
        [oid, column],
    )
    return [Name(schema, name) for schema, name in rows]


def referencing(connection: BaseDatabaseWrapper, oids: list[int]) -> list[Name]:
    """The tables with foreign keys to these tables, and those with foreign keys to them."""
    rows = fetch(
        connection,
        "WITH RECURSIVE found (oid) AS (SELECT unnest(%s::oid[]) UNION SELECT f.conrelid FROM pg_constraint f"
        " JOIN found ON f.confrelid = found.oid WHERE f.contype = 'f') SELECT n.nspname, c.relname FROM found"
        " JOIN pg_class c ON c.oid = found.oid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.oid <> ALL (%s::oid[]) ORDER BY 1, 2",
        [oids, oids],
    )
    return [Name(schema, name) for schema, name in rows]
