"""Questions asked before a constraint is added: which rows break it, how many, and what to do about them."""

from __future__ import annotations

import re

from livemigrations.engine.steps import RowCheck
from livemigrations.statements.names import Name, identifier
from livemigrations.statements.tokens import split_commas, tokens

SAMPLES = 5


def nulls(table: Name, column: str) -> RowCheck:
    """NULLs in a column that is to be NOT NULL."""
    name = identifier(column)
    where = f"FROM {table} t WHERE t.{name} IS NULL"
    return RowCheck(
        f"SELECT count(*) {where}",
        f"SELECT to_jsonb(t) {where} LIMIT {SAMPLES}",
        f"{{count}} rows of {table.plain} have NULL in {column}",
        f"UPDATE {table} SET {name} = … WHERE {name} IS NULL; then migrate again",
    )


def violations(table: Name, body: str) -> RowCheck | None:
    """Rows for which a CHECK is false, or that have NULL where a NOT NULL constraint (PostgreSQL 18) wants none."""
    if re.match(r"NOT\s+NULL\b", body, re.IGNORECASE):
        return nulls(table, list(tokens(body))[2].name)
    match = re.match(r"CHECK\s*\((?P<expression>.*)\)", body, re.DOTALL | re.IGNORECASE)
    if not match:
        return None
    where = f"FROM {table} WHERE NOT ({match['expression']})"
    row = f"SELECT to_jsonb({identifier(table.name)}) {where}"
    return RowCheck(
        f"SELECT count(*) {where}",
        f"{row} LIMIT {SAMPLES}",
        f"{{count}} rows of {table.plain} break {body}",
        f"correct or delete them (SELECT * {where}); then migrate again",
    )


def duplicates(table: Name, columns: str, condition: str = "", *, nulls_distinct: bool = True) -> RowCheck:
    """Groups of rows that a unique index over ``columns`` (SQL, comma separated) would refuse."""
    keys = [_expression(part) for part in split_commas(columns)]
    filters = [f"({key}) IS NOT NULL" for key in keys] if nulls_distinct else []
    where = " AND ".join([*filters, *([f"({condition})"] if condition else [])])
    listed = ", ".join(keys)
    groups = (
        f"SELECT jsonb_build_array({listed}) AS key, count(*) AS times FROM {table}"
        f"{' WHERE ' + where if where else ''} GROUP BY {listed} HAVING count(*) > 1"
    )
    return RowCheck(
        f"SELECT coalesce(sum(times), 0) FROM ({groups}) g",
        f"SELECT key::text || ' stands ' || times || ' times' FROM ({groups}) g ORDER BY times DESC LIMIT {SAMPLES}",
        f"{{count}} rows of {table.plain} share their ({', '.join(keys)}) with another",
        f"keep one row of each; they are found by {groups}; then migrate again",
    )


_ORDERING = re.compile(r"(\s+(ASC|DESC|NULLS\s+FIRST|NULLS\s+LAST))+\s*$|\s+[a-z_]+_ops\s*$", re.IGNORECASE)


def _expression(part: str) -> str:
    previous = ""
    while part != previous:
        previous, part = part, _ORDERING.sub("", part)
    return part


_COLUMNS = r"""(?:"[^"]*"|[^()"])*"""
_FOREIGN_KEY = re.compile(
    rf"FOREIGN\s+KEY\s*\((?P<own>{_COLUMNS})\)\s*REFERENCES\s+{_COLUMNS}\((?P<other>{_COLUMNS})\)", re.IGNORECASE
)


def orphans(table: Name, body: str, target: Name) -> RowCheck | None:
    """Rows whose foreign key points at nothing."""
    match = _FOREIGN_KEY.match(body)
    if not match:
        return None
    own = [identifier(t.name) for t in tokens(match["own"]) if t.text != ","]
    other = [identifier(t.name) for t in tokens(match["other"]) if t.text != ","]
    set_ = " AND ".join(f"t.{column} IS NOT NULL" for column in own)
    join = " AND ".join(f"r.{b} = t.{a}" for a, b in zip(own, other, strict=True))
    condition = f"WHERE {set_} AND NOT EXISTS (SELECT 1 FROM {target} r WHERE {join})"
    where = f"FROM {table} t {condition}"
    columns = ", ".join(column.strip('"') for column in own)
    return RowCheck(
        f"SELECT count(*) {where}",
        f"SELECT to_jsonb(t) {where} LIMIT {SAMPLES}",
        f"{{count}} rows of {table.plain} are orphans: their {columns} is in no row of {target.plain}",
        f"UPDATE {table} t SET {', '.join(f'{c} = NULL' for c in own)} {condition};"
        f" (or, where it may not be NULL, DELETE FROM {table} t {condition};) then migrate again",
    )
