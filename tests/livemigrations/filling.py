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
    "float4": "g",
    "text": "g::text",
    "citext": "lpad(g::text, 12, '0')::citext",
    "varchar": "right(lpad(g::text, 12, '0'), {length})",
    "bpchar": "right(g::text, {length})",
    "timestamptz": "(timestamptz '2026-01-02 03:04:05+00' + g * interval '1 hour')",
    "timestamp": "(timestamp '2026-01-02 03:04:05' + g * interval '1 hour')",
    "date": "(date '2026-01-02' + g)",
    "time": "(time '00:00' + g * interval '1 second')",
    "interval": "(g * interval '1 hour')",
    "jsonb": "jsonb_build_object('n', g)",
    "json": "json_build_object('n', g)",
    "uuid": "md5(g::text)::uuid",
    "inet": "inet '127.0.0.1'",
    "bytea": "g::text::bytea",
    "int4range": "int4range(g * 10, g * 10 + 5)",
    "int8range": "int8range(g * 10, g * 10 + 5)",
    "numrange": "numrange(g * 10, g * 10 + 5)",
    "daterange": "daterange(date '2026-01-02' + g * 10, date '2026-01-02' + g * 10 + 5)",
    "tstzrange": "tstzrange(timestamptz '2026-01-02Z' + g * interval '2 h', timestamptz '2026-01-02Z' + g * interval '2 h')",
    "tsvector": "to_tsvector('simple', g::text)",
    "hstore": "hstore('n', g::text)",
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
            tables.setdefault(table, {})[quoted(column[0])] = value
    cursor.execute("SET session_replication_role = replica")
    filled = [table for table, columns in tables.items() if _fill(cursor, table, columns)]
    cursor.execute("RESET session_replication_role")
    return filled


def contents(cursor: Any) -> dict[str, list[Any]]:
    """What stands in each table: the number of rows, and by column a sum that any order of the rows gives.

    Columns whose name begins with "now" are left out: no two runs give them the same value.
    """
    cursor.execute(_COLUMNS)
    tables: dict[str, list[str]] = {}
    for table, column, *_ in cursor.fetchall():
        tables.setdefault(table, [])
        if not column.startswith("now"):
            tables[table].append(column)
    found: dict[str, list[Any]] = {}
    for table, columns in tables.items():
        sums = [f"sum(hashtext({quoted(column)}::text)::bigint)" for column in columns]
        cursor.execute(f"SELECT {', '.join(['count(*)', *sums])} FROM {table}".replace("%", "%%"))
        count, *values = cursor.fetchone()
        found[table] = [count, dict(zip(columns, map(str, values), strict=True))]
    return found


def empty(cursor: Any) -> None:
    """Take away the rows of every table, one by one, so that triggers see them go; what refers to others goes first."""
    cursor.execute(_COLUMNS)
    left = {row[0] for row in cursor.fetchall()}
    cursor.execute("SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'")
    keys = [(own, other) for own, other in cursor.fetchall() if own != other]
    cursor.execute("BEGIN; SET CONSTRAINTS ALL DEFERRED")
    while left:
        targets = {other for own, other in keys if own in left}
        table = max(left - targets or left)
        cursor.execute(f"DELETE FROM {table}".replace("%", "%%"))
        left.remove(table)
    cursor.execute("COMMIT")


def quoted(name: str) -> str:
    """A name in quotes."""
    return '"{}"'.format(name.replace('"', '""'))


def _value(kind: str, category: str, modifier: int, label: str | None) -> str:
    if category == "e":
        return str(label)
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
