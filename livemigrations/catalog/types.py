"""Types: the catalog's name of one, and the rules and tables of a domain."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch
from livemigrations.statements.names import Name


def named_type(connection: BaseDatabaseWrapper, spelled: str) -> str:
    """The type that SQL spells, with its length, as ``format_type`` spells it; unchanged if there is no such type."""
    rows = fetch(
        connection, "SELECT typtype::text, format_type(oid, NULL) FROM pg_type WHERE oid = to_regtype(%s)", [spelled]
    )
    if not rows:
        return spelled
    kind, plain = rows[0]
    if kind == "d":  # the server describes a domain by the type it is made of
        return str(plain)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT NULL::{spelled} LIMIT 0")
        result = cursor.cursor.pgresult
        assert result is not None
        cursor.execute("SELECT format_type(%s, %s)", [result.ftype(0), result.fmod(0)])
        return str(cursor.fetchone()[0])


def has_constraints(connection: BaseDatabaseWrapper, spelled: str) -> bool:
    """Whether a type is a domain with constraints of its own or of the domains that it is made of."""
    rows = fetch(
        connection,
        "WITH RECURSIVE made (oid) AS (SELECT to_regtype(%s)::oid UNION SELECT typbasetype FROM pg_type"
        " JOIN made USING (oid) WHERE typtype = 'd')"
        " SELECT bool_or(typtype = 'd' AND (typnotnull OR EXISTS (SELECT 1 FROM pg_constraint k WHERE k.contypid = t.oid)))"
        " FROM made JOIN pg_type t USING (oid)",
        [spelled],
    )
    return bool(rows and rows[0][0])


def tables_with(connection: BaseDatabaseWrapper, domain: str) -> list[Name]:
    """The tables with a column of a domain, of one that is made of it, or of an array or a row that holds it."""
    rows = fetch(
        connection,
        "WITH RECURSIVE made (oid) AS (SELECT to_regtype(%s)::oid UNION SELECT t.oid FROM pg_type t JOIN made"
        " ON t.typbasetype = made.oid OR t.typelem = made.oid OR EXISTS (SELECT 1 FROM pg_attribute a"
        " WHERE a.attrelid = t.typrelid AND a.atttypid = made.oid AND NOT a.attisdropped AND a.attnum > 0))"
        " SELECT DISTINCT n.nspname, c.relname FROM pg_attribute a JOIN made ON made.oid = a.atttypid"
        " JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE NOT a.attisdropped AND a.attnum > 0 AND c.relkind IN ('r', 'm') ORDER BY 1, 2",
        [domain],
    )
    return [Name(schema, name) for schema, name in rows]
