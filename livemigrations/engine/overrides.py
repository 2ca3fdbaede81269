"""Migrations whose class overrides ``Migration.apply()`` or ``unapply()``: what they do then is theirs to say.

Such a migration counts as one Python operation in that direction: the engine calls the method with a schema editor in
one transaction, as Django does, and takes nothing of it apart.
"""

from __future__ import annotations

from typing import Any

from django.db.migrations import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


class WholeMigration(Operation):
    """A migration that runs by its own ``apply()`` or ``unapply()``."""

    reduces_to_sql = False

    def __init__(self, migration: Migration, method: str) -> None:
        self.migration, self.method = migration, method
        self.result: ProjectState | None = None
        self.atomic = bool(migration.atomic)  # type: ignore[misc]  # an instance may have its own, as RunPython does

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        self.migration.mutate_state(state, preserve=False)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self.result = self.migration.apply(from_state.clone(), schema_editor)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self.migration.unapply(to_state.clone(), schema_editor)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        kind = type(self.migration)
        methods = {name: getattr(kind, name) for name in ("apply", "unapply")}
        return type(self).__name__, [], {**methods, "operations": self.migration.operations}

    def describe(self) -> str:
        return f"{self.method}() of the migration, overridden by {_owner(self.migration, self.method)}, as a whole"


def overrides_apply(migration: Migration) -> bool:
    """Whether the class of a migration, or a mixin, overrides ``apply()``."""
    return type(migration).apply is not Migration.apply


def overrides_unapply(migration: Migration) -> bool:
    """Whether the class of a migration, or a mixin, overrides ``unapply()``."""
    return type(migration).unapply is not Migration.unapply


def operations_of(migration: Migration, *, backwards: bool = False) -> list[Operation]:
    """The operations that the engine runs: those of the migration, or the migration itself as one."""
    if backwards and overrides_unapply(migration):
        return [WholeMigration(migration, "unapply")]
    if not backwards and overrides_apply(migration):
        return [WholeMigration(migration, "apply")]
    return list(migration.operations)


def note_of(operations: list[Operation]) -> str:
    """What to tell about a migration that runs as a whole; empty for others."""
    if not (operations and isinstance(operations[0], WholeMigration)):
        return ""
    whole = operations[0]
    return (
        f"    {_owner(whole.migration, whole.method)} overrides {whole.method}(): the engine calls it in one transaction,"
        " as Django does, and makes nothing of it safe for traffic"
    )


def result_of(operation: Operation, state: ProjectState) -> ProjectState:
    """The state behind a migration that ran: the one that ``apply()`` returned, if it did."""
    found = operation.result if isinstance(operation, WholeMigration) else None
    return found if found is not None else state


def _owner(migration: Migration, method: str) -> str:
    owner = next(kind for kind in type(migration).__mro__ if method in vars(kind))
    return f"{owner.__module__}.{owner.__qualname__}"
