"""The statements that undo a statement, from the definitions that the catalog has before it runs.

With them an operation that is half done can be turned around: its steps are undone, where it could not be finished.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from livemigrations.catalog.relations import fetch
from livemigrations.engine.surroundings import Surroundings
from livemigrations.statements import tree
from livemigrations.statements.names import Name, identifier
from livemigrations.statements.parse import Kind, Statement

Undo = tuple[str, ...]


def undo_of(around: Surroundings, statement: Statement) -> Undo:
    """The statements that undo a change of something that exists; empty where none are known."""
    finder = _FINDERS.get(statement.kind)
    if finder is None or statement.table is None:
        return ()
    return finder(around, statement, statement.table)


def _of_alter(around: Surroundings, statement: Statement, table: Name) -> Undo:
    command = tree.command(statement.sql)
    action = tree.word(command, "subtype") if command is not None else ""
    alter = f"ALTER TABLE {table} ALTER COLUMN {identifier(statement.name)}"
    if action == "AT_DropNotNull":
        row = _column(around, table, statement.name)
        return (f"{alter} SET NOT NULL",) if row and row[0] else ()
    if action == "AT_ColumnDefault":
        row = _column(around, table, statement.name)
        if row is None:
            return ()
        return (f"{alter} SET DEFAULT {row[1]}",) if row[1] else (f"{alter} DROP DEFAULT",)
    return ()


def _column(around: Surroundings, table: Name, column: str) -> tuple[Any, ...] | None:
    """Whether a column is NOT NULL, and its default."""
    found = around.find(table)
    rows = fetch(
        around.connection,
        "SELECT a.attnotnull, pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute a LEFT JOIN pg_attrdef d"
        " ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attrelid = %s AND a.attname = %s"
        " AND NOT a.attisdropped AND a.attgenerated = ''",
        [found.oid if found else 0, column],
    )
    return rows[0] if rows else None


def _drop_constraint(around: Surroundings, statement: Statement, table: Name) -> Undo:
    body, _ = around.constraint(table, statement.name)
    return (f"ALTER TABLE {table} ADD CONSTRAINT {identifier(statement.name)} {body}",) if body else ()


def _drop_trigger(around: Surroundings, statement: Statement, table: Name) -> Undo:
    found = around.find(table)
    rows = fetch(
        around.connection,
        "SELECT pg_get_triggerdef(oid), tgenabled FROM pg_trigger WHERE tgrelid = %s AND tgname = %s AND NOT tgisinternal",
        [found.oid if found else 0, statement.name],
    )
    if not rows:
        return ()
    definition, enabled = rows[0]
    state = {"D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}.get(enabled)
    again = (f"ALTER TABLE {table} {state} TRIGGER {identifier(statement.name)}",) if state else ()
    return (str(definition), *again)


def _rename_column(_around: Surroundings, statement: Statement, table: Name) -> Undo:
    new, old = identifier(statement.new_name), identifier(statement.name)
    return (f"ALTER TABLE {table} RENAME COLUMN {new} TO {old}",)


def _rename_constraint(_around: Surroundings, statement: Statement, table: Name) -> Undo:
    new, old = identifier(statement.new_name), identifier(statement.name)
    return (f"ALTER TABLE {table} RENAME CONSTRAINT {new} TO {old}",)


def _rename_table(_around: Surroundings, statement: Statement, table: Name) -> Undo:
    return (f"ALTER TABLE {Name(table.schema, statement.name)} RENAME TO {identifier(table.name)}",)


def _rename_index(_around: Surroundings, statement: Statement, table: Name) -> Undo:
    return (f"ALTER INDEX {Name(table.schema, statement.new_name)} RENAME TO {identifier(statement.name)}",)


_FINDERS: dict[Kind, Callable[[Surroundings, Statement, Name], Undo]] = {
    Kind.ALTER_TABLE: _of_alter,
    Kind.DROP_CONSTRAINT: _drop_constraint,
    Kind.DROP_TRIGGER: _drop_trigger,
    Kind.RENAME_COLUMN: _rename_column,
    Kind.RENAME_CONSTRAINT: _rename_constraint,
    Kind.RENAME_TABLE: _rename_table,
    Kind.RENAME_INDEX: _rename_index,
}
