"""Partitions of a table."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch
from livemigrations.statements.names import Name


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition of any level. ``is_leaf`` says that it holds rows rather than partitions of its own."""

    name: Name
    parent: Name
    is_leaf: bool


def partitions(connection: BaseDatabaseWrapper, oid: int) -> list[Partition]:
    """The partitions of a table and theirs, those that have partitions before these."""
    rows = fetch(
        connection,
        "SELECT n.nspname, c.relname, m.nspname, r.relname, p.isleaf FROM pg_partition_tree(%s) p"
        " JOIN pg_class c ON c.oid = p.relid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_class r ON r.oid = p.parentrelid JOIN pg_namespace m ON m.oid = r.relnamespace"
        " WHERE c.relkind IN ('r', 'p') ORDER BY p.level, 1, 2",
        [oid],
    )
    return [Partition(Name(a, b), Name(c, d), is_leaf) for a, b, c, d, is_leaf in rows]


def parents_of(connection: BaseDatabaseWrapper, oid: int) -> list[Name]:
    """The table whose partition it is: dropping it locks that as well."""
    rows = fetch(
        connection,
        "SELECT n.nspname, p.relname FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent"
        " JOIN pg_namespace n ON n.oid = p.relnamespace JOIN pg_class k ON k.oid = i.inhrelid AND k.relispartition"
        " WHERE i.inhrelid = %s ORDER BY i.inhseqno",
        [oid],
    )
    return [Name(schema, name) for schema, name in rows]


def default_partition(connection: BaseDatabaseWrapper, oid: int) -> list[Name]:
    """The partition that takes what no other one does, if there is one."""
    rows = fetch(
        connection,
        "SELECT n.nspname, c.relname FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partdefid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE p.partrelid = %s",
        [oid],
    )
    return [Name(schema, name) for schema, name in rows]


def descendants(connection: BaseDatabaseWrapper, oid: int) -> list[int]:
    """The partitions of a table, or its children by inheritance, of any level: a lock on it is one on each of them."""
    rows = fetch(
        connection,
        "WITH RECURSIVE below (oid) AS (SELECT inhrelid FROM pg_inherits WHERE inhparent = %s"
        " UNION SELECT i.inhrelid FROM pg_inherits i JOIN below b ON i.inhparent = b.oid)"
        " SELECT oid::bigint FROM below ORDER BY 1",
        [oid],
    )
    return [int(row[0]) for row in rows]


def size_with_partitions(connection: BaseDatabaseWrapper, oid: int) -> tuple[int, int]:
    """The planner's estimate of the rows in a table and in its descendants, and their size in bytes."""
    rows = fetch(
        connection,
        "SELECT coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint, coalesce(sum(pg_table_size(c.oid)), 0)::bigint"
        " FROM pg_class c WHERE c.oid = ANY (%s)",
        [[oid, *descendants(connection, oid)]],
    )
    return int(rows[0][0]), int(rows[0][1])
