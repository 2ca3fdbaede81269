"""From statements to steps: the same schema, by a way that a populated table can bear.

One rule a kind of statement. On a table that is new or empty every statement stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from livemigrations.engine import checks, dropping, hazards, releasing
from livemigrations.engine.constraining import add_constraint, validate_existing, validation
from livemigrations.engine.indexing import create_index, drop_index
from livemigrations.engine.plain import instant, label, plain_step, stands, undo
from livemigrations.engine.steps import Mode, Step
from livemigrations.engine.surroundings import Surroundings
from livemigrations.engine.unnamed import named, remember, remember_inside
from livemigrations.statements.changes import changes_of
from livemigrations.statements.columns import take_apart
from livemigrations.statements.names import Name, default_name, identifier
from livemigrations.statements.parse import Kind, Statement, parse
from livemigrations.statements.types import computes, narrows

Rule = Callable[[Surroundings, Statement], Iterator[Step]]


def steps_for(around: Surroundings, statements: Iterable[Statement]) -> Iterator[Step]:
    """Yield the steps of one operation; ``around`` learns what they create."""
    for written in statements:
        yield from releasing.before(around, written)
        statement = named(around.names, around.placed(written.table), written) if written.table else written
        rule = _RULES.get(statement.kind)
        if rule and (
            statement.kind in _ALWAYS or (not around.plain and any(map(around.populated, _changed(statement))))
        ):
            yield from rule(around, statement)
        else:
            hazards.check_other(around, statement)
            if statement.kind == Kind.ADD_COLUMN and statement.table:
                remember_inside(around.names, around.placed(statement.table), statement)
            yield plain_step(around, statement)
        _remember(around, statement)


def _changed(statement: Statement) -> tuple[Name, ...]:
    """The tables whose rows a statement concerns."""
    if statement.table is None:
        return ()
    return (statement.table, *(statement.references if statement.kind == Kind.DROP_TABLE else ()))


def _remember(around: Surroundings, statement: Statement) -> None:
    if around.pending is not None:
        around.pending.learn(statement)
    if statement.table is None:
        _remember_names(around, statement)
        return
    remember(around.names, around.placed(statement.table), statement)
    if statement.kind in (Kind.ADD_COLUMN, Kind.ALTER_TYPE):
        around.keeper.made.append((around.placed(statement.table), statement.name))
    elif statement.kind == Kind.CREATE_TABLE:
        if not (statement.guarded and around.exists(statement.table)):
            around.created(statement.table)
            around.keeper.made.append((around.placed(statement.table), ""))
    elif statement.kind == Kind.DROP_TABLE:
        for table in (statement.table, *statement.references):
            around.dropped(table)
    elif statement.kind == Kind.RENAME_TABLE:
        around.renamed(statement.table, statement.name)
    elif statement.kind == Kind.DROP_CONSTRAINT:
        around.loosened(statement.table, statement.name)
    elif statement.kind == Kind.DROP_TRIGGER:
        around.untriggered.add((around.placed(statement.table), statement.name))


def _remember_names(around: Surroundings, statement: Statement) -> None:
    """Take note of the names that a statement about no table gives."""
    for thing in changes_of(statement).made:
        if thing.kind in ("sequence", "view", "type") and thing.relation is not None:
            placed = around.placed(thing.relation)
            around.names.take(placed.schema, placed.name, relation=True, constraint=False)


# --- rules for populated tables --------------------------------------------------------------------------------


def _add_column(around: Surroundings, statement: Statement) -> Iterator[Step]:
    table = statement.table
    assert table is not None
    if statement.guarded and stands(around, statement):
        yield plain_step(around, statement)
        return
    column = take_apart(table.name, statement.name, statement.body)
    hazards.check_new_column(around, statement, column)
    first_null = column.required and around.keeper.awaits(around.placed(table), statement.name)
    plain = column.loose if first_null else column.plain
    sql = f"ALTER TABLE {table} ADD COLUMN {identifier(statement.name)} {plain}"
    if column.numbered or column.stored:
        sql = statement.sql
        remember_inside(around.names, around.placed(table), statement)
    yield instant(
        around,
        (sql,),
        {table: Mode.ACCESS_EXCLUSIVE},
        name=f"column {table.plain}.{statement.name}",
        undo=undo(around, statement),
    )
    for number, (name, body) in enumerate(column.constraints if sql != statement.sql else ()):
        given = "" if number in column.unnamed else f"CONSTRAINT {identifier(name)} "
        for constraint in parse(f"ALTER TABLE {table} ADD {given}{body}"):
            one = named(around.names, around.placed(table), constraint)
            remember(around.names, around.placed(table), one)
            yield from add_constraint(around, one)
    if first_null:
        sql = f"ALTER TABLE {table} ALTER COLUMN {identifier(statement.name)} SET NOT NULL"
        strict = Statement(sql, Kind.SET_NOT_NULL, table, statement.name)
        around.keeper.afterwards += _set_not_null(around, strict)


def _set_not_null(around: Surroundings, statement: Statement) -> Iterator[Step]:
    table, column = statement.table, identifier(statement.name)
    assert table is not None
    name = default_name(table.name, statement.name, "live_not_null")
    strong = {table: Mode.ACCESS_EXCLUSIVE}
    drop = f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {identifier(name)}"
    yield instant(
        around,
        (
            drop,
            f"ALTER TABLE {table} ADD CONSTRAINT {identifier(name)} CHECK ({column} IS NOT NULL) NOT VALID",
        ),
        strong,
        name=f"check {table.plain}.{statement.name} is not null, not valid",
        undo=(drop,),
        row_checks=[checks.nulls(table, statement.name)],
    )
    yield validation(around, table, name)
    yield instant(
        around,
        (statement.sql, drop),
        strong,
        name=f"{table.plain}.{statement.name} not null",
        undo=(f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL",),
    )


def _alter_type(around: Surroundings, statement: Statement) -> Iterator[Step]:
    hazards.check_type(around, statement)
    found = around.find(statement.table) if statement.table else None
    assert found is not None
    new = around.type_named(statement.body)
    computed = computes(statement.name, statement.body)
    old = around.column_type(Name(found.schema, found.name), statement.name)
    plain = plain_step(around, statement)
    if computed or narrows(old, new, statement.body):
        yield from around.keeper.column(found, statement.name, plain, narrowed_to=new, computed=computed)
    else:
        yield plain


def _rewrite(around: Surroundings, statement: Statement) -> Iterator[Step]:
    hazards.check_rewrite(around, statement)
    yield plain_step(around, statement)


def _drop_column(around: Surroundings, statement: Statement) -> Iterator[Step]:
    yield from dropping.column(around, statement, plain_step(around, statement))


def _drop_table(around: Surroundings, statement: Statement) -> Iterator[Step]:
    for one, before in dropping.one_by_one(around, statement):
        plain = plain_step(around, one)
        yield from dropping.table(around, one, replace(plain, sql=(*before, *plain.sql)))


# --- what is refused, or runs with its locks where the tables are small -----------------------------------------


def _unknown(around: Surroundings, statement: Statement) -> Iterator[Step]:
    hazards.check_unknown(around, statement)
    locks = {Name(found.schema, found.name): Mode.ACCESS_EXCLUSIVE for found in hazards.concerned(around, statement)}
    yield instant(around, (statement.sql,), locks, name=label(statement))


def _rebuild(around: Surroundings, statement: Statement) -> Iterator[Step]:
    """REINDEX, CLUSTER and VACUUM FULL; planning a query already asks for a lock on every index of its tables."""
    hazards.check_rebuild(around, statement)
    tables = hazards.rebuilt(around, statement) if statement.table else []
    step = instant(
        around,
        (statement.sql,),
        {Name(found.schema, found.name): Mode.ACCESS_EXCLUSIVE for found in tables},
        name=label(statement),
    )
    single = len(tables) == 1 and not tables[0].is_partitioned and statement.body != "VACUUM FULL"
    yield replace(step, transactional=single)


_ALWAYS = {  # whatever the tables are: what stands empty may have rows by then
    Kind.DROP_COLUMN,
    Kind.DROP_TABLE,
    Kind.DROP_INDEX,
    Kind.UNKNOWN,
    Kind.REBUILD,
}
_RULES: dict[Kind, Rule] = {
    Kind.DROP_COLUMN: _drop_column,
    Kind.DROP_TABLE: _drop_table,
    Kind.DROP_INDEX: drop_index,
    Kind.CREATE_INDEX: create_index,
    Kind.ADD_CONSTRAINT: add_constraint,
    Kind.ADD_COLUMN: _add_column,
    Kind.SET_NOT_NULL: _set_not_null,
    Kind.ALTER_TYPE: _alter_type,
    Kind.REWRITE: _rewrite,
    Kind.VALIDATE: validate_existing,
    Kind.UNKNOWN: _unknown,
    Kind.REBUILD: _rebuild,
}
