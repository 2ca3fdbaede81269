"""Partitions of a table."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch
from livemigrations.statements.names import Name


def leaf_partitions(connection: BaseDatabaseWrapper, oid: int) -> list[Name]:
    """The partitions that hold rows, by name."""
    rows = fetch(
        connection,
        "SELECT n.nspname, c.relname FROM pg_partition_tree(%s) p JOIN pg_class c ON c.oid = p.relid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE p.isleaf AND p.relid <> %s ORDER BY 1, 2",
        [oid, oid],
    )
    return [Name(schema, name) for schema, name in rows]
