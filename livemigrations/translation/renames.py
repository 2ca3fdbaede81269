"""Renames: neither release can work on the other's name, so there is no safe order, only a short one."""

from __future__ import annotations

from django.db import migrations
from django.db.migrations.state import ModelState, ProjectState

from livemigrations.translation.naming import column_of, table_of
from livemigrations.translation.parts import Parts, Work, contract, expand

_BREAKS = (
    "A rename breaks every process of the previous release at once, and the new release works only after it: plan a"
    " moment without traffic. To avoid that keep the old name in the database"
)


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
