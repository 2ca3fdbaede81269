"""Fields and models that go: retired before the new release is out, dropped when the old one is gone."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import migrations, models
from django.db.migrations.state import ModelState, ProjectState
from django.db.models import Field

from livemigrations import operations as live
from livemigrations.operations.leftovers import as_column, relaxed
from livemigrations.translation.parts import Parts, Work, contract, expand

_RETIRED = (
    "The previous release still reads and writes what goes. It is taken out of the models first, so that both releases"
    " work, and dropped in a later migration."
)
_DROPPED = "Nobody uses it any more; its rows are kept in the schema rolled_back."
_OPTIONS = ("db_table_comment", "db_tablespace", "indexes", "constraints", "unique_together")


def removed_field(operation: migrations.RemoveField, model: ModelState, before: ProjectState, app_label: str) -> Parts:
    """Retire the column, drop it later. A field that is or has no column of its own goes at once."""
    if type(operation) is not migrations.RemoveField or operation.name not in model.fields:
        return (expand(Work.SCHEMA, operation),)
    field: Any = before.apps.get_model(app_label, operation.model_name)._meta.get_field(operation.name)
    retired = live.RetireColumn(operation.model_name, operation.name)
    if field.many_to_many:
        through = field.remote_field.through
        if not through._meta.auto_created:
            return (expand(Work.SCHEMA, operation),)
        return (
            expand(Work.SCHEMA, retired, why=_RETIRED),
            contract(Work.DROP, _drop_table(through), why=_DROPPED),
        )
    if field.primary_key or field.column is None or getattr(field.remote_field, "parent_link", False):
        return (expand(Work.SCHEMA, operation),)
    try:
        remains = _remains(field)
    except FieldDoesNotExist:  # the key points at a field that went before it: its type is not known any more
        return (expand(Work.SCHEMA, operation),)
    drop = live.DropColumn(operation.model_name, operation.name, remains)
    return (expand(Work.SCHEMA, retired, why=_RETIRED), contract(Work.DROP, drop, why=_DROPPED))


def deleted_model(operation: migrations.DeleteModel, model: ModelState, before: ProjectState, app_label: str) -> Parts:
    """Retire the table, drop it later, and the tables of its many to many with it."""
    if type(operation) is not migrations.DeleteModel:
        return (expand(Work.SCHEMA, operation),)
    rendered = before.apps.get_model(app_label, operation.name)
    many = [field.remote_field.through for field in rendered._meta.local_many_to_many]
    tables = [through for through in many if through._meta.auto_created]
    return (
        expand(Work.SCHEMA, live.RetireTable(operation.name), why=_RETIRED),
        contract(Work.DROP, *map(_drop_table, tables), _drop_table(rendered, model.options), why=_DROPPED),
    )


def _drop_table(model: Any, stated: dict[str, Any] | None = None) -> live.DropTable:
    """The operation for a rendered model, with what remains of it when it is retired."""
    fields = [(field.name, _column(field)) for field in model._meta.local_concrete_fields]
    if isinstance(model._meta.pk, models.CompositePrimaryKey):  # without it Django would make a key of its own
        known = {field.attname: field.name for field in model._meta.local_concrete_fields}
        named = model._meta.pk.field_names  # by the column of a key, whose field may have gone before the model
        parts = [name if name in known.values() else known.get(name, name.removesuffix("_id")) for name in named]
        fields.append((model._meta.pk.name, models.CompositePrimaryKey(*parts)))
    stated = model._meta.original_attrs if stated is None else stated
    options = {name: value for name in _OPTIONS if (value := stated.get(name))}
    return live.DropTable(model._meta.object_name, fields, {"db_table": model._meta.db_table, **options})


def _column(field: Field[Any, Any]) -> Field[Any, Any]:
    """The column alone; that of order_with_respect_to is no field of its own in the state."""
    return models.IntegerField(db_column="_order") if field.name == "_order" else as_column(field)


def _remains(field: Any) -> Field[Any, Any]:
    """What is left of a rendered field when it is retired, as a plain column."""
    loose = relaxed(field)
    column = as_column(field)
    for name in ("null", "db_default"):
        setattr(column, name, getattr(loose, name))
    if column.null and not field.null:
        column.default = models.NOT_PROVIDED
    return column
