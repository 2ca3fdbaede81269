"""States of models given as text, without a project: for changes that are detected in memory."""

from __future__ import annotations

from types import ModuleType
from unittest import mock

from django.apps import AppConfig
from django.apps.registry import Apps
from django.db import models
from django.db.migrations import Migration
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.questioner import MigrationQuestioner
from django.db.migrations.state import ProjectState
from django.db.models.options import Options

from livemigrations.writing.autodetector import SafeAutodetectorMixin


class SafeAutodetector(SafeAutodetectorMixin, MigrationAutodetector):
    """As the command makes it."""


def state_of(text: str, label: str = "shop") -> ProjectState:
    """The state of an app whose ``models.py`` is ``text``."""
    module = ModuleType(label)
    module.__path__ = []
    module.__file__ = f"/{label}/__init__.py"
    registry = Apps([AppConfig(label, module)])
    module.models = ModuleType(f"{label}.models")  # type: ignore[attr-defined]
    with mock.patch.object(Options, "default_apps", registry), mock.patch("django.db.models.base.apps", registry):
        exec(text, {"models": models, "__name__": f"{label}.models"})  # noqa: S102
    return ProjectState.from_apps(registry)


def detected(before: ProjectState, after: ProjectState, *, renamed: bool = False) -> list[Migration]:
    """The migrations that are written for the change of an app that has one, shop.0001_initial."""
    graph = MigrationGraph()
    graph.add_node(("shop", "0001_initial"), Migration("0001_initial", "shop"))
    answers = {"ask_rename": renamed, "ask_rename_model": renamed}
    found = SafeAutodetector(before.clone(), after.clone(), MigrationQuestioner(answers)).changes(graph)
    return found.get("shop", [])


def applied(state: ProjectState, migrations: list[Migration]) -> ProjectState:
    """The state after them."""
    state = state.clone()
    for migration in migrations:
        state = migration.mutate_state(state, preserve=False)
    return state
