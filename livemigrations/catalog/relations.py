"""Relations: do they exist, how large are they, does anything stand in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.statements.names import Name

USER_SCHEMA = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"  # of a pg_namespace called n


@dataclass(frozen=True, slots=True)
class Relation:
    """One table, view, index or sequence. ``rows`` is the planner's estimate, ``size`` is in bytes.

    The size of a table includes its partitions and the tables that inherit from it.
    """

    oid: int
    schema: str
    name: str
    kind: str
    rows: int
    size: int
    owner: str

    @property
    def is_partitioned(self) -> bool:
        return self.kind in ("p", "I")


_WHOLE_SIZE = """WITH RECURSIVE tree AS (SELECT c.oid AS oid
    UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree ON i.inhparent = tree.oid)
    SELECT coalesce(sum(pg_table_size(tree.oid)), 0)::bigint FROM tree"""


def fetch(
    connection: BaseDatabaseWrapper, sql: str, parameters: list[Any] | dict[str, Any] | None = None
) -> list[tuple[Any, ...]]:
    """Run a query and return all of its rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def relation_oid(connection: BaseDatabaseWrapper, table: str | Name) -> int | None:
    """The relation of that name as the search path finds it, or None."""
    name = str(table) if isinstance(table, Name) else connection.ops.quote_name(table)
    found = fetch(connection, "SELECT to_regclass(%s)::oid::bigint", [name])[0][0]
    return int(found) if found is not None else None


def relation(connection: BaseDatabaseWrapper, table: str | Name) -> Relation | None:
    """What the catalog says of a relation, or None."""
    oid = relation_oid(connection, table)
    if oid is None:
        return None
    rows = fetch(
        connection,
        "SELECT c.oid::bigint, n.nspname, c.relname, c.relkind::text, greatest(c.reltuples, 0)::bigint,"
        f" CASE WHEN c.relhassubclass THEN ({_WHOLE_SIZE}) ELSE pg_table_size(c.oid) END, pg_get_userbyid(c.relowner)"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = %s",
        [oid],
    )
    return Relation(*rows[0]) if rows else None


def has_rows(connection: BaseDatabaseWrapper, oid: int) -> bool:
    """Whether at least one row stands in a table. One whose rows may not be read, or all be seen, counts as populated."""
    rows = fetch(
        connection,
        "SELECT c.oid::regclass::text, has_table_privilege(c.oid, 'SELECT') AND NOT row_security_active(c.oid)"
        " FROM pg_class c WHERE c.oid = %s",
        [oid],
    )
    if not rows:
        return False
    name, readable = rows[0]
    if not readable:
        return True
    return bool(fetch(connection, f"SELECT EXISTS (SELECT 1 FROM {name})")[0][0])


def database_is_empty(connection: BaseDatabaseWrapper) -> bool:
    """Whether no user relation stands in the database but the books of Django and of this engine."""
    return bool(
        fetch(
            connection,
            "SELECT NOT EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'"
            f" WHERE {USER_SCHEMA}"
            " AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND d.objid IS NULL"
            " AND c.relname <> 'django_migrations' AND c.relname NOT LIKE 'livemigrations\\_%%')",
            [],
        )[0][0]
    )


def _names(connection: BaseDatabaseWrapper, condition: str, parameters: list[Any]) -> list[Name]:
    rows = fetch(
        connection,
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        f" WHERE {USER_SCHEMA} AND c.relkind IN ('r', 'p', 'm') AND {condition} ORDER BY 1, 2",
        parameters,
    )
    return [Name(schema, name) for schema, name in rows]


def relations_called(connection: BaseDatabaseWrapper, names: list[str]) -> list[Name]:
    """The tables with one of these names, in any schema."""
    return _names(connection, "c.relname = ANY (%s)", [names])


def relations_in_tablespace(connection: BaseDatabaseWrapper, tablespace: str) -> list[Name]:
    """The tables in a tablespace; the database's own one is stored as none."""
    condition = (
        "(SELECT t.oid FROM pg_tablespace t WHERE t.spcname = %s) = coalesce(nullif(c.reltablespace, 0),"
        " (SELECT dattablespace FROM pg_database WHERE datname = current_database()))"
    )
    return _names(connection, condition, [tablespace])


def relations_owned(connection: BaseDatabaseWrapper, roles: list[str]) -> list[Name]:
    """The tables of these roles; all tables for an empty list."""
    return _names(connection, "(%s = 0 OR pg_get_userbyid(c.relowner) = ANY (%s))", [len(roles), roles])


def owned_sequences(connection: BaseDatabaseWrapper, oid: int) -> list[Name]:
    """The sequences that belong to columns of a table."""
    rows = fetch(
        connection,
        "SELECT n.nspname, c.relname FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')"
        " AND d.refclassid = 'pg_class'::regclass AND d.refobjid = %s ORDER BY 1, 2",
        [oid],
    )
    return [Name(schema, name) for schema, name in rows]
