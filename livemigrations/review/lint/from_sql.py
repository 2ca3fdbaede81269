"""The effects of SQL, statement by statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from livemigrations.review.lint.effects import Change, Default, Effect
from livemigrations.review.lint.fields import AnyField, column, long_name
from livemigrations.review.lint.from_operations import Scene
from livemigrations.review.lint.volatility import of_sql
from livemigrations.statements import tree
from livemigrations.statements.columns import NewColumn, take_apart, type_in
from livemigrations.statements.names import Name, identifier
from livemigrations.statements.parse import Kind, Statement, parse
from livemigrations.statements.tokens import first_parentheses, scripts, split_commas
from livemigrations.statements.tree import Node

Changes = Iterator[Change]


def changes_of(scene: Scene, sql: Any) -> list[Change]:
    """The effects of a script; tables that it makes count as new from then on."""
    found: list[Change] = []
    for text in scripts(sql):
        for statement in parse(text):
            found += _told(scene, statement)
    return found


def _told(scene: Scene, statement: Statement) -> Changes:
    tell = _TELLERS.get(statement.kind, _other)
    yield from tell(scene, statement)


def _change(scene: Scene, statement: Statement, effect: Effect, **values: Any) -> Change:
    table = statement.table.name if statement.table else ""
    return scene.change(effect, table, sql=statement.sql, **{"name": statement.name, **values})


def _simple(effect: Effect) -> Callable[[Scene, Statement], Changes]:
    def tell(scene: Scene, statement: Statement) -> Changes:
        yield _change(scene, statement, effect, cascade=statement.body == "CASCADE")

    return tell


# --- tables ----------------------------------------------------------------------------------------------------


def _create_table(scene: Scene, statement: Statement) -> Changes:
    assert statement.table is not None
    table = statement.table.name
    known = table in scene.new
    scene.new.add(table)
    yield from _created(scene, statement, statement.table)
    if statement.guarded and not known:  # a table of that name may have been there, with rows
        scene.new.discard(table)


def _created(scene: Scene, statement: Statement, table: Name) -> Changes:
    yield _change(scene, statement, Effect.CREATE_TABLE)
    for element, item in _elements(statement):
        if tree.kind(element) == "Constraint":
            yield from _told_inside(scene, table, item)
        elif tree.kind(element) == "ColumnDef":
            rest = tree.behind_name(item, 0)
            yield from _column(scene, statement, element.colname, take_apart(table.name, element.colname, rest))


def _elements(statement: Statement) -> Iterator[tuple[Node, str]]:
    """The columns and constraints in a CREATE TABLE, each with its text."""
    found = [tree.inner(element) for element in getattr(statement.node, "table_elts", ())]
    pieces = split_commas(first_parentheses(statement.body)) if found else []
    if len(found) == len(pieces):
        yield from zip(found, pieces, strict=True)


def _told_inside(scene: Scene, table: Name, item: str) -> Changes:
    for statement in parse(f"ALTER TABLE {table} ADD {item}"):
        yield from _told(scene, statement)


def _drop_table(scene: Scene, statement: Statement) -> Changes:
    for table in (statement.table, *statement.references):
        if table is not None:
            yield scene.change(Effect.DROP_TABLE, table.name, sql=statement.sql, cascade=statement.body == "CASCADE")


def _rename_table(scene: Scene, statement: Statement) -> Changes:
    yield _change(scene, statement, Effect.RENAME_TABLE, name="", new_name=statement.name)
    if statement.table and statement.table.name in scene.new:
        scene.new.add(statement.name)


# --- columns ---------------------------------------------------------------------------------------------------


def _add_column(scene: Scene, statement: Statement) -> Changes:
    assert statement.table is not None
    yield from _column(
        scene, statement, statement.name, take_apart(statement.table.name, statement.name, statement.body)
    )


def _column(scene: Scene, statement: Statement, name: str, found: NewColumn) -> Changes:
    assert statement.table is not None
    kind, text = of_sql(found.default)
    keys = [tree.inner(node) for node in found.node.constraints] if found.node is not None else []
    words = {tree.word(node, "contype") for node in keys}
    targets = [node.pktable.relname for node in keys if node.HasField("pktable")]
    primary = "CONSTR_PRIMARY" in words
    yield _change(
        scene,
        statement,
        Effect.ADD_COLUMN,
        name=name,
        type=long_name(" ".join(found.type.split())),
        null=not primary and not found.not_null and not (found.numbered and "CONSTR_IDENTITY" not in words),
        default=Default.NONE if found.default.upper() == "NULL" else kind,
        default_text=text,
        stored=bool(found.stored),
        numbered=found.numbered,
        primary=primary,
        target=targets[0] if targets else "",
    )
    unfilled = not found.default and not found.numbered and not found.not_null
    for constraint, body in found.constraints:
        for change in _told_inside(scene, statement.table, f"CONSTRAINT {identifier(constraint)} {body}"):
            # PostgreSQL looks up no row for a key whose column is NULL in all of them.
            unread = change.effect == Effect.ADD_FOREIGN_KEY and unfilled
            yield replace(change, valid=change.valid and not unread)


def _rename_column(scene: Scene, statement: Statement) -> Changes:
    yield _change(scene, statement, Effect.RENAME_COLUMN, new_name=statement.new_name)


def _alter_table(scene: Scene, statement: Statement) -> Changes:
    """The actions that the parser does not tell apart."""
    command = tree.command(statement.sql)
    subtype = tree.word(command, "subtype") if command is not None else ""
    if subtype == "AT_DropNotNull":
        yield _change(scene, statement, Effect.DROP_NOT_NULL)
    elif subtype == "AT_ColumnDefault" and not command.HasField("def"):  # type: ignore[union-attr] # it has a subtype
        field = _field(scene, statement)
        yield _change(scene, statement, Effect.DROP_DEFAULT, null=field.null if field is not None else False)
    elif subtype == "AT_ColumnDefault":
        kind, why = of_sql(tree.expression(tree.definition(statement.sql)))
        yield _change(scene, statement, Effect.SET_DEFAULT, default=kind, default_text=why)
    else:
        yield _change(scene, statement, Effect.STATEMENT)


def _alter_type(scene: Scene, statement: Statement) -> Changes:
    spelled = type_in(statement.body)
    field = _field(scene, statement)
    model = scene.old.by_table(statement.table.name) if statement.table else None
    old = scene.old.type(model, field) if model is not None and field is not None else ""
    yield _change(scene, statement, Effect.CHANGE_TYPE, type=long_name(" ".join(spelled.split())), old_type=old)


def _rewrite(scene: Scene, statement: Statement) -> Changes:
    """What copies the table; the expression of a virtual column does not."""
    if getattr(_field(scene, statement), "db_persist", True):
        yield _change(scene, statement, Effect.REWRITE)
    else:
        yield _change(scene, statement, Effect.STATEMENT)


def _field(scene: Scene, statement: Statement) -> AnyField | None:
    """The field whose column a statement changes, where a model knows it."""
    model = scene.old.by_table(statement.table.name) if statement.table else None
    fields = scene.old.columns(model) if model is not None else ()
    return next((field for name, field in fields if column(name, field) == statement.name), None)


# --- indexes and constraints -----------------------------------------------------------------------------------


def _create_index(scene: Scene, statement: Statement) -> Changes:
    node = statement.node
    assert node is not None
    elements = [tree.inner(element) for element in node.index_params]
    plain = not node.HasField("where_clause") and node.access_method == "btree" and not any(e.opclass for e in elements)
    effect = Effect.ADD_UNIQUE if statement.unique else Effect.ADD_INDEX
    yield _change(
        scene,
        statement,
        effect,
        columns=tuple(element.name for element in elements),
        unique=statement.unique,
        plain=plain,
        online=statement.concurrently,
    )


def _drop_index(scene: Scene, statement: Statement) -> Changes:
    """The statement does not say which table it is on, so traffic may know it unless this run made it."""
    yield Change(
        effect=Effect.DROP_INDEX,
        existing=True,
        name=statement.name,
        online=statement.concurrently,
        cascade=statement.body == "CASCADE",
        sql=statement.sql,
    )


_CONSTRAINTS = {
    "CONSTR_NOTNULL": Effect.SET_NOT_NULL,
    "CONSTR_FOREIGN": Effect.ADD_FOREIGN_KEY,
    "CONSTR_CHECK": Effect.ADD_CHECK,
    "CONSTR_UNIQUE": Effect.ADD_UNIQUE,
    "CONSTR_PRIMARY": Effect.ADD_PRIMARY_KEY,
    "CONSTR_EXCLUSION": Effect.ADD_EXCLUSION,
}


def _add_constraint(scene: Scene, statement: Statement) -> Changes:
    node = tree.constraint(statement.sql)
    effect = _CONSTRAINTS.get(tree.word(node, "contype")) if node is not None else None
    if node is None or effect is None or node.indexname:
        yield _change(scene, statement, Effect.STATEMENT)
        return
    valid = not node.skip_validation
    if effect == Effect.SET_NOT_NULL:
        yield _change(scene, statement, effect, name=tree.strings(node.keys)[0], null=False, valid=valid)
        return
    target = statement.references[0].name if statement.references else ""
    yield _change(
        scene,
        statement,
        effect,
        columns=tuple(tree.strings(node.fk_attrs) or tree.strings(node.keys)),
        unique=effect in (Effect.ADD_UNIQUE, Effect.ADD_PRIMARY_KEY),
        valid=valid,
        target=target,
        target_existing=scene.exists(target),
    )


# --- rows and the rest -----------------------------------------------------------------------------------------


def _rows(scene: Scene, statement: Statement) -> Changes:
    node = statement.node
    assert node is not None
    yield _written(scene, node, statement.sql)
    for part in tree.find(node, "UpdateStmt", "DeleteStmt"):  # those of a WITH, and the one behind it
        if part is not node or node.HasField("with_clause"):
            yield _written(scene, part, _without_with(part))


def _without_with(node: Node) -> str:
    plain = tree.new(tree.kind(node))
    plain.CopyFrom(node)
    plain.ClearField("with_clause")
    return tree.text(plain)


def _written(scene: Scene, node: Node, text: str) -> Change:
    changes = tree.kind(node) in ("UpdateStmt", "DeleteStmt")
    return scene.change(Effect.ROWS, node.relation.relname if changes else "", sql=text)


def _other(scene: Scene, statement: Statement) -> Changes:
    yield _change(scene, statement, Effect.STATEMENT)


_TELLERS: dict[Kind, Callable[[Scene, Statement], Changes]] = {
    Kind.CREATE_TABLE: _create_table,
    Kind.DROP_TABLE: _drop_table,
    Kind.RENAME_TABLE: _rename_table,
    Kind.ADD_COLUMN: _add_column,
    Kind.DROP_COLUMN: _simple(Effect.DROP_COLUMN),
    Kind.ALTER_TYPE: _alter_type,
    Kind.SET_NOT_NULL: lambda scene, s: iter([_change(scene, s, Effect.SET_NOT_NULL, null=False)]),
    Kind.ADD_CONSTRAINT: _add_constraint,
    Kind.VALIDATE: _simple(Effect.VALIDATE),
    Kind.DROP_CONSTRAINT: _simple(Effect.DROP_CONSTRAINT),
    Kind.RENAME_COLUMN: _rename_column,
    Kind.ALTER_TABLE: _alter_table,
    Kind.REWRITE: _rewrite,
    Kind.CREATE_INDEX: _create_index,
    Kind.DROP_INDEX: _drop_index,
    Kind.TRIGGER: _simple(Effect.TRIGGER),
    Kind.ROWS: _rows,
}
