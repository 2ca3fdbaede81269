"""What an operation touches, so that two that touch the same thing keep their order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db import migrations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState
from django.db.models import F, Field, Q
from django.db.models.constants import LOOKUP_SEP

from livemigrations import operations as live
from livemigrations.translation.naming import column_of, many_table_of, table_of
from livemigrations.translation.parts import Work

Touched = dict[str, set[str]]
_OF_A_FIELD = live.DropColumn | live.FillColumn | live.RetireColumn
_OPTIONS = migrations.AlterModelOptions | migrations.AlterModelManagers | migrations.AlterModelTableComment
ALL, TARGET = "*", "as a target"


def meet(one: Touched, other: Touched) -> bool:
    """Whether two operations touch the same thing."""
    return any(
        ALL in one[subject] or ALL in other[subject] or one[subject] & other[subject] - {TARGET}
        for subject in one.keys() & other
    )


def touched(operation: Operation, before: ProjectState, app_label: str, work: Work) -> Touched:
    """The subjects (models, tables) that an operation touches, each with the aspects: fields, columns, or all.

    ``work`` is what the operation does: values and defaults of a column do not meet the indexes over it.
    """
    found: Touched = defaultdict(set)
    if isinstance(operation, migrations.CreateModel):
        _model(found, app_label, operation.name, operation.options)
        for name, field in operation.fields:
            _target(found, field)
            _many(found, table_of(app_label, operation.name, operation.options), name, field)
        for base in operation.bases or ():
            _pointed_at(found, base)
    elif isinstance(operation, migrations.RenameModel):
        for name in (operation.old_name, operation.new_name):
            state = before.models.get((app_label, name.lower()))
            _model(found, app_label, name, state.options if state else {})
    elif isinstance(operation, live.DropTable):
        _model(found, app_label, operation.name, operation.options)
    else:
        _about_one(found, operation, before, app_label, work)
    return dict(found)


def _model(found: Touched, app_label: str, name: str, options: dict[str, Any]) -> None:
    found[f"model {app_label}.{name.lower()}"].add(ALL)
    found[f"table {table_of(app_label, name, options)}"].add(ALL)


def _many(found: Touched, table: str, name: str, field: Any) -> None:
    """The table of a many-to-many field."""
    if getattr(field, "many_to_many", False) and (made := many_table_of(table, name, field)):
        found[f"table {made}"].add(ALL)


def _target(found: Touched, field: Any) -> None:
    if isinstance(field, Field) and field.remote_field:
        for target in (field.remote_field.model, getattr(field.remote_field, "through", None)):
            _pointed_at(found, target)


def _pointed_at(found: Touched, target: Any) -> None:
    """The model, by its label or itself; a base class that is no model is nobody's matter."""
    label = target if isinstance(target, str) else getattr(getattr(target, "_meta", None), "label", "")
    if label:
        found[f"model {label.lower()}"].add(TARGET)


def _about_one(found: Touched, operation: Any, before: ProjectState, app_label: str, work: Work) -> None:
    name = getattr(operation, "model_name", "") or getattr(operation, "name", "")
    if not isinstance(name, str) or not name:
        found["everything"].add(ALL)
        return
    state = before.models.get((app_label, name.lower()))
    aspects = found[f"model {app_label}.{name.lower()}"]
    if getattr(operation, "model_name", "") and state is not None:
        aspects |= set(_aspects(operation, state, work)) or {ALL}
        _target(found, getattr(operation, "field", None))
        _many(
            found,
            table_of(app_label, name, state.options),
            getattr(operation, "name", ""),
            vars(operation).get("field"),
        )
    elif isinstance(operation, migrations.AlterUniqueTogether) and state is not None:
        both = [*(operation.unique_together or ()), *(state.options.get("unique_together") or ())]
        aspects |= {_indexed(field) for fields in both for field in fields}
    elif isinstance(operation, migrations.AlterOrderWithRespectTo) and state is not None:
        fields = (operation.order_with_respect_to, state.options.get("order_with_respect_to"))
        aspects |= {"column _order", *_shape("_order", *(field for field in fields if field))}
    elif isinstance(operation, _OPTIONS):
        aspects.add(type(operation).__name__)
    else:
        _model(found, app_label, name, state.options if state else {})


def _indexed(field: str) -> str:
    return field if field == ALL else f"indexes over {field}"


def _shape(*fields: str) -> list[str]:
    """A field with all that hangs on it."""
    return [aspect for field in fields for aspect in (field, _indexed(field), f"values of {field}")]


def _aspects(operation: Any, state: ModelState, work: Work) -> Iterable[str]:
    if isinstance(operation, migrations.RenameField):
        return _shape(operation.old_name, operation.new_name)
    if isinstance(operation, migrations.AddIndex | migrations.AddConstraint):
        made: Any = vars(operation).get("index") or vars(operation)["constraint"]
        return [f"name {made.name}", *map(_indexed, _fields_of(made))]
    if isinstance(operation, migrations.RemoveIndex | migrations.RemoveConstraint):
        stood = [*state.options.get("indexes", ()), *state.options.get("constraints", ())]
        fields = [field for one in stood if one.name == operation.name for field in _fields_of(one)]
        return [f"name {operation.name}", *map(_indexed, fields or [ALL])]
    if isinstance(operation, migrations.operations.fields.FieldOperation | _OF_A_FIELD):
        return _of_field(operation, state, work)
    return [aspect for field in state.fields for aspect in (field, _indexed(field))]  # of a kind unknown here


def _of_field(operation: Any, state: ModelState, work: Work) -> list[str]:
    """The field by its name and its column, and what an expression about it reads; or its values alone."""
    if work in (Work.KEY, Work.ROWS, Work.NOT_NULL, Work.DEFAULT):
        return [f"values of {name}" for name in (operation.name, *_read(getattr(operation, "expression", None)))]
    field = getattr(operation, "field", None) or state.fields.get(operation.name)
    columns = [f"column {column_of(operation.name, field)}"] if field is not None else []
    return [*_shape(operation.name), *columns, *_read(getattr(field, "expression", None))]


def _fields_of(made: Any) -> list[str]:
    """The fields of an index or a constraint; everything if its expressions do not tell."""
    names = [str(name).lstrip("-") for name in (*getattr(made, "fields", ()), *(getattr(made, "include", None) or ()))]
    for one in (*getattr(made, "expressions", ()), getattr(made, "condition", None)):
        names += _read(one[0] if isinstance(one, tuple | list) else one)
    return names or [ALL]


def _read(expression: Any) -> list[str]:
    """The fields that an expression reads."""
    if isinstance(expression, Q):
        return [str(name) for name in expression.referenced_base_fields]
    if isinstance(expression, str):
        return [expression.lstrip("-")]
    if isinstance(expression, F):
        return [str(vars(expression)["name"]).split(LOOKUP_SEP)[0]]
    nodes = expression.flatten() if hasattr(expression, "flatten") else ()
    return [name for node in nodes if isinstance(node, F | Q) for name in _read(node)]
