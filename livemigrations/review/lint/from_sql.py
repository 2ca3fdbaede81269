"""The effects of SQL, statement by statement."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

from livemigrations.review.lint.effects import Change, Default, Effect
from livemigrations.review.lint.fields import AnyField, column, long_name
from livemigrations.review.lint.from_operations import Scene
from livemigrations.review.lint.volatility import of_sql
from livemigrations.statements.columns import NewColumn, take_apart
from livemigrations.statements.names import Name, parse_name
from livemigrations.statements.parse import Kind, Statement, parse
from livemigrations.statements.tokens import first_parentheses, scripts, split_commas, tokens

Changes = Iterator[Change]
_SERIAL = {"serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"}
_TABLE_LEVEL = {"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "EXCLUDE", "LIKE"}


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
        cascade = bool(re.search(r"\bCASCADE\s*$", statement.sql, re.IGNORECASE))
        yield _change(scene, statement, effect, cascade=cascade)

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
    for item in split_commas(first_parentheses(statement.body)):
        pieces = list(tokens(item))
        if not pieces:
            continue
        if pieces[0].word in _TABLE_LEVEL:
            yield from (_told_inside(scene, table, item) if pieces[0].word != "LIKE" else ())
        elif len(pieces) > 1:
            rest = item[pieces[0].end :].strip()
            yield from _column(scene, statement, pieces[0].name, take_apart(table.name, pieces[0].name, rest))


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
    words = [token.word for token in tokens(found.plain)]
    kind, text = of_sql(found.default)
    bodies = [body for _, body in found.constraints]
    primary = any(body.upper().startswith("PRIMARY") for body in bodies)
    keys = [parse_name(match[1]).name for body in bodies if (match := re.search(r"REFERENCES\s+(\S+)", body))]
    yield _change(
        scene,
        statement,
        Effect.ADD_COLUMN,
        name=name,
        type=_type(found.plain),
        null=not primary and "NOT" not in words and (words[:1] or [""])[0].lower() not in _SERIAL,
        default=Default.NONE if found.default.upper() == "NULL" else kind,
        default_text=text,
        stored=bool(found.stored),
        numbered=found.numbered,
        primary=primary,
        target=keys[0] if keys else "",
    )
    unfilled = not found.default and not found.numbered and "NOT" not in words
    for constraint, body in found.constraints:
        for change in _told_inside(scene, statement.table, f'CONSTRAINT "{constraint}" {body}'):
            # PostgreSQL looks up no row for a key whose column is NULL in all of them.
            unread = change.effect == Effect.ADD_FOREIGN_KEY and unfilled
            yield replace(change, valid=change.valid and not unread)


def _type(plain: str) -> str:
    """The type in a column's definition: what stands before the first clause."""
    ends = {"NOT", "NULL", "DEFAULT", "GENERATED", "COLLATE", "CONSTRAINT"}
    end = next((token.start for token in tokens(plain) if token.word in ends and not token.depth), len(plain))
    return long_name(" ".join(plain[:end].split()))


def _alter_table(scene: Scene, statement: Statement) -> Changes:
    """The actions that the parser does not tell apart by themselves."""
    text = " ".join(token.word or "x" for token in tokens(statement.sql))
    renamed = re.search(rf"\bRENAME\s+(?:COLUMN\s+)?({_NAME})\s+TO\s+({_NAME})", statement.sql, re.IGNORECASE)
    if renamed and " RENAME CONSTRAINT " not in text:
        old, new = (parse_name(part).name for part in renamed.groups())
        yield _change(scene, statement, Effect.RENAME_COLUMN, name=old, new_name=new)
    elif " DROP NOT NULL" in text:
        yield _change(scene, statement, Effect.DROP_NOT_NULL)
    elif " DROP DEFAULT" in text:
        field = _field(scene, statement)
        yield _change(scene, statement, Effect.DROP_DEFAULT, null=field.null if field is not None else False)
    elif match := re.search(r"\bSET\s+DEFAULT\s+(.*)$", statement.sql, re.IGNORECASE | re.DOTALL):
        kind, why = of_sql(match[1])
        yield _change(scene, statement, Effect.SET_DEFAULT, default=kind, default_text=why)
    else:
        yield _change(scene, statement, Effect.STATEMENT)


