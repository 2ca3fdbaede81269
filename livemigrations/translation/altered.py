"""A field that changes: what each aspect of the change needs, as far as aspects can be told apart."""

from __future__ import annotations

from typing import Any

from django.db import migrations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState
from django.db.models import NOT_PROVIDED, Field

from livemigrations import operations as live
from livemigrations.operations.leftovers import has_key, is_relation, variant, without_key
from livemigrations.translation.added import KEY_WHY
from livemigrations.translation.defaults import as_db_default, filled_with
from livemigrations.translation.naming import column_of
from livemigrations.translation.narrowing import narrows
from livemigrations.translation.parts import Parts, Work, contract, expand
from livemigrations.translation.types import changes_rows, type_of

_OPTIONS = (migrations.AlterModelOptions, migrations.AlterModelManagers, migrations.AlterConstraint)
_NOT_NULL_WHY = (
    "The previous release still writes NULL. Rows get their value in batches first; NOT NULL comes when that release is"
    " gone, through a CHECK that is validated while traffic goes on."
)
_DEFAULT_WHY = "The previous release leaves it to the database's default to fill the column, until it is gone."
_INDEX_WHY = "An index that is built concurrently stops neither readers nor writers."
_UNIQUE_WHY = "The unique index is built concurrently, and the constraint made from it."


def altered_field(operation: migrations.AlterField, model: ModelState, before: ProjectState, app_label: str) -> Parts:
    """The parts of an AlterField on a table in use."""
    old = model.fields.get(operation.name)
    new = operation.field
    final = new if operation.preserve_default else variant(new, default=NOT_PROVIDED)
    if old is None or old.many_to_many or new.many_to_many or old.generated or new.generated:
        return (expand(Work.SCHEMA, operation),)
    if column_of(operation.name, old) != column_of(operation.name, new):
        why = "The column gets another name: every process of the previous release breaks at once."
        return (contract(Work.RENAME, operation, why=why),)
    if old.null and not new.null and not new.primary_key:
        return (
            *_first(operation, model, before, app_label, old, variant(final, null=True)),
            *_not_null(operation, final),
        )
    if has_key(new) and not has_key(old):
        return (
            *_first(operation, model, before, app_label, old, without_key(final)),
            expand(Work.KEY, _as_key(operation), why=KEY_WHY),
        )
    if not (is_relation(old) or is_relation(new)) and changes_rows(old, new):
        return _retyped(operation, old, new)
    return _single(operation, old, new)


def _first(
    operation: migrations.AlterField,
    model: ModelState,
    before: ProjectState,
    app_label: str,
    old: Field[Any, Any],
    middle: Field[Any, Any],
) -> Parts:
    """What can be changed before the last aspect is; nothing if that is the only one that the database sees."""
    if _seen(old) == _seen(middle):
        return ()
    first = migrations.AlterField(operation.model_name, operation.name, middle)
    if isinstance(operation, live.ChangeColumnType):
        given = {"using": operation.using, "reverse_using": operation.reverse_using}
        first = live.ChangeColumnType(operation.model_name, operation.name, middle, **given)
    return altered_field(first, model, before, app_label)


def is_unseen(operation: Operation, before: ProjectState, app_label: str) -> bool:
    """Whether only Django's picture of the models changes: their options, or what the database has not of a field."""
    if isinstance(operation, _OPTIONS):
        return True
    if not isinstance(operation, migrations.AlterField):
        return False
    model = before.models.get((app_label, operation.model_name_lower))
    old = model.fields.get(operation.name) if model else None
    return old is not None and _seen(old) == _seen(operation.field)


def _seen(field: Field[Any, Any]) -> Any:
    """The definition of a field as far as the database sees it."""
    _, path, arguments, keywords = field.deconstruct()
    unseen = {*field.non_db_attrs, "default", "to"}
    target = str(keywords.get("to", "")).lower()
    return path, repr(arguments), target, repr(sorted((k, v) for k, v in keywords.items() if k not in unseen))


def _as_key(operation: migrations.AlterField) -> migrations.AlterField:
    if type(operation) is not migrations.AlterField:
        return operation
    return live.AddForeignKey(operation.model_name, operation.name, operation.field, operation.preserve_default)


def _single(operation: migrations.AlterField, old: Any, new: Any) -> Parts:
    if isinstance(operation, live.AddForeignKey):
        return (expand(Work.KEY, operation, why=KEY_WHY),)
    if new.unique and not old.unique:
        return (expand(Work.CONSTRAINT, operation, why=_UNIQUE_WHY),)
    if new.db_index and not old.db_index and not new.unique:
        return (expand(Work.INDEX, operation, why=_INDEX_WHY),)
    if old.has_db_default() and not new.has_db_default() and not new.null:
        return (contract(Work.DEFAULT, operation, why=_DEFAULT_WHY),)
    return (expand(Work.SCHEMA, operation),)


def _not_null(operation: migrations.AlterField, final: Field[Any, Any]) -> Parts:
    """Values for the rows that have none, then NOT NULL."""
    last = operation
    if type(operation) in (migrations.AlterField, live.ChangeColumnType):
        last = live.SetNotNull(operation.model_name, operation.name, operation.field, operation.preserve_default)
    value = operation.field.db_default if final.has_db_default() else filled_with(operation.field)
    validated = contract(Work.NOT_NULL, last, why=_NOT_NULL_WHY)
    if value is NOT_PROVIDED or value is None:
        return (validated,)
    known = value if final.has_db_default() else as_db_default(final, value)
    fill = live.FillColumn(operation.model_name, operation.name, value if known is NOT_PROVIDED else known)
    return (expand(Work.ROWS, fill, why=_NOT_NULL_WHY), validated)


def _retyped(operation: migrations.AlterField, old: Field[Any, Any], new: Field[Any, Any]) -> Parts:
    """Another type: expand if the previous release can go on with it, which writes and reads values of the old one."""
    made = operation
    if type(operation) is migrations.AlterField:
        made = live.ChangeColumnType(operation.model_name, operation.name, new, operation.preserve_default)
    why = (
        f"Changing {operation.name} from {type_of(old)} to {type_of(new)} would rewrite the table under ACCESS EXCLUSIVE."
        " The new column is filled beside the old one, which a trigger keeps in step, and takes its place in a moment."
    )
    return ((contract if narrows(old, new) else expand)(Work.TYPE, made, why=why),)
