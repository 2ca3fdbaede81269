"""Statements that run as they are written: one step each, with its locks and its way back."""

from __future__ import annotations

from collections.abc import Iterable

from livemigrations.engine import triggers
from livemigrations.engine.steps import Lane, Mode, RowCheck, Step
from livemigrations.engine.surroundings import Surroundings
from livemigrations.engine.table_locks import table_locks
from livemigrations.engine.undo import undo_of
from livemigrations.engine.unnamed import create_index
from livemigrations.statements import tree
from livemigrations.statements.changes import is_temporary
from livemigrations.statements.names import Name, identifier
from livemigrations.statements.parse import Kind, Statement


def plain_step(around: Surroundings, statement: Statement) -> Step:
    """The step of a statement that needs no rule."""
    sql, node = statement.sql, statement.node
    if statement.kind == Kind.UNTRANSACTIONAL and not (around.plain and node is not None and tree.kind(node) == _ENUM):
        return Step(label(statement), Lane.ONLINE, (sql,), transactional=False)
    if statement.kind == Kind.ROWS:
        return Step(label(statement), Lane.BATCH, (sql,))
    if statement.concurrently:
        sql = create_index(statement)
    # With the statements on rows behind it, in their transaction: it may be there for that only.
    lane = Lane.BATCH if node is not None and is_temporary(node) else Lane.INSTANT
    locks = table_locks(around, statement)
    statements = triggers.spared(around, statement, sql)
    return instant(around, statements, locks, name=label(statement), undo=undo(around, statement), lane=lane)


_ENUM = "AlterEnumStmt"  # ADD VALUE may be in a transaction that does not use the value
_SPELLED_OUT = (Kind.ALTER_TABLE, Kind.UNTRANSACTIONAL, Kind.REBUILD, Kind.UNKNOWN)


def label(statement: Statement) -> str:
    """The name of a statement's step."""
    if statement.table is not None and statement.kind not in _SPELLED_OUT:
        on = f" on {statement.table.plain}" if statement.name else f" {statement.table.plain}"
        return f"{statement.kind.value} {statement.name}{on}".replace("  ", " ")
    text = " ".join(statement.sql.split())
    return text if len(text) <= 70 else text[:67] + "..."


def instant(
    around: Surroundings,
    sql: tuple[str, ...],
    locks: dict[Name, Mode],
    *,
    name: str,
    undo: tuple[str, ...] = (),
    row_checks: Iterable[RowCheck | None] = (),
    lane: Lane = Lane.INSTANT,
) -> Step:
    """A step of the instant lane; locks on what does not exist yet are left out."""
    known = {table: mode for table, mode in locks.items() if around.exists(table)}
    return Step(
        name,
        lane,
        sql,
        {str(table): mode for table, mode in known.items()},
        tuple(str(table) for table in known if around.populated(table)),
        unlocked=0 if known else len(sql),
        undo=undo,
        checks=tuple(check for check in row_checks if check),
    )


def undo(around: Surroundings, statement: Statement) -> tuple[str, ...]:
    """The statements that take a statement back; empty where there are none."""
    table, name = statement.table, identifier(statement.name) if statement.name else ""
    if statement.guarded and stands(around, statement):
        return ("-- it stood there before",)
    if statement.kind == Kind.CREATE_TABLE:
        return (f"DROP TABLE IF EXISTS {table}",)
    if statement.kind == Kind.ADD_COLUMN:
        return (f"ALTER TABLE {table} DROP COLUMN IF EXISTS {name}",)
    if statement.kind == Kind.ADD_CONSTRAINT:
        return (f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}",)
    if statement.kind == Kind.CREATE_INDEX and table:
        return (f"DROP INDEX IF EXISTS {Name(table.schema, statement.name)}",)
    return undo_of(around, statement)


def stands(around: Surroundings, statement: Statement) -> bool:
    """Whether what a statement would make IF NOT EXISTS exists."""
    table = statement.table
    assert table is not None
    if statement.kind == Kind.ADD_COLUMN:
        return bool(around.column_type(table, statement.name))
    if statement.kind == Kind.CREATE_INDEX:
        found = around.find(table)
        schema = found.schema if found else table.schema
        return around.table_of_index(Name(schema, statement.name)) is not None
    return around.exists(table)