_NAME = r'(?:"(?:[^"]|"")+"|[\w$]+)'


def _alter_type(scene: Scene, statement: Statement) -> Changes:
    spelled = re.split(r"\s+(?:USING|COLLATE)\s", statement.body, maxsplit=1, flags=re.IGNORECASE)[0]
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
    parts = [next(tokens(part), None) for part in split_commas(first_parentheses(statement.body))]
    columns = tuple(part.name if part and part.kind in ("word", "quoted") else "" for part in parts)
    plain = not re.search(r"\bWHERE\b|\bUSING\s+(?!btree)|_ops\b", statement.body, re.IGNORECASE)
    effect = Effect.ADD_UNIQUE if statement.unique else Effect.ADD_INDEX
    yield _change(
        scene, statement, effect, columns=columns, unique=statement.unique, plain=plain, online=statement.concurrently
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
    "NOT": Effect.SET_NOT_NULL,
    "FOREIGN": Effect.ADD_FOREIGN_KEY,
    "CHECK": Effect.ADD_CHECK,
    "UNIQUE": Effect.ADD_UNIQUE,
    "PRIMARY": Effect.ADD_PRIMARY_KEY,
    "EXCLUDE": Effect.ADD_EXCLUSION,
}


def _add_constraint(scene: Scene, statement: Statement) -> Changes:
    first = next(tokens(statement.body), None)
    effect = _CONSTRAINTS.get(first.word if first else "")
    if effect is None or re.search(r"\bUSING\s+INDEX\s+(?!TABLESPACE)", statement.body, re.IGNORECASE):
        yield _change(scene, statement, Effect.STATEMENT)
        return
    valid = not re.search(r"\bNOT\s+VALID\b", statement.sql, re.IGNORECASE)
    if effect == Effect.SET_NOT_NULL:
        column = [token.name for token in tokens(statement.body)][2:3]
        yield _change(scene, statement, effect, name="".join(column), null=False, valid=valid)
        return
    target = statement.references[0].name if statement.references else ""
    pieces = [next(tokens(part), None) for part in split_commas(first_parentheses(statement.body))]
    yield _change(
        scene,
        statement,
        effect,
        columns=tuple(piece.name for piece in pieces if piece) if effect != Effect.ADD_CHECK else (),
        unique=effect in (Effect.ADD_UNIQUE, Effect.ADD_PRIMARY_KEY),
        valid=valid,
        target=target,
        target_existing=scene.exists(target),
    )


# --- rows and the rest -----------------------------------------------------------------------------------------


_WRITTEN = re.compile(
    rf"\s*(?:UPDATE(?:\s+ONLY)?|DELETE\s+FROM(?:\s+ONLY)?)\s+((?:{_NAME}\s*\.\s*)?{_NAME})", re.IGNORECASE
)


def _rows(scene: Scene, statement: Statement) -> Changes:
    yield _written(scene, statement.sql)
    if statement.sql[:4].upper() == "WITH":
        for part in _statements_inside(statement.sql):
            yield _written(scene, part)


def _written(scene: Scene, text: str) -> Change:
    match = _WRITTEN.match(text)
    return scene.change(Effect.ROWS, parse_name(match[1]).name if match else "", sql=text)


def _statements_inside(sql: str) -> Iterator[str]:
    """Each UPDATE and DELETE of a WITH, in its parentheses or behind them."""
    found = list(tokens(sql))
    for before, token in pairwise(found):
        if token.word in ("UPDATE", "DELETE") and before.text in ("(", ")"):
            ends = (other.start for other in found if other.start > token.start and other.depth < token.depth)
            yield sql[token.start : next(ends, len(sql))].strip()


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
    Kind.ALTER_TABLE: _alter_table,
    Kind.REWRITE: _rewrite,
    Kind.CREATE_INDEX: _create_index,
    Kind.DROP_INDEX: _drop_index,
    Kind.TRIGGER: _simple(Effect.TRIGGER),
    Kind.ROWS: _rows,
}
