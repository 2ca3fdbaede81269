"""Which operations the release before would break on: what they take away, rename or narrow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.migrations import operations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState

from livemigrations.statements.names import Name
from livemigrations.statements.parse import Kind, Statement, parse
from livemigrations.translation.naming import column_of, table_of
from livemigrations.translation.narrowing import narrows

_TAKEN_AWAY = (
    Kind.DROP_COLUMN,
    Kind.DROP_TABLE,
    Kind.RENAME_COLUMN,
    Kind.RENAME_TABLE,
    Kind.SET_NOT_NULL,
    Kind.SET_SCHEMA,
)


@dataclass(slots=True)
class Known:
    """The models and fields that the release before knows: (app, model) → names of fields, all in lower case."""

    models: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)  # tables of models that came later

    @classmethod
    def of(cls, state: ProjectState) -> Known:
        """What a release with this state knows."""
        return cls({key: {name.lower() for name in model.fields} for key, model in state.models.items()})

    def knows(self, app: str, model: str, name: str = "") -> bool:
        """Whether a model, or a field of it, is known."""
        fields = self.models.get((app, model.lower()))
        return fields is not None and (not name or name.lower() in fields)

    def learn(self, operation: Operation, app: str) -> None:
        """Follow renames, and tables that are adopted: those may have been in use before."""
        if isinstance(operation, operations.SeparateDatabaseAndState):
            for inner in operation.state_operations or operation.database_operations:
                self.learn(inner, app)
        elif isinstance(operation, operations.RunSQL):
            self.made |= {
                s.table.name
                for s in _statements(operation)
                if s.kind == Kind.CREATE_TABLE and s.table and not s.guarded
            }
        elif isinstance(operation, operations.RenameModel):
            if fields := self.models.get((app, operation.old_name_lower)):
                self.models[app, operation.new_name_lower] = fields
            else:
                self.made.add(f"{app}_{operation.new_name_lower}")
        elif isinstance(operation, operations.AlterModelTable):
            if not self.knows(app, operation.name):
                self.made.add(operation.table or f"{app}_{operation.name_lower}")
        elif isinstance(operation, operations.RenameField):
            if self.knows(app, operation.model_name, operation.old_name):
                self.models[app, operation.model_name_lower].add(operation.new_name_lower)
        elif isinstance(operation, operations.CreateModel):
            if getattr(operation, "adopts", False):
                self.models[app, operation.name_lower] = {name.lower() for name, _ in operation.fields}
            else:
                self.made.add(table_of(app, operation.name, operation.options))


def breaks(operation: Operation, app: str, known: Known | None = None, before: ProjectState | None = None) -> bool:
    """Whether the release before would break on an operation.

    Without ``known`` every table counts as known to it; without ``before`` two definitions cannot be compared, and
    only what the operation alone shows counts.
    """
    if isinstance(operation, operations.SeparateDatabaseAndState):
        return any(breaks(inner, app, known, before) for inner in operation.database_operations)
    if isinstance(operation, operations.RunSQL):
        return any(_takes_away(statement, known) for statement in _statements(operation))
    if not isinstance(operation, _JUDGED):
        return False
    model, name = _subject(operation)
    if known is not None and not known.knows(app, model, name):
        return False
    state = before.models.get((app, model.lower())) if before is not None else None
    if state is not None and (state.options.get("proxy") or not state.options.get("managed", True)):
        return False
    return _by_definition(operation, app, model, name, state)


_JUDGED = (
    operations.RemoveField,
    operations.DeleteModel,
    operations.RenameModel,
    operations.RenameField,
    operations.AlterField,
    operations.AlterModelTable,
)


def _subject(operation: Any) -> tuple[str, str]:
    """The model that an operation is about, and its field if it is about one."""
    if isinstance(operation, operations.RenameModel):
        return operation.old_name, ""
    if isinstance(operation, operations.RenameField):
        return operation.model_name, operation.old_name
    if isinstance(operation, operations.RemoveField | operations.AlterField):
        return operation.model_name, operation.name
    return operation.name, ""


def _by_definition(operation: Operation, app: str, model: str, name: str, state: ModelState | None) -> bool:
    if isinstance(operation, operations.AlterModelTable):
        old = table_of(app, model, state.options) if state else ""
        return table_of(app, model, {"db_table": operation.table}) != old
    if isinstance(operation, operations.AlterField):
        old_field = state.fields.get(name) if state else None
        if old_field is None:
            return type(operation).__name__ == "SetNotNull"
        return column_of(name, old_field) != column_of(name, operation.field) or narrows(old_field, operation.field)
    if isinstance(operation, operations.RenameField) and state is not None:
        renamed = state.fields[name]
        return column_of(name, renamed) != column_of(operation.new_name, renamed)
    return True


def _statements(operation: operations.RunSQL) -> Iterator[Statement]:
    texts = [operation.sql] if isinstance(operation.sql, str) else operation.sql
    for text in texts or ():
        yield from parse(text if isinstance(text, str) else text[0])


def _dropped_too(statement: Statement) -> tuple[Name, ...]:
    return statement.references if statement.kind == Kind.DROP_TABLE else ()


def _takes_away(statement: Statement, known: Known | None) -> bool:
    tables = {name.name for name in (statement.table, *_dropped_too(statement)) if name is not None}
    if not tables or (known is not None and tables <= known.made):
        return False
    return statement.kind in _TAKEN_AWAY
