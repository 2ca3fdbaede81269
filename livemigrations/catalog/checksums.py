"""Row counts and checksums of tables: equal exactly if the rows are, in whatever order they lie on the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch, relation
from livemigrations.statements.names import Name

# What decides how PostgreSQL writes a value. With row_security off a policy that hides rows is an error.
_TEXT_FORM = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "search_path": "pg_catalog",
    "row_security": "off",
    "statement_timeout": "0",
}
_TABLES = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1, 2
"""
_SUM = """
SELECT count(*), coalesce(sum(('x' || encode(substr(sha256(convert_to((r.*)::text, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint), 0)
FROM {table} r
"""


class TableSum(NamedTuple):
    """The number of rows of a table and their checksum, 16 hexadecimal digits."""

    rows: int
    checksum: str


def ordinary_tables(connection: BaseDatabaseWrapper) -> list[Name]:
    """The tables of all schemas that hold rows themselves; those of extensions are left out."""
    return [Name(schema, name) for schema, name in fetch(connection, _TABLES)]


def checksums(
    connection: BaseDatabaseWrapper,
    tables: Iterable[Name] | None = None,
    *,
    told: Callable[[Name], None] | None = None,
) -> dict[Name, TableSum]:
    """Row count and checksum of each table (None: of all ordinary tables), one scan each, in bounded memory.

    A checksum is the sum, modulo 2**64, of the first 64 bits of the SHA-256 of each row as text, all columns in
    their order. The text is the same whatever the session's time zone, date style and so on, and on every
    version. A partitioned table counts the rows of its partitions. ``told`` is given each table before its scan.
    """
    wanted = ordinary_tables(connection) if tables is None else list(tables)
    scanned = {table: _scanned(connection, table) for table in wanted}
    sums = {}
    with text_form(connection):
        for table, text in scanned.items():
            if told is not None:
                told(table)
            rows, total = fetch(connection, _SUM.format(table=text))[0]
            sums[table] = TableSum(int(rows), f"{int(total) % 2**64:016x}")
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
    before = fetch(connection, "SELECT name, current_setting(name) FROM unnest(%s::text[]) name", [list(_TEXT_FORM)])
    try:
        _set(connection, list(_TEXT_FORM), list(_TEXT_FORM.values()))
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
