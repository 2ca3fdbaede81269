"""``order_with_respect_to``: a column that is no field of the models, and that one of the releases does not write."""

from __future__ import annotations

from django.db import migrations, models
from django.db.migrations.state import ModelState, ProjectState

from livemigrations import operations as live
from livemigrations.statements.names import identifier
from livemigrations.translation.naming import table_of
from livemigrations.translation.parts import Parts, Work, contract, expand

_COLUMN = "_order"
_COMES = (
    "The previous release inserts rows without _order: a default in the database fills it for those rows too, until that"
    " release is gone."
)
_GOES = (
    "The previous release still reads and writes _order: a default in the database fills it for the rows of the new one,"
    " and the column is dropped in a later migration; its values are kept in the schema rolled_back."
)


def altered_order(
    operation: migrations.AlterOrderWithRespectTo, model: ModelState, before: ProjectState, app_label: str
) -> Parts:
    """The column with a default in the database while both releases are at work."""
    comes = bool(operation.order_with_respect_to)
    if comes == bool(model.options.get("order_with_respect_to")):
        return (expand(Work.SCHEMA, operation),)
    table = table_of(app_label, model.name, model.options)
    column = f"ALTER TABLE {table if table.startswith('"') else identifier(table)} ALTER COLUMN {identifier(_COLUMN)}"
    given, taken = f"{column} SET DEFAULT 0", f"{column} DROP DEFAULT"
    field = models.IntegerField(db_default=0)
    if comes:
        added = migrations.AddField(operation.name, _COLUMN, field)
        whole = migrations.SeparateDatabaseAndState([added], [operation])
        return (
            expand(Work.SCHEMA, whole, why=_COMES),
            contract(Work.DEFAULT, migrations.RunSQL(taken, given), why=_COMES),
        )
    return (
        expand(Work.SCHEMA, migrations.RunSQL(given, taken, [operation]), why=_GOES),
        contract(Work.DROP, live.DropColumn(operation.name, _COLUMN, field), why=_GOES),
    )
