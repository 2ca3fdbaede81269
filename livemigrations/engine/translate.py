"""From statements to steps: the same schema, by a way that a populated table can bear.

One rule a kind of statement. On a table that is new or empty every statement stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from livemigrations.catalog.definitions import read_columns
from livemigrations.catalog.partitions import partitions
from livemigrations.catalog.twins import named_columns
from livemigrations.engine import checks, dropping, hazards, releasing, triggers
from livemigrations.engine.steps import IndexTarget, Lane, Mode, RowCheck, Step
from livemigrations.engine.surroundings import Surroundings
from livemigrations.engine.table_locks import table_locks
from livemigrations.statements.columns import take_apart
from livemigrations.statements.constraints import columns_in_name
from livemigrations.statements.names import Name, default_name, identifier
from livemigrations.statements.parse import Kind, Statement, parse
from livemigrations.statements.tokens import first_parentheses, tokens
from livemigrations.statements.types import computes, narrows

Rule = Callable[[Surroundings, Statement], Iterator[Step]]


def steps_for(around: Surroundings, statements: Iterable[Statement]) -> Iterator[Step]:
    """Yield the steps of one operation; ``around`` learns what they create."""
    for statement in statements:
        yield from releasing.before(around, statement)
        rule = _RULES.get(statement.kind)
        drops = statement.kind in (Kind.DROP_TABLE, Kind.DROP_COLUMN)  # what stands empty may have rows by then
        if rule and (drops or any(around.populated(table) for table in _changed(statement))):
            yield from rule(around, statement)
        else:
            yield from _plain(around, statement)
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
        return
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


# --- plain statements ------------------------------------------------------------------------------------------


def _plain(around: Surroundings, statement: Statement) -> Iterator[Step]:
    sql = statement.sql
    if statement.kind == Kind.UNTRANSACTIONAL:
        yield Step(_label(statement), Lane.ONLINE, (sql,), transactional=False)
        return
    if statement.kind == Kind.ROWS:
        yield Step(_label(statement), Lane.BATCH, (sql,))
        return
    if statement.kind == Kind.DROP_INDEX:
        yield from _drop_index(around, statement)
        return
    if statement.concurrently:
        sql = re.sub(r"\bCONCURRENTLY\s+", "", sql, count=1, flags=re.IGNORECASE)
    undo = _undo(around, statement)
    # With the statements on rows behind it, in their transaction: it may be there for that only.
    lane = Lane.BATCH if re.match(r"CREATE\s+(?:(?:GLOBAL|LOCAL)\s+)?TEMP", sql, re.IGNORECASE) else Lane.INSTANT
    statements = triggers.spared(around, statement, sql)
    locks = table_locks(around, statement)
    yield _instant(around, statements, locks, label=_label(statement), undo=undo, lane=lane)


def _label(statement: Statement) -> str:
    if statement.table is not None and statement.kind not in (Kind.ALTER_TABLE, Kind.UNTRANSACTIONAL):
        on = f" on {statement.table.plain}" if statement.name else f" {statement.table.plain}"
        return f"{statement.kind.value} {statement.name}{on}".replace("  ", " ")
    text = " ".join(statement.sql.split())
    return text if len(text) <= 70 else text[:67] + "..."


def _instant(
    around: Surroundings,
    sql: tuple[str, ...],
    locks: dict[Name, Mode],
    *,
    label: str,
    undo: tuple[str, ...] = (),
    row_checks: Iterable[RowCheck | None] = (),
    lane: Lane = Lane.INSTANT,
) -> Step:
    known = {table: mode for table, mode in locks.items() if around.exists(table)}
    return Step(
        label,
        lane,
        sql,
        {str(table): mode for table, mode in known.items()},
        tuple(str(table) for table in known if around.populated(table)),
        unlocked=0 if known else len(sql),
        undo=undo,
        checks=tuple(check for check in row_checks if check),
    )


def _undo(around: Surroundings, statement: Statement) -> tuple[str, ...]:
    table, name = statement.table, identifier(statement.name) if statement.name else ""
    if statement.guarded and _stands(around, statement):
        return ("-- it stood there before",)
    if statement.kind == Kind.CREATE_TABLE:
        return (f"DROP TABLE IF EXISTS {table}",)
    if statement.kind == Kind.ADD_COLUMN:
        return (f"ALTER TABLE {table} DROP COLUMN IF EXISTS {name}",)
    if statement.kind == Kind.ADD_CONSTRAINT:
        return (f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}",)
    if statement.kind == Kind.CREATE_INDEX and table:
        return (f"DROP INDEX IF EXISTS {Name(table.schema, statement.name)}",)
    return ()


def _stands(around: Surroundings, statement: Statement) -> bool:
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


# --- rules for populated tables --------------------------------------------------------------------------------


def _create_index(around: Surroundings, statement: Statement) -> Iterator[Step]:
    table = statement.table
    assert table is not None
    found = around.find(table)
    if found and found.is_partitioned and statement.only:
        yield from _plain(around, statement)
        return
    if found and found.is_partitioned:
        yield from _partitioned_index(around, statement)
        return
    yield _concurrent_index(table, statement.name, statement.body, unique=statement.unique)


def _concurrent_index(table: Name, name: str, rest: str, *, unique: bool) -> Step:
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
    columns = first_parentheses(rest)
    where = next((token for token in tokens(rest) if token.word == "WHERE" and not token.depth), None)
    condition = rest[where.end :].strip() if where else ""
    distinct = "NULLS NOT DISTINCT" not in rest.upper()
    return (checks.duplicates(table, columns, condition, nulls_distinct=distinct),) if columns else ()


def _partitioned_index(around: Surroundings, statement: Statement) -> Iterator[Step]:
    """ON ONLY each table that has partitions, concurrently on each that has rows, and each attached to the one above."""
    parent = statement.table
    assert parent is not None
    found = around.find(parent)
    assert found is not None
    top = Name(found.schema, found.name)
    columns = columns_in_name(statement.body)
    if "expr" in columns:
        columns = named_columns(around.connection, top, statement.body)
    indexes = {top: Name(found.schema, statement.name)}
    yield _index_itself(around, parent, indexes[top], statement)
    for part in partitions(around.connection, found.oid):
        index = around.free_name(part.name, columns, "idx")
        indexes[part.name] = index
        if part.is_leaf:
            yield _concurrent_index(part.name, index.name, statement.body, unique=statement.unique)
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
    return _instant(
        around,
        (f"CREATE {unique}INDEX IF NOT EXISTS {identifier(index.name)} ON ONLY {table} {statement.body}",),
        {table: Mode.SHARE_ROW_EXCLUSIVE},
        label=f"index {index.name} on {table.plain} itself",
        undo=(f"DROP INDEX IF EXISTS {index}",),
    )


def _drop_index(around: Surroundings, statement: Statement) -> Iterator[Step]:
    index = statement.table
    assert index is not None
    table = around.table_of_index(index)
    if table is None or not around.populated(table) or ((found := around.find(table)) and found.is_partitioned):
        sql = re.sub(r"\bCONCURRENTLY\s+", "", statement.sql, count=1, flags=re.IGNORECASE)
        locks = {table: Mode.ACCESS_EXCLUSIVE} if table else {}
        yield _instant(around, (sql,), locks, label=_label(statement))
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


def _validate(around: Surroundings, table: Name, name: str) -> Step:
    return _instant(
        around,
        (f"ALTER TABLE {table} VALIDATE CONSTRAINT {identifier(name)}",),
        {table: Mode.SHARE_UPDATE_EXCLUSIVE},
        label=f"validate {name} on {table.plain}",
        undo=("-- the constraint goes as a whole",),
        lane=Lane.ONLINE,
    )


def _add_constraint(around: Surroundings, statement: Statement) -> Iterator[Step]:
    table, word = statement.table, statement.body.split("(")[0].split()[0].upper()
    assert table is not None
    if word == "EXCLUDE":
        hazards.check_exclusion(around, statement)
    elif word in ("UNIQUE", "PRIMARY"):
        yield from _add_key(around, statement, primary=word == "PRIMARY")
        return
    elif word in ("FOREIGN", "CHECK", "NOT"):
        found = around.find(table)
        if not (word == "FOREIGN" and found and found.is_partitioned and around.server_version < 180000):
            yield from _not_valid(around, statement, foreign=word == "FOREIGN")
            return
    locks = table_locks(around, statement)
    yield _instant(around, (statement.sql,), locks, label=_label(statement), undo=_undo(around, statement))


def _not_valid(around: Surroundings, statement: Statement, *, foreign: bool) -> Iterator[Step]:
    table = statement.table
    assert table is not None
    check = (
        checks.orphans(table, statement.body, statement.references[0])
        if foreign
        else checks.violations(table, statement.body)
    )
    only_new_rows = re.search(r"\bNOT\s+(VALID|ENFORCED)$", statement.sql, re.IGNORECASE)
    sql = statement.sql if only_new_rows else f"{statement.sql} NOT VALID"
    yield _instant(
        around,
        (sql,),
        table_locks(around, statement),
        label=f"constraint {statement.name} on {table.plain}, not valid",
        undo=_undo(around, statement),
        row_checks=[] if only_new_rows else [check],
    )
    if not only_new_rows:
        yield _validate(around, table, statement.name)


_COLUMNS = r"""\((?:"[^"]*"|[^()"])*\)"""
_KEY = re.compile(
    rf"(?:UNIQUE|PRIMARY\s+KEY)\s*(?P<nulls>NULLS\s+(?:NOT\s+)?DISTINCT)?\s*(?P<columns>{_COLUMNS})"
    rf"\s*(?P<include>INCLUDE\s*{_COLUMNS})?\s*(?P<tail>.*)$",
    re.DOTALL | re.IGNORECASE,
)


def _add_key(around: Surroundings, statement: Statement, *, primary: bool) -> Iterator[Step]:
    table = statement.table
    assert table is not None
    if re.search(r"\bUSING\s+INDEX\s+(?!TABLESPACE)", statement.body, re.IGNORECASE):
        locks = {table: Mode.ACCESS_EXCLUSIVE}
        yield _instant(around, (statement.sql,), locks, label=_label(statement), undo=_undo(around, statement))
        return
    found = around.find(table)
    if found and found.is_partitioned:
        hazards.refuse(
            around,
            table,
            statement.sql,
            "A unique constraint on a partitioned table scans every partition under ACCESS EXCLUSIVE.",
            "live.AddUnique on each partition first, then ATTACH by hand.",
        )
    match = _KEY.match(statement.body)
    assert match is not None, statement.body
    if primary and not _all_not_null(around, table, match["columns"]):
        hazards.check_primary_key(around, statement)
    rest = " ".join(part for part in (match["columns"], match["include"], match["nulls"]) if part)
    yield _concurrent_index(table, statement.name, rest, unique=True)
    word = "PRIMARY KEY" if primary else "UNIQUE"
    name = identifier(statement.name)
    yield _instant(
        around,
        (f"ALTER TABLE {table} ADD CONSTRAINT {name} {word} USING INDEX {name} {match['tail']}".rstrip(),),
        {table: Mode.ACCESS_EXCLUSIVE},
        label=f"constraint {statement.name} on {table.plain} from its index",
        undo=_undo(around, statement),
    )


def _all_not_null(around: Surroundings, table: Name, columns: str) -> bool:
    found = around.find(table)
    known = read_columns(around.connection, found.oid) if found else {}
    names = [token.name for token in tokens(columns) if token.kind in ("word", "quoted")]
    return all(name in known and known[name].not_null for name in names)


def _add_column(around: Surroundings, statement: Statement) -> Iterator[Step]:
    table = statement.table
    assert table is not None
    if statement.guarded and _stands(around, statement):
        yield from _plain(around, statement)
        return
    column = take_apart(table.name, statement.name, statement.body)
    hazards.check_new_column(around, statement, column)
    first_null = column.required and around.keeper.awaits(around.placed(table), statement.name)
    plain = column.loose if first_null else column.plain
    sql = f"ALTER TABLE {table} ADD COLUMN {identifier(statement.name)} {plain}"
    if column.numbered or column.stored:
        sql = statement.sql
    yield _instant(
        around,
        (sql,),
        {table: Mode.ACCESS_EXCLUSIVE},
        label=f"column {table.plain}.{statement.name}",
        undo=_undo(around, statement),
    )
    for name, body in column.constraints if sql != statement.sql else ():
        for constraint in parse(f"ALTER TABLE {table} ADD CONSTRAINT {identifier(name)} {body}"):
            yield from _add_constraint(around, constraint)
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
    yield _instant(
        around,
        (
            drop,
            f"ALTER TABLE {table} ADD CONSTRAINT {identifier(name)} CHECK ({column} IS NOT NULL) NOT VALID",
        ),
        strong,
        label=f"check {table.plain}.{statement.name} is not null, not valid",
        undo=(drop,),
        row_checks=[checks.nulls(table, statement.name)],
    )
    yield _validate(around, table, name)
    yield _instant(
        around,
        (statement.sql, drop),
        strong,
        label=f"{table.plain}.{statement.name} not null",
        undo=(f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL",),
    )


def _alter_type(around: Surroundings, statement: Statement) -> Iterator[Step]:
    hazards.check_type(around, statement)
    found = around.find(statement.table) if statement.table else None
    assert found is not None
    new = around.type_named(statement.body)
    computed = computes(statement.name, statement.body)
    old = around.column_type(Name(found.schema, found.name), statement.name)
    for plain in _plain(around, statement):
        if computed or narrows(old, new, statement.body):
            yield from around.keeper.column(found, statement.name, plain, narrowed_to=new, computed=computed)
        else:
            yield plain


def _rewrite(around: Surroundings, statement: Statement) -> Iterator[Step]:
    hazards.check_rewrite(around, statement)
    yield from _plain(around, statement)


def _validate_existing(around: Surroundings, statement: Statement) -> Iterator[Step]:
    table = statement.table
    assert table is not None
    body, target = around.constraint(table, statement.name)
    check = checks.orphans(table, body, target) if target else checks.violations(table, body)
    yield replace(_validate(around, table, statement.name), checks=(check,) if check else ())


def _drop_column(around: Surroundings, statement: Statement) -> Iterator[Step]:
    for plain in _plain(around, statement):
        yield from dropping.column(around, statement, plain)


def _drop_table(around: Surroundings, statement: Statement) -> Iterator[Step]:
    for one, before in dropping.one_by_one(around, statement):
        for plain in _plain(around, one):
            yield from dropping.table(around, one, replace(plain, sql=(*before, *plain.sql)))


_RULES: dict[Kind, Rule] = {
    Kind.DROP_COLUMN: _drop_column,
    Kind.DROP_TABLE: _drop_table,
    Kind.CREATE_INDEX: _create_index,
    Kind.ADD_CONSTRAINT: _add_constraint,
    Kind.ADD_COLUMN: _add_column,
    Kind.SET_NOT_NULL: _set_not_null,
    Kind.ALTER_TYPE: _alter_type,
    Kind.REWRITE: _rewrite,
    Kind.VALIDATE: _validate_existing,
}
