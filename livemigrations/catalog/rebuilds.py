"""What PostgreSQL makes anew when a column gets another type, even one that leaves its rows as they are."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch


def collation_of(connection: BaseDatabaseWrapper, oid: int, column: str) -> str:
    """The collation of a column that is not its type's own; empty if it is, or if there is no such column."""
    rows = fetch(
        connection,
        "SELECT c.collname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid AND t.typcollation <> a.attcollation"
        " JOIN pg_collation c ON c.oid = a.attcollation WHERE a.attrelid = %s AND a.attname = %s",
        [oid, column],
    )
    return str(rows[0][0]) if rows else ""


def indexes_rebuilt(connection: BaseDatabaseWrapper, oid: int, column: str, *, other_collation: bool) -> list[str]:
    """The indexes over a column that are built anew, since they have expressions or a condition, or another order."""
    rows = fetch(
        connection,
        "SELECT DISTINCT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = %s"
        " JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum"
        " AND (d.objid = i.indexrelid OR d.objid = (SELECT k.oid FROM pg_constraint k WHERE k.conindid = i.indexrelid"
        " AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')))"
        " WHERE i.indrelid = %s AND (%s OR i.indexprs IS NOT NULL OR i.indpred IS NOT NULL) ORDER BY 1",
        [column, oid, other_collation],
    )
    return [row[0] for row in rows]


def checks_verified(connection: BaseDatabaseWrapper, oid: int, column: str) -> list[str]:
    """The CHECKs over a column: every row is read for them again."""
    rows = fetch(
        connection,
        "SELECT k.conname FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attname = %s"
        " WHERE k.conrelid = %s AND k.contype = 'c' AND k.convalidated AND a.attnum = ANY (k.conkey) ORDER BY 1",
        [column, oid],
    )
    return [row[0] for row in rows]
