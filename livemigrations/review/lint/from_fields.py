"""The effects of a field that is added or changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db.migrations.state import ModelState
from django.db.models import NOT_PROVIDED, FileField

from livemigrations.review.lint import fields
from livemigrations.review.lint.effects import Change, Default, Effect
from livemigrations.review.lint.fields import AnyField

if TYPE_CHECKING:
    from livemigrations.review.lint.from_operations import Scene

Changes = Iterator[Change]


def made(scene: Scene, model: ModelState, name: str, field: AnyField) -> Changes:
    """The effects of a new field, in a new table or in one that stands."""
    table = scene.now.table(model)
    if field.many_to_many:
        yield from _through(scene, model, name, field)
        return
    if not fields.has_column(field):
        return
    kind, text = fields.default(field)
    one = fields.column(name, field)
    yield scene.change(
        Effect.ADD_COLUMN,
        table,
        name=one,
        type=scene.now.type(model, field),
        null=field.null,
        default=kind,
        default_text=text,
        same_for_all=field.unique and field.has_default() and field.default is not None,
        stored=fields.stored(field),
        generated=field.generated,
        numbered=fields.numbered(field, scene.connection),
        primary=field.primary_key,
        target=_target(scene, model, field),
        on_delete_in_python=fields.on_delete_in_python(field),
    )
    yield from _brought(scene, model, field, one)


def _brought(scene: Scene, model: ModelState, field: AnyField, one: str) -> Changes:
    """The key, indexes and checks that a new field brings along."""
    table = scene.now.table(model)
    if fields.has_key(field):
        # PostgreSQL looks up no row for a column that is NULL in all of them.
        yield replace(key_of(scene, model, field, one), valid=not (field.null and not field.has_default()))
    if field.primary_key:
        yield scene.change(Effect.ADD_PRIMARY_KEY, table, name=one, columns=(one,), named=False)
    elif field.unique:
        yield scene.change(Effect.ADD_UNIQUE, table, name=one, columns=(one,), unique=True, named=False)
    elif fields.has_index(field):
        yield scene.change(Effect.ADD_INDEX, table, name=one, columns=(one,), named=False)
    if fields.has_check(field, scene.connection):
        yield scene.change(Effect.ADD_CHECK, table, name=one, named=False)


def _target(scene: Scene, model: ModelState, field: AnyField) -> str:
    found = scene.now.target(model, field)
    return scene.now.table(found) if found is not None else ""


def key_of(scene: Scene, model: ModelState, field: AnyField, one: str) -> Change:
    """The foreign key of a field."""
    target = _target(scene, model, field)
    return scene.change(
        Effect.ADD_FOREIGN_KEY,
        scene.now.table(model),
        name=one,
        columns=(one,),
        target=target,
        target_existing=scene.exists(target),
        on_delete_in_python=fields.on_delete_in_python(field),
        named=False,
    )


def _through(scene: Scene, model: ModelState, name: str, field: Any) -> Changes:
    """The table that a many-to-many field makes, if it makes one."""
    if getattr(field, "remote_field", None) is None or not hasattr(field.remote_field, "through"):
        return
    table = scene.now.through(model, name, field)
    if not table or not hasattr(field.remote_field, "db_constraint"):
        return
    scene.new.add(table)
    yield scene.change(Effect.CREATE_TABLE, table)
    for end in (scene.now.table(model), _target(scene, model, field)):
        yield scene.change(Effect.ADD_FOREIGN_KEY, table, target=end, target_existing=scene.exists(end), named=False)


def changed(
    scene: Scene, before: tuple[ModelState, AnyField], after: tuple[ModelState, AnyField], name: str
) -> Changes:
    """The effects of a field that is altered."""
    (_, old), (model, new) = before, after
    if not fields.has_column(old) or not fields.has_column(new):
        return
    table, one = scene.now.table(model), fields.column(name, new)
    if fields.column(name, old) != one:
        yield scene.change(Effect.RENAME_COLUMN, table, name=fields.column(name, old), new_name=one)
    old_type, new_type = scene.old.type(*before), scene.now.type(model, new)
    if old_type and new_type and old_type != new_type:
        yield scene.change(
            Effect.CHANGE_TYPE,
            table,
            name=one,
            type=new_type,
            old_type=old_type,
            null=new.null,
            primary=new.primary_key,
        )
    yield from _null(scene, table, one, old, new)
    yield from _default(scene, table, one, old, new)
    yield from _constraints(scene, before, after, one)


def _null(scene: Scene, table: str, one: str, old: AnyField, new: AnyField) -> Changes:
    if old.null and not new.null and not new.primary_key:
        yield scene.change(
            Effect.SET_NOT_NULL,
            table,
            name=one,
            null=False,
            default=fields.default(old)[0] or (Default.CONSTANT if _writes_values(old) else Default.NONE),
            fills=fields.filled_with(new) is not None,
        )
    elif new.null and not old.null:
        yield scene.change(Effect.DROP_NOT_NULL, table, name=one)


def _writes_values(field: AnyField) -> bool:
    """Whether code that leaves the field out writes a value for it, as a file field does with its empty name."""
    return isinstance(field, FileField) or (field.has_default() and field.default is not None)


def _default(scene: Scene, table: str, one: str, old: AnyField, new: AnyField) -> Changes:
    had, has = old.db_default, new.db_default
    if had is not NOT_PROVIDED and has is NOT_PROVIDED:
        yield scene.change(Effect.DROP_DEFAULT, table, name=one, null=new.null)
    elif has is not NOT_PROVIDED and had != has:
        kind, text = fields.default(new)
        yield scene.change(Effect.SET_DEFAULT, table, name=one, default=kind, default_text=text, null=new.null)


def _constraints(
    scene: Scene, before: tuple[ModelState, AnyField], after: tuple[ModelState, AnyField], one: str
) -> Changes:
    (_, old), (model, new) = before, after
    table = scene.now.table(model)
    if new.primary_key and not old.primary_key:
        yield scene.change(Effect.ADD_PRIMARY_KEY, table, name=one, columns=(one,), named=False)
    elif new.unique and not old.unique:
        yield scene.change(Effect.ADD_UNIQUE, table, name=one, columns=(one,), unique=True, named=False)
    elif old.unique and not new.unique:
        yield scene.change(Effect.DROP_CONSTRAINT, table, name=one, named=False)
    if fields.has_index(new) and not fields.has_index(old):
        yield scene.change(Effect.ADD_INDEX, table, name=one, columns=(one,), named=False)
    elif fields.has_index(old) and not fields.has_index(new):
        yield scene.change(Effect.DROP_INDEX, table, name=one, named=False)
    if fields.has_check(new, scene.connection) and not fields.has_check(old, scene.connection):
        yield scene.change(Effect.ADD_CHECK, table, name=one, named=False)
    yield from _keys(scene, before, after, one)


def _keys(scene: Scene, before: tuple[ModelState, AnyField], after: tuple[ModelState, AnyField], one: str) -> Changes:
    (old_model, old), (model, new) = before, after
    had, has = fields.has_key(old), fields.has_key(new)
    targets = [facts.target(m, f) for facts, m, f in ((scene.old, old_model, old), (scene.now, model, new))]
    names = [
        target.options.get("db_table") or (target.app_label, target.name_lower) if target else "" for target in targets
    ]
    if has and (not had or names[0] != names[1]):
        yield key_of(scene, model, new, one)
    elif had and not has:
        yield scene.change(Effect.DROP_CONSTRAINT, scene.now.table(model), name=one, named=False)
