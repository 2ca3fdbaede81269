"""Models that go as a whole: Django removes their relations and indexes first, and the table is to hold them to its end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.db import migrations
from django.db.migrations import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from livemigrations import operations as live
from livemigrations.translation import Parts

Key = tuple[str, str]


class Doomed:
    """The models that the changes delete; their columns are dropped with the table, not one by one before."""

    def __init__(self, changes: dict[str, list[Migration]], state: ProjectState) -> None:
        self._models = {
            (migration.app_label, operation.name_lower)
            for whole in changes.values()
            for migration in whole
            for operation in migration.operations
            if isinstance(operation, migrations.DeleteModel)
        }
        self._taken = {made.name for made in _made(changes)}
        known = {key: state.models[key] for key in self._models if key in state.models}
        self._order = {key: list(model.fields) for key, model in known.items()}
        self._made = {
            key: {name: made for name in ("indexes", "constraints") if (made := self._kept(model.options.get(name)))}
            for key, model in known.items()
        }
        self._columns: dict[Key, dict[str, Any]] = defaultdict(dict)

    def _kept(self, made: Any) -> list[Any]:
        """What of these can stay: a name that the same changes give to something new has to be free for it."""
        return [one for one in made or () if one.name not in self._taken]

    def keeps(self, operation: Operation, state: ProjectState, app_label: str) -> bool:
        """Whether the operation removes what the table keeps to its end: an index, a constraint, the link to a parent.

        The previous release still reads by them and relies on them.
        """
        if isinstance(operation, migrations.RemoveIndex | migrations.RemoveConstraint):
            return (app_label, operation.model_name_lower) in self._models and operation.name not in self._taken
        if not isinstance(operation, migrations.RemoveField):
            return False
        model = state.models.get((app_label, operation.model_name_lower))
        field: Any = model.fields.get(operation.name) if model else None
        is_link = bool(getattr(getattr(field, "remote_field", None), "parent_link", False))
        return is_link and (app_label, operation.model_name_lower) in self._models

    def in_order(self, migration: Migration, state: ProjectState) -> list[Operation]:
        """The migration's operations, with a model that goes behind its children that go.

        Django removes their links to it first, and then takes them in any order.
        """
        found = list(migration.operations)
        for operation in migration.operations:
            if isinstance(operation, migrations.DeleteModel):
                label = f"{migration.app_label}.{operation.name_lower}"
                last = max((at for at, one in enumerate(found) if label in _bases(one, migration, state)), default=-1)
                if last > found.index(operation):
                    found.remove(operation)
                    found.insert(last, operation)
        return found

    def whole(self, parts: Parts, app_label: str) -> Parts:
        """The parts with the drops of such a model's columns left to the drop of its table."""
        kept = [replace(part, operations=self._left(part.operations, app_label)) for part in parts]
        return tuple(part for part in kept if part.operations)

    def _left(self, operations: tuple[Operation, ...], app_label: str) -> tuple[Operation, ...]:
        found: list[Operation] = []
        for operation in operations:
            if (
                isinstance(operation, live.DropColumn)
                and (key := (app_label, operation.model_name.lower())) in self._models
            ):
                self._columns[key][operation.name] = operation.field
            elif isinstance(operation, live.DropTable):
                found.append(self._with_columns(operation, app_label))
            else:
                found.append(operation)
        return tuple(found)

    def _with_columns(self, operation: live.DropTable, app_label: str) -> live.DropTable:
        key = (app_label, operation.name.lower())
        fields = {**dict(operation.fields), **self._columns.get(key, {})}
        order = [name for name in self._order.get(key, []) if name in fields]
        named = [*order, *(name for name in fields if name not in order)]
        options = {**operation.options, **self._made.get(key, {})}
        return live.DropTable(operation.name, [(name, fields[name]) for name in named], options)


def _bases(operation: Operation, migration: Migration, state: ProjectState) -> set[str]:
    """The labels of all models that a deleted one is a child of, directly or through others."""
    found: set[str] = set()
    waiting = [(migration.app_label, operation.name_lower)] if isinstance(operation, migrations.DeleteModel) else []
    while waiting:
        model = state.models.get(waiting.pop())
        bases = [base for base in (model.bases if model else ()) if isinstance(base, str)]
        found |= set(bases)
        waiting += [(label, name) for label, _, name in (base.partition(".") for base in bases)]
    return found


def _made(changes: dict[str, list[Migration]]) -> Iterator[Any]:
    """The indexes and constraints that the changes make."""
    for operation in (one for whole in changes.values() for migration in whole for one in migration.operations):
        if isinstance(operation, migrations.CreateModel):
            yield from (*operation.options.get("indexes", ()), *operation.options.get("constraints", ()))
        elif isinstance(operation, migrations.AddIndex):
            yield operation.index
        elif isinstance(operation, migrations.AddConstraint):
            yield operation.constraint
