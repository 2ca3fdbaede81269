"""What becomes of DROP TABLE and DROP COLUMN: whatever has rows is kept, also where this run made it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from livemigrations.bookkeeping import has_bookkeeping
from livemigrations.catalog import kept
from livemigrations.catalog.dependents import keys_between
from livemigrations.catalog.relations import Relation, has_rows
from livemigrations.engine.steps import Step
from livemigrations.engine.surroundings import Surroundings
from livemigrations.statements.parse import Statement


def column(around: Surroundings, statement: Statement, plain: Step) -> Iterator[Step]:
    """The steps instead of ``plain``, which drops a column."""
    assert statement.table is not None
    around.need_names(statement.table)
    found = around.standing(statement.table)
    if found and _holds_rows(around, found):
        yield from around.keeper.column(found, statement.name, plain)
    elif found and around.exists(statement.table):
        yield around.keeper.empty_column(found, statement.name, plain)
    else:
        yield plain


def table(around: Surroundings, statement: Statement, plain: Step) -> Iterator[Step]:
    """The steps instead of ``plain``, which drops one table."""
    assert statement.table is not None
    around.need_names(statement.table)
    found, cascade = around.standing(statement.table), statement.body == "CASCADE"
    if found and _is_a_copy(around, found):
        yield plain
    elif found and _holds_rows(around, found):
        yield from around.keeper.table(found, plain, cascade=cascade)
    elif found and around.exists(statement.table):
        yield around.keeper.empty_table(found, plain, cascade=cascade)
    else:
        yield plain


def one_by_one(around: Surroundings, statement: Statement) -> Iterator[tuple[Statement, list[str]]]:
    """A DROP TABLE for each of its tables, with what has to be run before: their keys to each other go first."""
    assert statement.table is not None
    tables = (statement.table, *statement.references)
    found = [table for table in map(around.standing, tables) if table]
    between = keys_between(around.connection, [table.oid for table in found]) if len(found) > 1 else []
    for table in tables:
        one = replace(statement, table=table, references=())
        if len(tables) > 1:
            one = replace(one, sql=f"DROP TABLE IF EXISTS {table} {statement.body}".rstrip())
        yield one, between
        between = []


def _holds_rows(around: Surroundings, found: Relation) -> bool:
    return found.kind in "rp" and has_rows(around.connection, found.oid)


def _is_a_copy(around: Surroundings, found: Relation) -> bool:
    """Whether it is what a step kept, which goes when that step is taken back."""
    books = found.schema == kept.SCHEMA and has_bookkeeping(around.connection)
    return books and kept.entry(around.connection, found.name) is not None
