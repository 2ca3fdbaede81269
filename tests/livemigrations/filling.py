"""Rows for tables of any definition, so many that the engine takes them for populated."""

from __future__ import annotations

from typing import Any

ROWS = 2000

VALUES = {
    "bool": "(g % 2 = 0)",
    "int2": "(g % 30000)",
    "int4": "g",
    "int8": "g",
    "float8": "g",
    "numeric": "(g % 90)",
    "text": "g::text",
    "varchar": "left(lpad(g::text, 12, 'x'), {length})",
    "bpchar": "left(g::text, {length})",
    "timestamptz": "now()",
    "timestamp": "now()::timestamp",
    "date": "current_date",
    "interval": "interval '1 hour'",
    "jsonb": "jsonb_build_object('n', g)",
    "json": "json_build_object('n', g)",
    "uuid": "md5(g::text)::uuid",
    "inet": "inet '127.0.0.1'",
    "bytea": "g::text::bytea",
    "int4range": "int4range(g * 10, g * 10 + 5)",
}

_COLUMNS = """
SELECT c.oid::regclass::text, a.attname, t.typname, t.typtype::text, a.atttypmod,
       (SELECT quote_literal(min(enumlabel)) FROM pg_enum WHERE enumtypid = t.oid)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
  AND a.attgenerated = '' AND c.relname NOT LIKE 'livemigrations%' AND c.relname <> 'django_migrations'
ORDER BY 1, a.attnum
"""


def fill(cursor: Any) -> list[str]:
    """Fill every empty table of the schema; return the names of those that have rows afterwards.

    Keys count from 1 everywhere, so that foreign keys meet their rows. A table whose own rules refuse such rows
    stays empty.
    """
    cursor.execute(_COLUMNS)
    tables: dict[str, dict[str, str]] = {}
    for table, *column in cursor.fetchall():
        value = _value(*column[1:])
        if value:
            tables.setdefault(table, {})[f'"{column[0]}"'] = value
    cursor.execute("SET session_replication_role = replica")
    filled = [table for table, columns in tables.items() if _fill(cursor, table, columns)]
    cursor.execute("RESET session_replication_role")
    return filled


def _value(kind: str, category: str, modifier: int, label: str | None) -> str:
    if category == "e":
        return f"{label}"
    if kind.startswith("_"):
        return "'{}'"
    return VALUES.get(kind, "").format(length=modifier - 4 if modifier > 4 else 100)


def _fill(cursor: Any, table: str, columns: dict[str, str]) -> bool:
    cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {table})")
    if cursor.fetchone()[0]:
        return True
    values = ", ".join(columns.values())
    statement = (
        f"INSERT INTO {table} ({', '.join(columns)}) OVERRIDING SYSTEM VALUE"
        f" SELECT {values} FROM generate_series(1, {ROWS}) g".replace("'", "''")
    )
    cursor.execute(
        f"DO $fill$ BEGIN EXECUTE '{statement}'; EXCEPTION WHEN integrity_constraint_violation THEN NULL; END $fill$"
    )
    cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {table})")
    return bool(cursor.fetchone()[0])
