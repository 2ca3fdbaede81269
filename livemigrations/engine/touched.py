"""Which tables the operations of migrations work on, told from the state alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.migrations import operations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import Field, ManyToManyField
from django.db.models.fields.related import RelatedField

from livemigrations.statements.names import Name, parse_name
from livemigrations.statements.parse import Kind, Statement, parse
from livemigrations.translation import naming

ModelKey = tuple[str, str]
_MODEL_NAMES = ("model_name", "name", "old_name", "model")


def leaves(operation: Operation) -> Iterator[Operation]:
    """The operation itself, or what a SeparateDatabaseAndState does to the database."""
    if isinstance(operation, operations.SeparateDatabaseAndState):
        for inner in operation.database_operations:
            yield from leaves(inner)
    else:
        yield operation


def model_of(operation: Operation, app: str, state: ProjectState) -> ModelKey | None:
    """The model of a state that an operation is about: (app, model in lower case)."""
    for attribute in _MODEL_NAMES:
        value = getattr(operation, attribute, None)
        if isinstance(value, str):
            label, _, name = value.rpartition(".")
            key = (label or app, name.lower())
            if key in state.models:
                return key
    return None


def table_of(state: ProjectState, key: ModelKey) -> str | None:
    """The table of a model of a state as Django names it, not quoted; None for proxies and unmanaged models."""
    model = state.models[key]
    if model.options.get("proxy") or not model.options.get("managed", True):
        return None
    return naming.table_of(*key, model.options)


def targets_of(operation: Operation, app: str) -> list[ModelKey]:
    """The models that foreign keys of an operation's fields point at."""
    fields: list[Any] = [field for _, field in getattr(operation, "fields", ()) if isinstance(field, Field)]
    fields.append(getattr(operation, "field", None))
    return [
        key_of(field.remote_field.model, app)
        for field in fields
        if isinstance(field, RelatedField) and not isinstance(field, ManyToManyField)
    ]


def key_of(model: Any, app: str) -> ModelKey:
    """The key of a model that a field of a state names: a text such as ``app.Model`` or ``Model``, or a class."""
    if not isinstance(model, str):
        return model._meta.app_label, model._meta.model_name
    label, _, name = model.rpartition(".")
    return label or app, name.lower()


def statements_of(operation: Operation, *, backwards: bool = False) -> list[Statement]:
    """The statements of a RunSQL."""
    if not isinstance(operation, operations.RunSQL):
        return []
    sql = operation.reverse_sql if backwards else operation.sql
    texts = [sql] if isinstance(sql, str) else sql or []
    return [found for text in texts for found in parse(text if isinstance(text, str) else text[0])]


def altered_by_sql(operation: Operation, *, backwards: bool = False) -> set[Name]:
    """The tables whose definition the statements of a RunSQL change."""
    return {
        found.table
        for found in statements_of(operation, backwards=backwards)
        if found.table is not None
        and found.kind not in (Kind.CREATE_TABLE, Kind.DROP_INDEX, Kind.RENAME_INDEX, Kind.REBUILD)
    }


def quoted(table: str) -> Name:
    """The name of a table as Django spells it: plain, or quoted parts such as ``"other"."table"``."""
    return parse_name(table) if table.startswith('"') and table.endswith('"') else Name("", table)
