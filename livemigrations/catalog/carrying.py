"""The statements that carry rows between a table and what is kept of it, a page each.

Each answers one row: how many rows the page had, how many were written, the last key (texts) or NULL.
"""

from __future__ import annotations

from dataclasses import replace

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.kept import Kept
from livemigrations.catalog.keys import KeyColumn, Reference, behind, fits, references, same_row
from livemigrations.catalog.relations import fetch
from livemigrations.statements.names import identifier, literal


def own_key(key: list[KeyColumn]) -> list[KeyColumn]:
    """The key as the copy of a column names it: a column of the table might be called ``value`` as well."""
    return [KeyColumn(f"key_{number}", column.type) for number, column in enumerate(key, 1)]


def out_of_column(
    line: Kept, key: list[KeyColumn], *, nulls: bool, position: list[str] | None, limit: int | None
) -> str:
    """Copy a column's values. What is there already is newer: the trigger noted it."""
    own = own_key(key)
    names = ", ".join(column.quoted for column in own)
    source = ", ".join(f"page.{column.quoted}" for column in key)
    value = f"page.{identifier(line.attribute)}"
    columns = ", ".join([*(column.quoted for column in key), identifier(line.attribute)])
    where = "" if nulls else f" WHERE {value} IS NOT NULL"
    return _page(
        f"SELECT {columns} FROM {line.origin}", key, position, limit,
        f"INSERT INTO {line.table} ({names}, value) SELECT {source}, {value} FROM page{where}"
        f" ON CONFLICT ({names}) DO NOTHING RETURNING 1",
    )  # fmt: skip


def back_into_column(
    connection: BaseDatabaseWrapper,
    oid: int,
    line: Kept,
    key: list[KeyColumn],
    position: list[str] | None,
    limit: int,
    *,
    untouched: str = "TRUE",
) -> str:
    """Write kept values into the rows that still exist and differ; what a foreign key would refuse stays kept.

    ``untouched`` is the condition, on ``t``, that nobody wrote the column since it is there.
    """
    own = own_key(key)
    column = identifier(line.attribute)
    rows = " AND ".join(f"t.{a.quoted} = page.{b.quoted}" for a, b in zip(key, own, strict=True))
    keys = [key for key in references(connection, oid, itself=False) if key.own == (line.attribute,)]
    fitting = f"{fits([replace(key, own=('value',)) for key in keys], 'page')} AND {untouched}"
    if _is_not_null(connection, oid, line.attribute):  # a row that was deleted is noted with NULL
        fitting += " AND page.value IS NOT NULL"
    value = f"page.value{_cast(connection, line, oid, 'value', line.attribute)}"
    if line.narrowed_to:  # only values that nobody changed since
        fitting += f" AND t.{column}::{line.narrowed_to}::text = page.value::{line.narrowed_to}::text"
    return _page(
        f"SELECT * FROM {line.table}", own, position, limit,
        f"UPDATE {line.origin} t SET {column} = {value} FROM page WHERE {rows} AND {fitting}"
        f" AND t.{column}::text IS DISTINCT FROM page.value::text RETURNING 1",
    )  # fmt: skip


def left_of_column(line: Kept, key: list[KeyColumn]) -> str:
    """Count the kept values that are not in the table."""
    pairs = zip(key, own_key(key), strict=True)
    rows = " AND ".join(f"t.{a.quoted} = k.{b.quoted}" for a, b in pairs)
    same = f"t.{identifier(line.attribute)}::text IS NOT DISTINCT FROM k.value::text"
    if line.narrowed_to:
        same = "TRUE"
    return (
        f"SELECT count(*) FROM {line.table} k WHERE k.value IS NOT NULL"
        f" AND NOT EXISTS (SELECT 1 FROM {line.origin} t WHERE {rows} AND {same})"
    )


def back_into_table(
    connection: BaseDatabaseWrapper,
    oid: int,
    line: Kept,
    key: list[KeyColumn],
    position: list[str] | None,
    limit: int | None,
) -> str:
    """Insert kept rows that are not there and whose references exist. Without a ``limit`` all of them at once."""
    common = _common_columns(connection, oid, line)
    columns = ", ".join(map(identifier, common))
    values = ", ".join(identifier(name) + _cast(connection, line, oid, name, name) for name in common)
    fitting = fits(references(connection, oid, itself=False), "page")
    itself = references(connection, oid, itself=True)
    lost, stays = _lost(itself, line, fitting) if itself else ("", "TRUE")
    return _page(
        f"SELECT * FROM {line.table}", key, position, limit,
        f"INSERT INTO {line.origin} ({columns}) OVERRIDING SYSTEM VALUE SELECT {values} FROM page"
        f" WHERE {fitting} AND {stays} ON CONFLICT DO NOTHING RETURNING 1",
        lost,
    )  # fmt: skip


