"""Tables and columns that stand in the database already, where a plan would make them: nobody recorded the migration."""

from __future__ import annotations

from livemigrations.engine.runner import ALREADY_THERE
from livemigrations.engine.steps import Step
from livemigrations.engine.surroundings import Surroundings
from livemigrations.statements.names import Name
from livemigrations.statements.parse import Kind, Statement, parse


def in_the_way(around: Surroundings, step: Step) -> str:
    """What the step would make and is there, unless something before it moves that away; empty if there is nothing."""
    for statement in (statement for sql in step.sql for statement in parse(sql)):
        if (
            statement.table is not None
            and not statement.guarded
            and (found := _met(around, statement, statement.table))
        ):
            return f"{found} exists already. Remedy: {ALREADY_THERE}."
    return ""


def _met(around: Surroundings, statement: Statement, table: Name) -> str:
    assert around.pending is not None
    if statement.kind == Kind.CREATE_TABLE and not around.pending.has_left(table.name):
        return f"The table {table.plain}" if around.in_catalog(around.placed(table)) else ""
    if statement.kind == Kind.ADD_COLUMN and not around.pending.has_left(table.name, statement.name):
        return f"The column {table.plain}.{statement.name}" if around.column_type_now(table, statement.name) else ""
    return ""
