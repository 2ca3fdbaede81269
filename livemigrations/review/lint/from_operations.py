"""The effects of Django's operations, told from the states before and after them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    RemoveIndexConcurrently,
    ValidateConstraint,
)
from django.db import migrations
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState
from django.db.models import CheckConstraint, Index, UniqueConstraint

from livemigrations.operations.code import CreateTrigger
from livemigrations.review.lint import fields
from livemigrations.review.lint.effects import Change, Effect
from livemigrations.review.lint.fields import Facts
from livemigrations.review.lint.from_fields import changed, made
from livemigrations.review.lint.tables import index_covering, together, unique_covering

Changes = Iterator[Change]


@dataclass(frozen=True)
class Scene:
    """An operation between two states; ``new`` are the tables of this run."""

    app: str
    operation: Any
    before: ProjectState
    after: ProjectState
    connection: BaseDatabaseWrapper
    new: set[str] = field(default_factory=set)

    @cached_property
    def old(self) -> Facts:
        return Facts(self.connection, self.before)

    @cached_property
    def now(self) -> Facts:
        return Facts(self.connection, self.after)

    def exists(self, table: str) -> bool:
        return bool(table) and table not in self.new

    def change(self, effect: Effect, table: str, **values: Any) -> Change:
        return Change(effect=effect, table=table, existing=self.exists(table), **values)


def changes(scene: Scene) -> list[Change]:
    """The effects of an operation of Django or a subclass of one; of others there are none to tell."""
    for kind, tell in _TELLERS:
        if isinstance(scene.operation, kind):
            return list(tell(scene))
    return []


def knows(operation: Operation) -> bool:
    """Whether the effects of such an operation can be told."""
    return isinstance(operation, tuple(kind for kind, _ in _TELLERS))


def _model(scene: Scene, facts: Facts, name: str) -> ModelState | None:
    model = facts.model(scene.app, name)
    return model if model is not None and facts.managed(model) else None


# --- tables ----------------------------------------------------------------------------------------------------


def _create_model(scene: Scene) -> Changes:
    model = _model(scene, scene.now, scene.operation.name)
    if model is None:
        return
    table = scene.now.table(model)
    known = table in scene.new
    scene.new.add(table)
    yield from _created(scene, model, table)
    if getattr(scene.operation, "adopts", False) and not known:  # it may have met a table full of rows
        scene.new.discard(table)


def _created(scene: Scene, model: ModelState, table: str) -> Changes:
    yield scene.change(Effect.CREATE_TABLE, table)
    for name, one in model.fields.items():
        yield from made(scene, model, name, one)
    for index in model.options.get("indexes", ()):
        yield _index(scene, model, index)
    for constraint in model.options.get("constraints", ()):
        yield from _constraint(scene, model, constraint)
    for word in ("unique_together", "index_together"):
        for names in model.options.get(word) or ():
            yield _together(scene, model, names, unique=word == "unique_together")


def _delete_model(scene: Scene) -> Changes:
    if model := _model(scene, scene.old, scene.operation.name):
        yield scene.change(Effect.DROP_TABLE, scene.old.table(model))
        for name, one in model.fields.items():
            if one.many_to_many and (table := scene.old.through(model, name, one)):
                yield scene.change(Effect.DROP_TABLE, table)


def _rename_table(scene: Scene, old: str, new: str) -> Changes:
    if old == new:
        return
    yield scene.change(Effect.RENAME_TABLE, old, name="", new_name=new)
    if old in scene.new:
        scene.new.add(new)


def _rename_model(scene: Scene) -> Changes:
    old = _model(scene, scene.old, scene.operation.old_name)
    new = _model(scene, scene.now, scene.operation.new_name)
    if old is not None and new is not None:
        yield from _renamed(scene, old, new)


def _alter_table(scene: Scene) -> Changes:
    old, new = (_model(scene, facts, scene.operation.name) for facts in (scene.old, scene.now))
    if old is not None and new is not None:
        yield from _renamed(scene, old, new)


def _renamed(scene: Scene, old: ModelState, new: ModelState) -> Changes:
    yield from _rename_table(scene, scene.old.table(old), scene.now.table(new))
    for name, one in new.fields.items():
        if one.many_to_many and name in old.fields:
            before = scene.old.through(old, name, old.fields[name])
            yield from _rename_table(scene, before, scene.now.through(new, name, one))


# --- columns ---------------------------------------------------------------------------------------------------


def _add_field(scene: Scene) -> Changes:
    if model := _model(scene, scene.now, scene.operation.model_name):
        yield from made(scene, model, scene.operation.name, scene.operation.field)


def _remove_field(scene: Scene) -> Changes:
    if model := _model(scene, scene.old, scene.operation.model_name):
        yield from _gone(scene, model, scene.operation.name)


def _gone(scene: Scene, model: ModelState, name: str) -> Changes:
    one = model.fields[name]
    if one.many_to_many:
        if table := scene.old.through(model, name, one):
            yield scene.change(Effect.DROP_TABLE, table)
    elif fields.has_column(one):
        yield scene.change(
            Effect.DROP_COLUMN,
            scene.old.table(model),
            name=fields.column(name, one),
            null=one.null,
            default=fields.default(one)[0],
        )


def _rename_field(scene: Scene) -> Changes:
    operation = scene.operation
    old, new = (_model(scene, facts, operation.model_name) for facts in (scene.old, scene.now))
    if old is None or new is None:
        return
    before, after = old.fields[operation.old_name], new.fields[operation.new_name]
    if before.many_to_many:
        tables = scene.old.through(old, operation.old_name, before), scene.now.through(new, operation.new_name, after)
        yield from _rename_table(scene, *tables)
        return
    one, other = fields.column(operation.old_name, before), fields.column(operation.new_name, after)
    if fields.has_column(before) and one != other:
        yield scene.change(Effect.RENAME_COLUMN, scene.old.table(old), name=one, new_name=other)


def _alter_field(scene: Scene) -> Changes:
    operation = scene.operation
    old, new = (_model(scene, facts, operation.model_name) for facts in (scene.old, scene.now))
    if old is not None and new is not None and operation.name in old.fields:
        yield from changed(scene, (old, old.fields[operation.name]), (new, operation.field), operation.name)


def _alter_order(scene: Scene) -> Changes:
    before, after = (_model(scene, facts, scene.operation.name) for facts in (scene.old, scene.now))
    if before is None or after is None:
        return
    had, has = ("order_with_respect_to" in m.options and m.options["order_with_respect_to"] for m in (before, after))
    if has and not had:
        yield scene.change(Effect.ADD_COLUMN, scene.now.table(after), name="_order", type="integer", null=False)
    elif had and not has:
        yield scene.change(Effect.DROP_COLUMN, scene.old.table(before), name="_order", null=False)


# --- indexes and constraints -----------------------------------------------------------------------------------


def _index(scene: Scene, model: ModelState, index: Index, *, online: bool = False) -> Change:
    covering = index_covering(scene.now, model, index)
    columns = covering.columns or tuple("" for _ in index.expressions)
    return scene.change(
        Effect.ADD_INDEX,
        scene.now.table(model),
        name=index.name,
        columns=columns,
        plain=covering.plain,
        online=online,
    )


def _add_index(scene: Scene) -> Changes:
    if model := _model(scene, scene.now, scene.operation.model_name):
        online = isinstance(scene.operation, AddIndexConcurrently)
        yield _index(scene, model, scene.operation.index, online=online)


def _remove_index(scene: Scene) -> Changes:
    if model := _model(scene, scene.old, scene.operation.model_name):
        online = isinstance(scene.operation, RemoveIndexConcurrently)
        yield scene.change(Effect.DROP_INDEX, scene.old.table(model), name=scene.operation.name, online=online)


def _constraint(scene: Scene, model: ModelState, constraint: Any, *, valid: bool = True) -> Changes:
    table, name = scene.now.table(model), constraint.name
    if isinstance(constraint, UniqueConstraint):
        columns = unique_covering(scene.now, model, constraint).columns or ("",)
        yield scene.change(Effect.ADD_UNIQUE, table, name=name, columns=columns, unique=True)
    elif isinstance(constraint, ExclusionConstraint):
        yield scene.change(Effect.ADD_EXCLUSION, table, name=name)
    elif isinstance(constraint, CheckConstraint):
        yield scene.change(Effect.ADD_CHECK, table, name=name, valid=valid)


def _add_constraint(scene: Scene) -> Changes:
    if model := _model(scene, scene.now, scene.operation.model_name):
        valid = not isinstance(scene.operation, AddConstraintNotValid)
        yield from _constraint(scene, model, scene.operation.constraint, valid=valid)


def _remove_constraint(scene: Scene) -> Changes:
    if model := _model(scene, scene.old, scene.operation.model_name):
        yield scene.change(Effect.DROP_CONSTRAINT, scene.old.table(model), name=scene.operation.name)


def _validate(scene: Scene) -> Changes:
    if model := _model(scene, scene.now, scene.operation.model_name):
        yield scene.change(Effect.VALIDATE, scene.now.table(model), name=scene.operation.name)


def _together(scene: Scene, model: ModelState, names: Any, *, unique: bool) -> Change:
    effect = Effect.ADD_UNIQUE if unique else Effect.ADD_INDEX
    columns = together(scene.now, model, names)
    return scene.change(
        effect, scene.now.table(model), name="_".join(columns), columns=columns, unique=unique, named=False
    )


def _alter_together(scene: Scene) -> Changes:
    old, new = (_model(scene, facts, scene.operation.name) for facts in (scene.old, scene.now))
    if old is None or new is None:
        return
    word = scene.operation.option_name
    had, has = ({tuple(names) for names in model.options.get(word) or ()} for model in (old, new))
    for names in sorted(has - had):
        yield _together(scene, new, names, unique=word == "unique_together")
    for names in sorted(had - has):
        yield scene.change(Effect.DROP_CONSTRAINT, scene.old.table(old), name="_".join(names), named=False)


def _trigger(scene: Scene) -> Changes:
    if model := _model(scene, scene.now, scene.operation.model_name):
        yield scene.change(Effect.TRIGGER, scene.now.table(model), name=getattr(scene.operation, "name", ""))


def _nothing(scene: Scene) -> Changes:
    return iter(())


_TELLERS: list[tuple[Any, Callable[[Scene], Changes]]] = [
    (migrations.CreateModel, _create_model),
    (migrations.DeleteModel, _delete_model),
    (migrations.RenameModel, _rename_model),
    (migrations.AlterModelTable, _alter_table),
    (migrations.AddField, _add_field),
    (migrations.RemoveField, _remove_field),
    (migrations.RenameField, _rename_field),
    (migrations.AlterField, _alter_field),
    (migrations.AlterOrderWithRespectTo, _alter_order),
    (migrations.AddIndex, _add_index),
    (migrations.RemoveIndex, _remove_index),
    (migrations.AddConstraint, _add_constraint),
    (migrations.RemoveConstraint, _remove_constraint),
    (ValidateConstraint, _validate),
    (migrations.AlterUniqueTogether, _alter_together),
    (migrations.AlterIndexTogether, _alter_together),
    (CreateTrigger, _trigger),
    (migrations.AlterModelOptions, _nothing),
    (migrations.AlterModelManagers, _nothing),
    (migrations.RunPython, _nothing),
    (migrations.RunSQL, _nothing),
]
