"""The single translator: from an operation of Django to safe ones.

It runs third-party migrations on live tables (``engine.planner``), proposes code where the engine refuses, and writes
migrations (``writing``). A function of the operation and of the state before it: the database is not asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState

from livemigrations import operations as live
from livemigrations.translation.added import added_field
from livemigrations.translation.altered import altered_field
from livemigrations.translation.defaults import Volatile, is_volatile
from livemigrations.translation.drops import deleted_model, removed_field
from livemigrations.translation.ordering import altered_order
from livemigrations.translation.parts import Part, Parts, Stage, Work, contract, expand
from livemigrations.translation.renames import renamed_field, renamed_model, renamed_table

Translator = Callable[[Any, ModelState, ProjectState, str], Parts]


def from_django(
    operation: Operation, before: ProjectState, app_label: str, *, volatile: Volatile = is_volatile
) -> Parts:
    """The parts by which an operation is safe on a table in use; ``before`` is the state that it starts from.

    What is safe as it is comes back as it is. ``volatile`` says of a ``db_default`` whether it differs from row to
    row. The parts of one stage and work can stand in one migration, in the order that they have here.
    """
    if isinstance(operation, migrations.AddField):
        model = _model(operation.model_name, before, app_label)
        return added_field(operation, volatile) if model else as_it_is(operation)
    for kind, translate in _TRANSLATORS.items():
        if isinstance(operation, kind):
            model = _model(_name(operation), before, app_label)
            return translate(operation, model, before, app_label) if model else as_it_is(operation)
    return as_it_is(operation)


def writes_rows(
    operation: Operation, before: ProjectState, app_label: str, *, volatile: Volatile = is_volatile
) -> bool:
    """Whether Django's own way to do an operation writes every row of the table, or rewrites it, at once."""
    if isinstance(operation, migrations.AddField):
        return bool(operation.field.has_db_default() and volatile(operation.field.db_default))
    if not isinstance(operation, migrations.AlterField):
        return False
    model = _model(operation.model_name, before, app_label)
    old = model.fields.get(operation.name) if model else None
    fills = operation.field.has_default() or operation.field.has_db_default()
    return bool(old is not None and old.null and not operation.field.null and fills)


def as_it_is(operation: Operation) -> Parts:
    """The operation as one part."""
    return (expand(_work(operation), operation),)


def _model(name: str, before: ProjectState, app_label: str) -> ModelState | None:
    """The model in the state, if it has a table of its own that migrations may change."""
    model: ModelState | None = before.models.get((app_label, name.lower()))
    if model is None or model.options.get("proxy") or not model.options.get("managed", True) or _is_swapped(model):
        return None
    return model


def _is_swapped(model: ModelState) -> bool:
    """Whether the setting names another model in its place, so that it has no table."""
    chosen = getattr(settings, str(model.options.get("swappable") or ""), None)
    return chosen is not None and chosen.lower() != f"{model.app_label}.{model.name_lower}"


def _name(operation: Any) -> str:
    return str(getattr(operation, "model_name", "") or getattr(operation, "old_name", "") or operation.name)


def _work(operation: Operation) -> Work:
    if isinstance(operation, live.FillColumn | live.SeedRows | migrations.RunPython):
        return Work.ROWS
    if isinstance(operation, live.DropColumn | live.DropTable):
        return Work.DROP
    return Work.SCHEMA


def _added_index(operation: migrations.AddIndex, model: ModelState, before: ProjectState, app_label: str) -> Parts:
    made = operation
    if type(operation) is migrations.AddIndex:
        made = live.AddIndex(operation.model_name, operation.index)
    return (expand(Work.INDEX, made, why="An index that is built concurrently stops neither readers nor writers."),)


def _removed_index(operation: migrations.RemoveIndex, model: ModelState, before: ProjectState, app_label: str) -> Parts:
    made = (
        live.RemoveIndex(operation.model_name, operation.name)
        if type(operation) is migrations.RemoveIndex
        else operation
    )
    return (expand(Work.REMOVE, made, why="Dropped concurrently, an index makes nobody wait."),)


def _added_constraint(
    operation: migrations.AddConstraint, model: ModelState, before: ProjectState, app_label: str
) -> Parts:
    constraint, made = operation.constraint, operation
    if type(operation) is migrations.AddConstraint:
        if isinstance(constraint, models.CheckConstraint):
            made = live.AddCheck(operation.model_name, constraint)
        elif isinstance(constraint, models.UniqueConstraint):
            made = live.AddUnique(operation.model_name, constraint)
        elif isinstance(constraint, ExclusionConstraint):
            why = "PostgreSQL builds it under a lock that stops writers; on a large table the engine refuses it."
            return (expand(Work.CONSTRAINT, operation, why=why),)
        else:  # of a kind that this package does not know, such as one that creates a trigger
            return (expand(Work.CONSTRAINT, operation),)
    return (expand(Work.CONSTRAINT, made, why="The rows are checked while traffic goes on."),)


def _removed_constraint(
    operation: migrations.RemoveConstraint, model: ModelState, before: ProjectState, app_label: str
) -> Parts:
    return (expand(Work.REMOVE, operation),)


def _together(
    operation: migrations.AlterUniqueTogether, model: ModelState, before: ProjectState, app_label: str
) -> Parts:
    had = {tuple(fields) for fields in model.options.get("unique_together") or ()}
    wanted = {tuple(fields) for fields in operation.unique_together or ()}
    return (expand(Work.CONSTRAINT if wanted - had else Work.REMOVE, operation),)


_TRANSLATORS: dict[type[Operation], Translator] = {
    migrations.AlterField: altered_field,
    migrations.RemoveField: removed_field,
    migrations.RenameField: renamed_field,
    migrations.DeleteModel: deleted_model,
    migrations.RenameModel: renamed_model,
    migrations.AlterModelTable: renamed_table,
    migrations.AddIndex: _added_index,
    migrations.RemoveIndex: _removed_index,
    migrations.AddConstraint: _added_constraint,
    migrations.RemoveConstraint: _removed_constraint,
    migrations.AlterUniqueTogether: _together,
    migrations.AlterOrderWithRespectTo: altered_order,
}

__all__ = ["Part", "Parts", "Stage", "Work", "as_it_is", "contract", "expand", "from_django", "writes_rows"]
