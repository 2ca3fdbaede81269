"""Checks of the design of tables. What a later migration has put right already is not reported."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from livemigrations.review.lint import fields
from livemigrations.review.lint.checks.hits import Hit, On, StepCheck, Words, names_of
from livemigrations.review.lint.effects import Change, Effect
from livemigrations.review.lint.history import Step
from livemigrations.review.lint.tables import Covering, covers, indexes_of
from livemigrations.statements.names import MAX_BYTES

_TYPED = (Effect.ADD_COLUMN, Effect.CHANGE_TYPE)
_SMALL = {"integer", "smallint", "int", "int4", "int2", "serial", "smallserial", "serial4", "serial2"}
_SERIAL = {*(f"{size}serial" for size in ("", "small", "big")), "serial2", "serial4", "serial8"}
_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_$]*")


def _now(step: Step, change: Change) -> str | None:
    """The type of the column after the last migration: empty if it cannot be told, None if the column is gone."""
    model = step.end.by_table(change.table)
    if model is None:
        return "" if change.sql else None
    for name, one in step.end.columns(model):
        if fields.column(name, one) == change.name:
            return step.end.type(model, one)
    return "" if change.sql else None


def _lasting(test: Callable[[str], bool]) -> Callable[[Step, Change], bool]:
    """A test of the type that holds now and after the last migration."""

    def when(step: Step, change: Change) -> bool:
        if not test(change.type):
            return False
        later = _now(step, change)
        return later is not None and (later == "" or test(later) or bool(change.sql))

    return when


def _small_key(step: Step, change: Change) -> bool:
    return change.primary and not change.target and _lasting(lambda kind: kind in _SMALL)(step, change)


def _small_number(step: Step, change: Change) -> bool:
    plain = not change.primary and not change.target
    return plain and _lasting(lambda kind: kind in _SMALL)(step, change)


def long_names(step: Step) -> Iterator[Hit]:
    """Names that PostgreSQL will cut off."""
    for name, change in _names(step):
        if len(name.encode()) > MAX_BYTES:
            message = f"{name} has {len(name.encode())} bytes and becomes {name.encode()[:MAX_BYTES].decode(errors='ignore')}."
            yield Hit("LM510", message, change.subject, names=(name,))


def quoted_names(step: Step) -> Iterator[Hit]:
    """Names that need quotes."""
    for name, change in _names(step):
        if not _PLAIN_NAME.fullmatch(name):
            yield Hit("LM511", f'It is "{name}" in every statement, with its quotes.', change.subject, names=(name,))


_NAMING = {Effect.CREATE_TABLE, Effect.RENAME_TABLE, Effect.ADD_COLUMN, Effect.RENAME_COLUMN}


def _names(step: Step) -> Iterator[tuple[str, Change]]:
    """The names that an operation gives; Django itself shortens those that nobody chose."""
    for change in step.changes:
        if change.effect == Effect.CREATE_TABLE:
            yield change.table, change
        given = change.new_name or change.name
        if given and change.named and (change.effect in _NAMING or change.effect.value.startswith("add ")):
            yield given, change


def keys_without_index(step: Step) -> Iterator[Hit]:
    """Foreign keys that no index serves, now or after the last migration."""
    for change in step.changes:
        if change.effect != Effect.ADD_FOREIGN_KEY or not change.columns:
            continue
        model = step.end.by_table(change.table)
        here = [c.columns for c in step.changes if c.effect in (Effect.ADD_INDEX, Effect.ADD_UNIQUE)]
        by_sql = [*(columns for table, columns in step.whole.sql_indexes if table == change.table), *here]
        if any(set(columns[: len(change.columns)]) == set(change.columns) for columns in by_sql):
            continue
        if model is None and not change.sql:
            continue
        if model is not None and not _still_a_key(step, change):
            continue
        if model is None or not covers(indexes_of(step.end, model), change.columns):
            names = ", ".join(change.columns)
            message = f"No index begins with {change.table}.{names}, which points at {change.target}."
            yield Hit("LM512", message, change.subject, names=names_of(change))


def _still_a_key(step: Step, change: Change) -> bool:
    model = step.end.by_table(change.table)
    assert model is not None
    known = {fields.column(name, one): one for name, one in step.end.columns(model)}
    keys = [known[name] for name in change.columns if name in known]
    return bool(change.sql) or any(fields.has_key(one) for one in keys)


def duplicate_indexes(step: Step) -> Iterator[Hit]:
    """Indexes that the operation makes, over the same columns as another one."""
    for table, covering, other in _pairs(step, lambda a, b: a.columns == b.columns):
        unneeded, kept = (other, covering) if covering.unique and not other.unique else (covering, other)
        message = f"{table}: {unneeded.label} covers the same as {kept.label}."
        yield Hit("LM513", message, f"{table}.{unneeded.label}", names=(unneeded.label.split()[-1],))


def prefix_indexes(step: Step) -> Iterator[Hit]:
    """Plain indexes that the operation makes and that begin a longer one."""

    def begins(a: Covering, b: Covering) -> bool:
        return not a.unique and len(a.columns) < len(b.columns) and b.columns[: len(a.columns)] == a.columns

    for table, covering, other in _pairs(step, begins):
        message = f"{table}: {covering.label} begins {other.label}."
        yield Hit("LM519", message, f"{table}.{covering.label}", names=(covering.label.split()[-1],))


def _pairs(step: Step, match: Callable[[Covering, Covering], bool]) -> Iterator[tuple[str, Covering, Covering]]:
    """Pairs of plain indexes of a table that the operation changes, of which one is new and both last."""
    indexing = (Effect.ADD_INDEX, Effect.ADD_UNIQUE, Effect.CREATE_TABLE)
    for table in dict.fromkeys(c.table for c in step.changes if c.effect in indexing and not c.sql):
        model, last = step.scene.now.by_table(table), step.end.by_table(table)
        if model is None or last is None:
            continue
        before = step.scene.old.by_table(table)
        had = indexes_of(step.scene.old, before) if before else []
        lasting = indexes_of(step.end, last)
        has = [one for one in indexes_of(step.scene.now, model) if one.plain and one.columns and one in lasting]
        for position, one in enumerate(has):
            for other in has[position + 1 :]:
                first, second = (one, other) if other in had else (other, one)
                if first not in had and (match(first, second) or match(second, first)):
                    yield (table, first, second) if match(first, second) else (table, second, first)


_ALIGNMENT = [
    (re.compile(r"^(bigint|timestamp|double|interval|money|bigserial|time\b)"), 8),
    (re.compile(r"^(integer|date|real|serial|int$)"), 4),
    (re.compile(r"^(smallint|smallserial)"), 2),
    (re.compile(r"^(boolean|uuid|\"?char)"), 1),
]
_WIDTH = {"uuid": 16, "interval": 16}


def alignment(step: Step) -> Iterator[Hit]:
    """New tables whose fixed columns would be smaller in another order."""
    for table in [c.table for c in step.changes if c.effect == Effect.CREATE_TABLE]:
        types = [c.type for c in step.changes if c.effect == Effect.ADD_COLUMN and c.table == table]
        sized = [(align, _WIDTH.get(kind, align)) for kind in types for align in [_align(kind)] if align]
        wasted = _size(sized) - _size(sorted(sized, reverse=True))
        if wasted >= 8 and len(sized) > 1:
            yield Hit("LM516", f"{table}: each row is {wasted} bytes larger than with its widest columns first.", table)


def _align(kind: str) -> int:
    return next((align for pattern, align in _ALIGNMENT if pattern.match(kind)), 0)


def _size(columns: list[tuple[int, int]]) -> int:
    size = 0
    for align, width in columns:
        size += -size % align + width
    return size + -size % 8


STEPS: list[StepCheck] = [
    On("LM501", (Effect.ADD_COLUMN,), "The primary key {c.subject} is {c.type}.", _small_key, anywhere=True),
    On("LM502", _TYPED, "{c.subject} is {c.type}.", _small_number, anywhere=True),
    On("LM503", _TYPED, "{c.subject} is {c.type}.", lambda s, c: c.type in _SERIAL, anywhere=True),
    On("LM504", _TYPED, "{c.subject} is json.", _lasting(lambda kind: kind in ("json", "json[]")), anywhere=True),
    On(
        "LM505",
        _TYPED,
        "{c.subject} is {c.type}.",
        _lasting(lambda kind: bool(re.match(r"character(\(|$|\[)|bpchar", kind))),
        anywhere=True,
    ),
    On(
        "LM506",
        _TYPED,
        "{c.subject} is {c.type}.",
        _lasting(lambda kind: bool(re.match(r"timestamp(\s*\(\d\))?(\s+without time zone)?(\[\])?$", kind))),
        anywhere=True,
    ),
    On("LM507", _TYPED, "{c.subject} is money.", _lasting(lambda kind: kind == "money"), anywhere=True),
    On(
        "LM508",
        _TYPED,
        "{c.subject} is {c.type}.",
        _lasting(lambda kind: kind.startswith("character varying(")),
        anywhere=True,
    ),
    Words("LM509", r"^CREATE UNLOGGED TABLE\b|\bSET UNLOGGED\b", "Empty after a crash and on replicas: {sql}"),
    long_names,
    quoted_names,
    keys_without_index,
    duplicate_indexes,
    On(
        "LM514",
        (Effect.ADD_INDEX,),
        "The index {c.name} has more than three columns.",
        lambda step, c: not c.unique and len(c.columns) > 3,
        anywhere=True,
    ),
    On(
        "LM515",
        (Effect.ADD_FOREIGN_KEY,),
        "{c.subject}: the database does not know what happens when a row of {c.target} goes.",
        lambda step, c: c.on_delete_in_python,
        anywhere=True,
    ),
    alignment,
    Words("LM517", r"^CREATE TYPE .*\bAS ENUM\b", "Values of an enum are never removed: {sql}"),
    Words(
        "LM518",
        r"^CREATE DOMAIN\b.*\b(CHECK|NOT NULL)\b|^ALTER DOMAIN\b.*\b(ADD|SET NOT NULL|VALIDATE)\b",
        "The constraint is checked in every table that uses it: {sql}",
    ),
    prefix_indexes,
]
