"""Indexes of populated tables: built and dropped concurrently."""

from __future__ import annotations

from collections.abc import Iterator

from livemigrations.catalog.partitions import partitions
from livemigrations.engine import checks
from livemigrations.engine.plain import instant, label, plain_step
from livemigrations.engine.steps import IndexTarget, Lane, Mode, RowCheck, Step
from livemigrations.engine.surroundings import Surroundings
from livemigrations.statements.constraints import columns_in_name
from livemigrations.statements.indexes import index_parts
from livemigrations.statements.names import Name, identifier
from livemigrations.statements.parse import Statement


def create_index(around: Surroundings, statement: Statement) -> Iterator[Step]:
    """The steps of a CREATE INDEX."""
    table = statement.table
    assert table is not None
    found = around.find(table)
    if found and found.is_partitioned and statement.only:
        yield plain_step(around, statement)
        return
    if found and found.is_partitioned:
        yield from _partitioned_index(around, statement)
        return
    yield concurrent_index(table, statement.name, statement.body, unique=statement.unique)


def concurrent_index(table: Name, name: str, rest: str, *, unique: bool) -> Step:
    """The step that builds an index; ``rest`` is the text behind the table's name."""
    quoted = identifier(name)
    sql = f"CREATE {'UNIQUE ' if unique else ''}INDEX CONCURRENTLY {quoted} ON {table} {rest}"
    return Step(
        f"index {name} on {table.plain}",
        Lane.ONLINE,
        (sql,),
        {str(table): Mode.SHARE_UPDATE_EXCLUSIVE},
        (str(table),),
        undo=(f"DROP INDEX CONCURRENTLY IF EXISTS {Name(table.schema, name)}",),
        transactional=False,
        index=IndexTarget(name, table.schema, table.name, rest, unique),
        checks=_unique_checks(table, rest) if unique else (),
    )


def _unique_checks(table: Name, rest: str) -> tuple[RowCheck, ...]:
    parts = index_parts(rest)
    if parts is None:
        return ()
    return (checks.duplicates(table, parts.keys, parts.where, nulls_distinct=parts.nulls_distinct),)


def _partitioned_index(around: Surroundings, statement: Statement) -> Iterator[Step]:
    """ON ONLY each table that has partitions, concurrently on each that has rows, and each attached to the one above."""
    parent = statement.table
    assert parent is not None
    found = around.find(parent)
    assert found is not None
    top = Name(found.schema, found.name)
    columns = columns_in_name(statement.body)
    indexes = {top: Name(found.schema, statement.name)}
    yield _index_itself(around, parent, indexes[top], statement)
    for part in partitions(around.connection, found.oid):
        index = Name(part.name.schema, around.names.choose(part.name, columns, "idx", relation=True, constraint=False))
        indexes[part.name] = index
        if part.is_leaf:
            yield concurrent_index(part.name, index.name, statement.body, unique=statement.unique)
        else:
            yield _index_itself(around, part.name, index, statement)
        yield Step(
            f"attach {index.name} to {indexes[part.parent].name}",
            Lane.INSTANT,
            (f"ALTER INDEX {indexes[part.parent]} ATTACH PARTITION {index}",),
            {str(part.name): Mode.ACCESS_SHARE},
        )


def _index_itself(around: Surroundings, table: Name, index: Name, statement: Statement) -> Step:
    """The index of a table that has partitions, without theirs."""
    unique = "UNIQUE " if statement.unique else ""
    return instant(
        around,
        (f"CREATE {unique}INDEX IF NOT EXISTS {identifier(index.name)} ON ONLY {table} {statement.body}",),
        {table: Mode.SHARE_ROW_EXCLUSIVE},
        name=f"index {index.name} on {table.plain} itself",
        undo=(f"DROP INDEX IF EXISTS {index}",),
    )


def drop_index(around: Surroundings, statement: Statement) -> Iterator[Step]:
    """The step of a DROP INDEX."""
    index = statement.table
    assert index is not None
    table = around.table_of_index(index)
    if (
        table is None
        or around.plain
        or not around.populated(table)
        or ((found := around.find(table)) and found.is_partitioned)
    ):
        sql = statement.sql.replace("DROP INDEX CONCURRENTLY ", "DROP INDEX ", 1)
        locks = {table: Mode.ACCESS_EXCLUSIVE} if table else {}
        yield instant(around, (sql,), locks, name=label(statement))
        return
    yield Step(
        f"drop index {index.plain}",
        Lane.ONLINE,
        (f"DROP INDEX CONCURRENTLY IF EXISTS {index}",),
        {str(table): Mode.SHARE_UPDATE_EXCLUSIVE},
        (str(table),),
        transactional=False,
        index=IndexTarget(index.name, index.schema, table.name, drop=True),
    )
