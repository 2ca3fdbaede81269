"""The autodetector whose migrations are split, staged and named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.migrations import Migration
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.operations import CreateModel
from django.db.migrations.state import ProjectState

from livemigrations.translation import Stage, Work
from livemigrations.writing.naming import names_sprints, sprint_for, with_sprint
from livemigrations.writing.requirements import required_by
from livemigrations.writing.splitting import Changes, Notes, split

if TYPE_CHECKING:
    from django.db.migrations.autodetector import MigrationAutodetector as _Base
else:
    _Base = object


class SafeAutodetectorMixin(_Base):
    """Put it before a project's autodetector. ``sprint`` is the one asked for; without ``splits`` only names change."""

    sprint: int | None = None
    splits = True

    def __init__(self, from_state: ProjectState, to_state: ProjectState, *arguments: Any, **named: Any) -> None:
        self.before = from_state.clone()  # Django's detection takes options out of the one that it is given
        super().__init__(from_state, to_state, *arguments, **named)

    def arrange_for_graph(self, changes: Changes, graph: MigrationGraph, migration_name: str | None = None) -> Changes:
        """Split the changes, then number and name them as Django does, with the sprint where names carry one."""
        leaves = {label for label, _ in graph.leaf_nodes()}
        if self.splits:
            changes = split(changes, self.before, leaves)
        changes = super().arrange_for_graph(changes, graph, migration_name)
        new_names: dict[tuple[str, str], tuple[str, str]] = {}
        for app_label, whole in changes.items():
            for position, migration in enumerate(whole):
                old = (app_label, migration.name)
                self._complete(migration, graph, by_hand=bool(migration_name and position))
                new_names[old] = (app_label, migration.name)
        for migration in (one for whole in changes.values() for one in whole):
            required = (key for operation in migration.operations for key in required_by(operation))
            kept = [(app_label, name) for app_label, name in migration.dependencies]
            kept += dict.fromkeys(key for key in required if key in graph.nodes and key not in kept)
            vars(migration)["dependencies"] = [new_names.get(key, key) for key in kept]
        return changes

    def _complete(self, migration: Migration, graph: MigrationGraph, *, by_hand: bool) -> None:
        """Give a migration its sprint, its stage and its full name."""
        attributes: dict[str, Any] = vars(migration)
        made = all(isinstance(operation, CreateModel) for operation in migration.operations)
        notes = attributes.setdefault("notes", Notes(Work.SCHEMA, Stage.EXPAND, new=made or bool(migration.initial)))
        if by_hand:
            migration.name = f"{migration.name}_{notes.work.value.replace(' ', '_')}"
        if notes.stage == Stage.CONTRACT or notes.work == Work.NOT_NULL:
            attributes["stage"] = notes.stage.value
        sprint = sprint_for(graph, migration.app_label, self.sprint)
        if sprint is not None:
            attributes["sprint"] = sprint
            if names_sprints(graph, migration.app_label):
                migration.name = with_sprint(migration.name, sprint)
