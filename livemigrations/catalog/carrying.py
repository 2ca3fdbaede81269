"""The statements that carry a column's values to where they are kept, a page each; the shape of all such pages.

Pages follow the key (keyset pagination): each begins behind the last row of the one before. Each answers one row: how many rows the page had, how many were written, the last key (texts) or NULL.
"""

from __future__ import annotations

from livemigrations.catalog.kept import Kept
from livemigrations.catalog.keys import KeyColumn, behind
from livemigrations.statements.names import identifier


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
    into, other = "", ""
    if line.became:
        columns += f", {identifier(line.became)}"
        into, other = ", became", f", page.{identifier(line.became)}"
    where = "" if nulls else f" WHERE {value} IS NOT NULL"
    return page_sql(
        f"SELECT {columns} FROM {line.origin}", key, position, limit,
        f"INSERT INTO {line.table} ({names}, value{into}) SELECT {source}, {value}{other} FROM page{where}"
        f" ON CONFLICT ({names}) DO NOTHING RETURNING 1",
    )  # fmt: skip


def page_sql(
    read: str, key: list[KeyColumn], position: list[str] | None, limit: int | None, write: str, between: str = ""
) -> str:
    """The statement that reads a page (``raw``), makes ``page`` of it, and writes that.

    ``between`` are the parts of the WITH that make ``page``; without them it is what was read.
    """
    names = [column.quoted for column in key]
    ordered = f"ORDER BY {', '.join(names)}" if names else ""
    backwards = ", ".join(f"{name} DESC" for name in names)
    last = f"(SELECT ARRAY[{', '.join(f'{name}::text' for name in names)}] FROM raw ORDER BY {backwards} LIMIT 1)"
    bound = f" WHERE {behind(key, position)} {ordered} LIMIT {limit}" if limit is not None else ""
    return (
        f"WITH RECURSIVE raw AS MATERIALIZED ({read}{bound}), {between or 'page AS (SELECT * FROM raw), '}"
        f"written AS ({write})"
        f" SELECT (SELECT count(*) FROM raw), (SELECT count(*) FROM written), {last if names else 'NULL'}"
    )
