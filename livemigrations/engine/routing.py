"""Operations that a database router keeps away from this database."""

from __future__ import annotations

from typing import Any

from django.db import router
from django.db.migrations import RenameModel, RunPython, RunSQL
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.models import ModelOperation
from django.db.migrations.state import ProjectState

from livemigrations.engine.steps import Lane, Step


def is_kept_away(alias: str, app: str, operation: Operation, before: ProjectState, after: ProjectState) -> bool:
    """Whether a router forbids the operation on the database ``alias``; it is asked as the operation itself asks."""
    if isinstance(operation, RunPython | RunSQL):
        hints: dict[str, Any] = getattr(operation, "hints", None) or {}
        return not router.allow_migrate(alias, app, **hints)
    name = _model(operation)
    for state in (after, before):
        if name and (app, name.lower()) in state.models:
            return not operation.allow_migrate_model(alias, state.apps.get_model(app, name))
    return not (name or router.allow_migrate(alias, app))


def _model(operation: Operation) -> str:
    """The name of the model that an operation asks the routers for; empty if it names none."""
    if isinstance(operation, RenameModel):
        return str(operation.new_name)
    if isinstance(operation, ModelOperation):
        return str(operation.name)
    return str(getattr(operation, "model_name", ""))


def kept_away_step(alias: str, operation: Operation) -> Step:
    """The step that stands for such an operation: it runs nothing and takes no lock."""
    return Step(f"a database router keeps this away from {alias}: {operation.describe()}", Lane.INSTANT)