def _lost(itself: list[Reference], line: Kept, fitting: str) -> tuple[str, str]:
    """The rows that cannot return since a row that they refer to, over any number of rows, cannot either.

    Returns a part of a WITH RECURSIVE, and the condition that a row of ``page`` is none of them.
    """
    names = sorted({name for key in itself for name in (*key.own, *key.other)})
    columns = ", ".join(f"page.{identifier(name)}" for name in names)
    orphan = " OR ".join(
        f"NOT ({key.is_null('page')} OR EXISTS (SELECT 1 FROM {line.table} r WHERE {key.joins('page', 'r')})"
        f" OR EXISTS (SELECT 1 FROM {line.origin} r WHERE {key.joins('page', 'r')}))"
        for key in itself
    )
    refers = " OR ".join(key.joins("page", "lost") for key in itself)
    other = itself[0].other
    same = " AND ".join(f"lost.{identifier(name)} = page.{identifier(name)}" for name in other)
    part = (
        f"lost AS (SELECT {columns} FROM page WHERE NOT ({fitting}) OR {orphan}"
        f" UNION SELECT {columns} FROM page JOIN lost ON {refers}), "
    )
    return part, f"NOT EXISTS (SELECT 1 FROM lost WHERE {same})"


def left_of_table(line: Kept, key: list[KeyColumn]) -> str:
    """Count the kept rows that are not in the table."""
    return (
        f"SELECT count(*) FROM {line.table} k WHERE NOT EXISTS"
        f" (SELECT 1 FROM {line.origin} t WHERE {same_row(key, 't', 'k')})"
    )


def _common_columns(connection: BaseDatabaseWrapper, oid: int, line: Kept) -> list[str]:
    rows = fetch(
        connection,
        "SELECT a.attname FROM pg_attribute a JOIN pg_attribute k ON k.attrelid = to_regclass(%s)"
        " AND k.attname = a.attname AND NOT k.attisdropped"
        " WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum",
        [str(line.table), oid],
    )
    return [row[0] for row in rows]


def _is_not_null(connection: BaseDatabaseWrapper, oid: int, column: str) -> bool:
    sql = "SELECT attnotnull FROM pg_attribute WHERE attrelid = %s AND attname = %s"
    return any(row[0] for row in fetch(connection, sql, [oid, column]))


def _cast(connection: BaseDatabaseWrapper, line: Kept, oid: int, kept_as: str, column: str) -> str:
    """What makes a kept value one of the column, if that has another type by now; empty if it has not."""
    rows = fetch(
        connection,
        "SELECT format_type(a.atttypid, -1) FROM pg_attribute a JOIN pg_attribute k ON k.attrelid = to_regclass(%s)"
        " AND k.attname = %s WHERE a.attrelid = %s AND a.attname = %s AND a.atttypid <> k.atttypid",
        [str(line.table), kept_as, oid, column],
    )
    return f"::text::{rows[0][0]}" if rows else ""


def passed_over(line: Kept, key: list[KeyColumn], position: list[str] | None, limit: int) -> str:
    """A page of what is kept that is not written."""
    own = own_key(key) if line.attribute else key
    return _page(f"SELECT * FROM {line.table}", own, position, limit, "SELECT 1 WHERE false")


def sequences_sql(line: Kept) -> list[str]:
    """Move the sequences of a table on to where they were; one that is further already stays."""
    found = []
    for column, (last, called) in line.sequences.items():
        sequence = f"pg_get_serial_sequence({literal(str(line.origin))}, {literal(column)})"
        found.append(
            f"SELECT setval(s, greatest({int(last)}, coalesce(pg_sequence_last_value(s), 0)), {literal(bool(called))})"
            f" FROM (SELECT {sequence}::regclass AS s) q WHERE s IS NOT NULL"
            f" AND coalesce(pg_sequence_last_value(s), 0) < {int(last) + int(not called)}"
        )
    return found


def _page(
    read: str, key: list[KeyColumn], position: list[str] | None, limit: int | None, write: str, before: str = ""
) -> str:
    names = [column.quoted for column in key]
    ordered = f"ORDER BY {', '.join(names)}" if names else ""
    backwards = ", ".join(f"{name} DESC" for name in names)
    last = f"(SELECT ARRAY[{', '.join(f'{name}::text' for name in names)}] FROM page ORDER BY {backwards} LIMIT 1)"
    bound = f" WHERE {behind(key, position)} {ordered} LIMIT {limit}" if limit is not None else ""
    return (
        f"WITH RECURSIVE page AS MATERIALIZED ({read}{bound}), {before}written AS ({write})"
        f" SELECT (SELECT count(*) FROM page), (SELECT count(*) FROM written), {last if names else 'NULL'}"
    )
