"""Questions asked before a constraint is added: which rows break it, how many, and what to do about them."""

from __future__ import annotations

from collections.abc import Sequence

from livemigrations.engine.steps import RowCheck
from livemigrations.statements import tree
from livemigrations.statements.names import Name, identifier
from livemigrations.statements.tree import Node

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


def of_constraint(table: Name, body: str, target: Name | None) -> RowCheck | None:
    """Rows that break a constraint; ``body`` is its text, ``target`` the table that a foreign key points at."""
    node = tree.constraint(f"ALTER TABLE t ADD {body}")
    contype = tree.word(node, "contype") if node is not None else ""
    if contype == "CONSTR_NOTNULL":  # PostgreSQL 18
        return nulls(table, tree.strings(node.keys)[0])  # type: ignore[union-attr] # it has a type
    if contype == "CONSTR_CHECK":
        return _violations(table, body, node)
    if contype == "CONSTR_FOREIGN" and target is not None:
        return _orphans(table, node, target)
    return None


def _violations(table: Name, body: str, node: Node) -> RowCheck:
    """Rows for which a CHECK is false."""
    where = f"FROM {table} WHERE NOT ({tree.expression(node.raw_expr)})"
    row = f"SELECT to_jsonb({identifier(table.name)}) {where}"
    return RowCheck(
        f"SELECT count(*) {where}",
        f"{row} LIMIT {SAMPLES}",
        f"{{count}} rows of {table.plain} break {body}",
        f"correct or delete them (SELECT * {where}); then migrate again",
    )


def duplicates(table: Name, keys: Sequence[str], condition: str = "", *, nulls_distinct: bool = True) -> RowCheck:
    """Groups of rows that a unique index over ``keys`` (SQL expressions) would refuse."""
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


def _orphans(table: Name, node: Node, target: Name) -> RowCheck | None:
    """Rows whose foreign key points at nothing; None where only the server knows the columns, or for PERIOD keys."""
    names, other = tree.strings(node.fk_attrs), [identifier(name) for name in tree.strings(node.pk_attrs)]
    if len(other) != len(names) or node.fk_with_period:
        return None
    own = [identifier(name) for name in names]
    set_ = " AND ".join(f"t.{column} IS NOT NULL" for column in own)
    join = " AND ".join(f"r.{b} = t.{a}" for a, b in zip(own, other, strict=True))
    condition = f"WHERE {set_} AND NOT EXISTS (SELECT 1 FROM {target} r WHERE {join})"
    where = f"FROM {table} t {condition}"
    columns = ", ".join(names)
    return RowCheck(
        f"SELECT count(*) {where}",
        f"SELECT to_jsonb(t) {where} LIMIT {SAMPLES}",
        f"{{count}} rows of {table.plain} are orphans: their {columns} is in no row of {target.plain}",
        f"UPDATE {table} t SET {', '.join(f'{c} = NULL' for c in own)} {condition};"
        f" (or, where it may not be NULL, DELETE FROM {table} t {condition};) then migrate again",
    )
