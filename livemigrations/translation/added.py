"""A new column: nothing is rewritten, and the previous release, which does not write it, goes on inserting rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import migrations
from django.db.migrations.operations.base import Operation
from django.db.models import NOT_PROVIDED, Field

from livemigrations import operations as live
from livemigrations.operations.leftovers import has_key, variant
from livemigrations.translation.defaults import Volatile, as_db_default, filled_with, own_of_each
from livemigrations.translation.parts import Part, Parts, Work, contract, expand

KEY_WHY = "Added NOT VALID and validated afterwards, a foreign key stops nobody."
_EACH_WHY = (
    "Every row gets a value of its own: as the default of a new column that would rewrite the table under ACCESS"
    " EXCLUSIVE. New rows get it from the default, the old ones in batches, then the column is made NOT NULL."
)
_DEFAULT_WHY = (
    "The previous release does not know the column: a default in the database fills it for those rows too. It goes when"
    " that release is gone; with db_default in the model it would stay, and this would be one migration."
)
_NULL_WHY = "The previous release inserts rows without the column, so that it takes NULL until that release is gone."
_STORED_WHY = (
    "A stored generated column rewrites the table under ACCESS EXCLUSIVE; a virtual one is instant (PostgreSQL 18). Or"
    " keep an ordinary column by a trigger and fill it in batches."
)


@dataclass
class _Way:
    """The way to one field: ``missing`` are the arguments in which the column still differs from it."""

    operation: migrations.AddField
    final: Field[Any, Any]
    missing: dict[str, Any] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)

    @property
    def names(self) -> tuple[str, str]:
        return self.operation.model_name, self.operation.name

    def now(self, **changes: Any) -> Field[Any, Any]:
        """The field as the column is at this point, or with further changes."""
        self.missing = {name: value for name, value in {**self.missing, **changes}.items() if value is not _DONE}
        return variant(self.final, **self.missing) if self.missing else self.final

    def add(self, part: Part) -> None:
        self.parts.append(part)

    def schema(self, *operations: Operation, why: str) -> None:
        self.add(expand(Work.SCHEMA, *operations, why=why))

    def key(self) -> None:
        """Give the column its foreign key, if it is to have one."""
        if has_key(self.final):
            self.add(expand(Work.KEY, live.AddForeignKey(*self.names, self.now(db_constraint=_DONE)), why=KEY_WHY))


_DONE: Any = object()


def added_field(operation: migrations.AddField, volatile: Volatile) -> Parts:
    """The parts of an AddField on a table in use."""
    given = operation.field
    final = given if operation.preserve_default else variant(given, default=NOT_PROVIDED)
    if given.many_to_many or given.primary_key:
        return (expand(Work.SCHEMA, operation),)
    if given.generated:
        return _generated(operation)
    way = _Way(operation, final)
    if has_key(final):
        way.now(db_constraint=False)
    if given.has_db_default() and volatile(given.db_default):
        _each(way, given.db_default, stays=True)
    elif given.null or given.has_db_default():
        way.schema(_add(way), why=KEY_WHY if has_key(final) else "")
        way.key()
    else:
        _not_null(way, filled_with(given))
    return tuple(way.parts)


def _add(way: _Way) -> Operation:
    """AddField with the field as it is now; the operation itself if that is the field asked for."""
    now = way.now()
    return way.operation if now is way.operation.field else migrations.AddField(*way.names, now)


def _generated(operation: migrations.AddField) -> Parts:
    if not getattr(operation.field, "db_persist", False):
        return (expand(Work.SCHEMA, operation),)
    virtual = variant(operation.field, db_persist=False)
    made = migrations.AddField(operation.model_name, operation.name, virtual)
    return (expand(Work.SCHEMA, made, why=_STORED_WHY, exact=False),)


def _not_null(way: _Way, value: Any) -> None:
    """A NOT NULL column whose rows get ``value``."""
    own, constant = own_of_each(way.final, value), as_db_default(way.final, value)
    if value is NOT_PROVIDED or value is None or (way.final.unique and own is NOT_PROVIDED):
        way.missing.clear()  # it works on an empty table only, and there nothing else is needed
        way.schema(way.operation, why="")
    elif own is not NOT_PROVIDED and hasattr(own, "resolve_expression"):
        _each(way, own, stays=False)
    elif own is not NOT_PROVIDED:
        _asked(way, own)
    elif constant is not NOT_PROVIDED:
        way.schema(migrations.AddField(*way.names, way.now(db_default=constant)), why=_DEFAULT_WHY)
        way.key()
        way.add(contract(Work.DEFAULT, migrations.AlterField(*way.names, way.now(db_default=_DONE)), why=_DEFAULT_WHY))
    else:
        way.schema(migrations.AddField(*way.names, variant(way.now(null=True), default=value)), why=_NULL_WHY)
        way.key()
        way.add(contract(Work.NOT_NULL, _final(way), why=_NULL_WHY))


def _each(way: _Way, expression: Any, *, stays: bool) -> None:
    """A default in the database that gives each row its own value; ``stays`` if the field keeps it."""
    bare = way.now(null=True, default=NOT_PROVIDED, db_default=NOT_PROVIDED)
    null = {} if way.final.null else {"null": True}
    way.missing.pop("null")
    way.missing.pop("default")
    with_default = way.now(**null, db_default=_DONE if stays else expression)
    way.schema(migrations.AddField(*way.names, bare), migrations.AlterField(*way.names, with_default), why=_EACH_WHY)
    way.add(expand(Work.ROWS, live.FillColumn(*way.names, expression, fires_triggers=False), why=_EACH_WHY))
    way.key()
    if null:
        way.add(expand(Work.NOT_NULL, live.SetNotNull(*way.names, way.now(null=_DONE)), why=_EACH_WHY))
    if not stays:
        last = migrations.AlterField(*way.names, way.now(db_default=_DONE))
        way.add(contract(Work.DEFAULT, last, why=_DEFAULT_WHY))


def _asked(way: _Way, ask: Any) -> None:
    """Values that Python makes, one for each row; the previous release leaves rows without one until it is gone."""
    way.schema(migrations.AddField(*way.names, way.now(null=True, default=NOT_PROVIDED)), why=_NULL_WHY)
    way.key()
    way.add(expand(Work.ROWS, live.FillColumn(*way.names, ask, fires_triggers=False), why=_NULL_WHY))
    way.add(contract(Work.ROWS, live.FillColumn(*way.names, ask, fires_triggers=False), why=_NULL_WHY))
    way.add(contract(Work.NOT_NULL, _final(way), why=_NULL_WHY))


def _final(way: _Way) -> live.SetNotNull:
    """NOT NULL with the field asked for: rows that are still NULL get its default."""
    return live.SetNotNull(*way.names, way.operation.field, way.operation.preserve_default)
