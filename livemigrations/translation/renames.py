"""Renames: neither release can work on the other's name, so there is no safe order, only a short one."""

from __future__ import annotations

from typing import Any

from django.db import migrations
from django.db.backends.utils import truncate_name
from django.db.migrations.state import ModelState, ProjectState
from django.db.models import Field, ForeignKey

from livemigrations.statements.names import MAX_BYTES
from livemigrations.translation.parts import Parts, Work, contract, expand

_BREAKS = (
    "A rename breaks every process of the previous release at once, and the new release works only after it: plan a"
    " moment without traffic. To avoid that keep the old name in the database"
)


def column_of(name: str, field: Field) -> str:  # type: ignore[type-arg]
    """The column of a state's field; empty for none."""
    if field.many_to_many:
        return ""
    return field.db_column or (f"{name}_id" if isinstance(field, ForeignKey) else name)


def table_of(app_label: str, name: str, options: dict[str, object]) -> str:
    """The table of a state's model."""
    return str(options.get("db_table") or truncate_name(f"{app_label}_{name.lower()}", MAX_BYTES))


def many_table_of(table: str, name: str, field: Any) -> str:
    """The table that Django makes for a many-to-many field of ``table``; empty if a model stands for it."""
    through = field.remote_field.through
    if through is not None and not getattr(getattr(through, "_meta", None), "auto_created", False):
        return ""
    return str(field.db_table or truncate_name(f"{table}_{name}".replace('"', ""), MAX_BYTES))


def renamed_field(operation: migrations.RenameField, model: ModelState, before: ProjectState, app_label: str) -> Parts:
    """A rename that leaves the column its name is a change of the state only."""
    field = model.fields.get(operation.old_name)
    if field is None or column_of(operation.old_name, field) == column_of(operation.new_name, field):
        return (expand(Work.SCHEMA, operation),)
    old = column_of(operation.old_name, field)
    return (contract(Work.RENAME, operation, why=f'{_BREAKS}: db_column="{old}" in the field of the model.'),)


def renamed_model(operation: migrations.RenameModel, model: ModelState, before: ProjectState, app_label: str) -> Parts:
    """A rename that leaves the table its name is a change of the state only."""
    old = table_of(app_label, operation.old_name, model.options)
    if old == table_of(app_label, operation.new_name, model.options):
        return (expand(Work.SCHEMA, operation),)
    return (contract(Work.RENAME, operation, why=f'{_BREAKS}: db_table = "{old}" in the Meta of the model.'),)


def renamed_table(
    operation: migrations.AlterModelTable, model: ModelState, before: ProjectState, app_label: str
) -> Parts:
    """Another ``db_table``."""
    old = table_of(app_label, operation.name, model.options)
    if old == table_of(app_label, operation.name, {"db_table": operation.table}):
        return (expand(Work.SCHEMA, operation),)
    return (contract(Work.RENAME, operation, why=f'{_BREAKS}: db_table = "{old}" in the Meta of the model.'),)
