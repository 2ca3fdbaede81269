"""Sprints and names: what a new migration is called where an app counts its sprints."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.core.management.base import CommandError
from django.db.migrations.graph import MigrationGraph

_WITH_SPRINT = re.compile(r"^(?P<number>\d{4})_s(?P<sprint>\d\d)_")
_NUMBER = re.compile(r"^(\d{4})_")


def newest_sprint(graph: MigrationGraph, app_label: str = "") -> int | None:
    """The highest sprint that a migration states, of one app or of all; None if none states one."""
    stated = [
        int(sprint)
        for (label, _), migration in graph.nodes.items()
        if app_label in ("", label) and (sprint := getattr(migration, "sprint", None)) is not None
    ]
    return max(stated, default=None)


def sprint_for(graph: MigrationGraph, app_label: str, asked: int | None) -> int | None:
    """The sprint of a new migration: the one asked for, else the newest of the project.

    Raises ``CommandError`` for one before the newest of the app: its history would go back in time.
    """
    newest = newest_sprint(graph, app_label)
    if asked is None:
        return newest_sprint(graph)
    if newest is not None and asked < newest:
        raise CommandError(
            f"--sprint {asked} lies before sprint {newest}, which {app_label} has reached. Nothing was written. Remedy:"
            f" give {newest} or a later one."
        )
    return asked


def names_sprints(graph: MigrationGraph, app_label: str) -> bool:
    """Whether the names of an app's migrations carry the sprint; a new app does as the project's other apps do."""
    names = [name for label, name in graph.nodes if label == app_label]
    return _carry(names) if names else _carry(name for _, name in graph.nodes)


def _carry(names: Iterable[str]) -> bool:
    return any(_WITH_SPRINT.match(name) for name in names)


def with_sprint(name: str, sprint: int) -> str:
    """``0007_subject`` as ``0007_s02_subject``; a name that carries a sprint keeps it."""
    return name if _WITH_SPRINT.match(name) else _NUMBER.sub(rf"\1_s{sprint:02}_", name)
