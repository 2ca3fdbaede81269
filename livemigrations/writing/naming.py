"""Sprints and names of new migrations, where a project counts its sprints.

A sprint is a convention of one project. Apps that were installed as packages count the sprints of other projects, so
their migrations do not decide about the project's own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from django.core.management.base import CommandError
from django.db.migrations.graph import MigrationGraph

from livemigrations.own_apps import own_apps

_WITH_SPRINT = re.compile(r"^(?P<number>\d{4})_s(?P<sprint>\d\d)_")
_NUMBER = re.compile(r"^(\d{4})_")


def newest_sprint(graph: MigrationGraph, app_labels: Collection[str]) -> int | None:
    """Return the highest sprint that the migrations of some apps state, or None if none states one."""
    stated = [
        int(sprint)
        for (label, _), migration in graph.nodes.items()
        if label in app_labels and (sprint := getattr(migration, "sprint", None)) is not None
    ]
    return max(stated, default=None)


def sprint_for(graph: MigrationGraph, app_label: str, asked: int | None) -> int | None:
    """Return the sprint of a new migration: the one asked for, else the newest of the app and the project's own apps.

    Raises ``CommandError`` for a sprint before the newest of the app, because its history would go back in time.
    """
    newest = newest_sprint(graph, {app_label})
    if asked is None:
        return newest_sprint(graph, {app_label, *own_apps()})
    if newest is not None and asked < newest:
        raise CommandError(
            f"--sprint {asked} lies before sprint {newest}, which {app_label} has reached. Nothing was written. Remedy:"
            f" give {newest} or a later one."
        )
    return asked


def names_sprints(graph: MigrationGraph, app_label: str) -> bool:
    """Whether the names of an app's migrations have the sprint; a new app does as the project's own apps do."""
    names = [name for label, name in graph.nodes if label == app_label]
    own = own_apps()
    return _carry(names) if names else _carry(name for label, name in graph.nodes if label in own)


def _carry(names: Iterable[str]) -> bool:
    return any(_WITH_SPRINT.match(name) for name in names)


def with_sprint(name: str, sprint: int) -> str:
    """``0007_subject`` as ``0007_s02_subject``; a name that carries a sprint keeps it."""
    return name if _WITH_SPRINT.match(name) else _NUMBER.sub(rf"\1_s{sprint:02}_", name)
