"""Row counts and checksums of tables: equal exactly if the rows are, in whatever order they lie on the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import NamedTuple

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch, relation
from livemigrations.statements.names import Name, identifier

# What decides how PostgreSQL writes a value. With row_security off a policy that hides rows is an error.
TEXT_FORM = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "search_path": "pg_catalog",
    "row_security": "off",
    "statement_timeout": "0",
    "transaction_timeout": "0",
}
_TABLES = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1, 2
"""
_SUM = """
SELECT count(*), coalesce(sum(('x' || encode(substr(sha256(convert_to(({row})::text, {encoding})), 1, 8), 'hex'))::bit(64)::bigint), 0)
FROM {table} r
"""
# Bytes without an encoding are nobody's UTF-8 and are taken as they are.
_ENCODING = "CASE getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END"
_INHERITED = """
SELECT n.nspname, c.relname, array_agg(a.attname ORDER BY a.attnum)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind = 'r' AND NOT c.relispartition AND EXISTS (SELECT 1 FROM pg_inherits i WHERE i.inhrelid = c.oid)
GROUP BY 1, 2
"""


class TableSum(NamedTuple):
    """The number of rows of a table and their checksum, 16 hexadecimal digits.

    ``columns`` is the order in which they were read where a dump does not keep it; empty is the table's own order.
    """

    rows: int
    checksum: str
    columns: tuple[str, ...] = ()

    def is_like(self, other: TableSum | None) -> bool:
        """Whether the rows are the same."""
        return other is not None and self[:2] == other[:2]


def ordinary_tables(connection: BaseDatabaseWrapper) -> list[Name]:
    """The tables of all schemas that hold rows themselves; those of extensions are left out."""
    return [Name(schema, name) for schema, name in fetch(connection, _TABLES)]


def inherited_columns(connection: BaseDatabaseWrapper) -> dict[Name, tuple[str, ...]]:
    """The columns, in their order, of the tables that inherit: a dump may put those of the parent first."""
    return {Name(schema, name): tuple(columns) for schema, name, columns in fetch(connection, _INHERITED)}


def checksums(
    connection: BaseDatabaseWrapper,
    tables: Iterable[Name] | None = None,
    *,
    columns: Mapping[Name, tuple[str, ...]] | None = None,
    told: Callable[[Name], None] | None = None,
) -> dict[Name, TableSum]:
    """Row count and checksum of each table (None: of all ordinary tables), one scan each, in bounded memory.

    A checksum is the sum, modulo 2**64, of the first 64 bits of the SHA-256 of each row as text, all columns in
    their order, or in that of ``columns``. The text is the same whatever the session's time zone, date style and so
    on, and on every version. A partitioned table counts the rows of its partitions. ``told`` is given each table
    before its scan.
    """
    wanted = ordinary_tables(connection) if tables is None else list(tables)
    scanned = {table: _scanned(connection, table) for table in wanted}
    orders = columns or {}
    sums = {}
    with text_form(connection):
        for table, text in scanned.items():
            if told is not None:
                told(table)
            order = orders.get(table, ())
            row = f"ROW({', '.join(f'r.{identifier(column)}' for column in order)})" if order else "r.*"
            rows, total = fetch(connection, _SUM.format(row=row, encoding=_ENCODING, table=text))[0]
            sums[table] = TableSum(int(rows), f"{int(total) % 2**64:016x}", order)
    return sums


def _scanned(connection: BaseDatabaseWrapper, table: Name) -> str:
    found = relation(connection, table)
    if found is None:
        return str(table)  # PostgreSQL says best that it is not there
    name = Name(found.schema, found.name)
    return str(name) if found.is_partitioned else f"ONLY {name}"


@contextmanager
def text_form(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Have values written the same way everywhere inside the block, then as before."""
    before = fetch(
        connection,
        "SELECT w, current_setting(w) FROM unnest(%s::text[]) w WHERE current_setting(w, true) IS NOT NULL",
        [list(TEXT_FORM)],
    )
    wanted = {name: TEXT_FORM[name] for name, _ in before}
    try:
        _set(connection, list(wanted), list(wanted.values()))
        yield
    except BaseException:
        with suppress(Error):
            _set(connection, *zip(*before, strict=True))
        raise
    _set(connection, *zip(*before, strict=True))


def _set(connection: BaseDatabaseWrapper, names: Iterable[str], values: Iterable[str]) -> None:
    fetch(
        connection,
        "SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) AS wanted (name, value)",
        [list(names), list(values)],
    )
