"""The relations that PostgreSQL locks in ACCESS EXCLUSIVE mode when it drops something, with whatever depends on it."""

from __future__ import annotations

from collections.abc import Collection

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch
from livemigrations.statements.names import Name

# The queries that find what is dropped, as (catalog, oid, column); the name is their parameter.
_BY_NAME = {
    "type": "SELECT 'pg_type'::regclass::oid, to_regtype(%s)::oid, 0",
    "function": "SELECT 'pg_proc'::regclass::oid, oid, 0 FROM pg_proc WHERE proname = (parse_ident(%s))[1]",
    "function in schema": (
        "SELECT 'pg_proc'::regclass::oid, p.oid, 0 FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace,"
        " parse_ident(%s) AS named (parts) WHERE n.nspname = parts[1] AND p.proname = parts[2]"
    ),
    "schema": "SELECT 'pg_namespace'::regclass::oid, to_regnamespace(%s)::oid, 0",
    "extension": "SELECT 'pg_extension'::regclass::oid, oid, 0 FROM pg_extension WHERE quote_ident(extname) = %s",
    "relation": "SELECT 'pg_class'::regclass::oid, to_regclass(%s)::oid, 0",
    "statistics": (
        "SELECT 'pg_statistic_ext'::regclass::oid, s.oid, 0 FROM pg_statistic_ext s"
        " WHERE s.stxname = (parse_ident(%s))[array_length(parse_ident(%s), 1)]"
    ),
}
_TABLE = "SELECT 'pg_class'::regclass::oid, %s::oid, 0"
_COLUMN = (
    "SELECT 'pg_class'::regclass::oid, attrelid, attnum::int FROM pg_attribute"
    " WHERE attrelid = %s AND attname = %s AND NOT attisdropped"
)
_CONSTRAINT = "SELECT 'pg_constraint'::regclass::oid, oid, 0 FROM pg_constraint WHERE conrelid = %s AND conname = %s"

# Rows of pg_depend lead from an object to those that go with it; the other branches from an object to its relation.
_LOCKED = """
WITH RECURSIVE gone (class, object, part) AS (
    {start}
  UNION
    SELECT d.classid, d.objid, d.objsubid FROM gone g
    JOIN pg_depend d ON d.refclassid = g.class AND d.refobjid = g.object AND (g.part = 0 OR d.refobjsubid = g.part)
    LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
    WHERE d.deptype IN ('n', 'a', 'i', 'P', 'S', 'e', 'x')
      AND (k.oid IS NULL OR NOT (k.conrelid = %s AND k.conname = ANY (%s::text[])))
), held (relation) AS (
    SELECT object FROM gone WHERE class = 'pg_class'::regclass
  UNION SELECT unnest(ARRAY[k.conrelid, k.confrelid]) FROM gone JOIN pg_constraint k
    ON class = 'pg_constraint'::regclass AND object = k.oid
  UNION SELECT t.tgrelid FROM gone JOIN pg_trigger t ON class = 'pg_trigger'::regclass AND object = t.oid
  UNION SELECT r.ev_class FROM gone JOIN pg_rewrite r ON class = 'pg_rewrite'::regclass AND object = r.oid
  UNION SELECT a.adrelid FROM gone JOIN pg_attrdef a ON class = 'pg_attrdef'::regclass AND object = a.oid
  UNION SELECT p.polrelid FROM gone JOIN pg_policy p ON class = 'pg_policy'::regclass AND object = p.oid
  UNION SELECT s.stxrelid FROM gone JOIN pg_statistic_ext s
    ON class = 'pg_statistic_ext'::regclass AND object = s.oid
)
SELECT DISTINCT n.nspname, c.relname FROM held h JOIN pg_class c ON c.oid = h.relation
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.oid <> %s ORDER BY 1, 2
"""


def locked_with_table(connection: BaseDatabaseWrapper, oid: int) -> list[Name]:
    """The other relations that dropping a table locks."""
    return _locked(connection, _TABLE, [oid], oid)


def locked_with_column(
    connection: BaseDatabaseWrapper, oid: int, column: str, without: Collection[str] = ()
) -> list[Name]:
    """The other relations that dropping a column locks; ``without`` are constraints of the table that are gone."""
    return _locked(connection, _COLUMN, [oid, column], oid, without)


def locked_with_constraint(connection: BaseDatabaseWrapper, oid: int, constraint: str) -> list[Name]:
    """The other relations that dropping a constraint locks."""
    return _locked(connection, _CONSTRAINT, [oid, constraint], oid)


def locked_with(connection: BaseDatabaseWrapper, kind: str, name: str) -> list[Name]:
    """The relations that dropping something locks: kind is a key of ``_BY_NAME``, ``name`` is quoted."""
    query = _BY_NAME[kind]
    return _locked(connection, query, [name] * query.count("%s"), 0)


def _locked(
    connection: BaseDatabaseWrapper, start: str, values: list[object], oid: int, without: Collection[str] = ()
) -> list[Name]:
    rows = fetch(connection, _LOCKED.format(start=start), [*values, oid, list(without), oid])
    return [Name(schema, name) for schema, name in rows]
