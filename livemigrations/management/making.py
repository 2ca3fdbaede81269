"""The safe ``makemigrations`` as a mixin, for projects whose own command overrides Django's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandParser
from django.core.management.commands import makemigrations as django_makemigrations
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.writer import MigrationWriter

from livemigrations.engine.failures import in_words
from livemigrations.management.arguments import sprint
from livemigrations.translation import Stage
from livemigrations.writing.autodetector import SafeAutodetectorMixin
from livemigrations.writing.naming import names_sprints, sprint_for, with_sprint
from livemigrations.writing.writer import SafeMigrationWriter

if TYPE_CHECKING:
    from django.core.management.commands.makemigrations import Command as _Base
else:
    _Base = object

_writer: ContextVar[type[MigrationWriter]] = ContextVar("livemigrations_writer", default=MigrationWriter)


class _ChosenWriter(MigrationWriter):
    """Stands in for the writer that Django's command names as a module global; elsewhere it makes Django's own."""

    def __new__(cls, migration: Migration, include_header: bool = True) -> Any:
        return _writer.get()(migration, include_header)


vars(django_makemigrations)["MigrationWriter"] = _ChosenWriter


@contextmanager
def _written_by(writer: type[MigrationWriter]) -> Iterator[None]:
    token = _writer.set(writer)
    try:
        yield
    finally:
        _writer.reset(token)


class LiveMakeMigrationsMixin(_Base):
    """Put it before Django's (or the project's) makemigrations Command: ``class Command(Mixin, Command)``."""

    asked_sprint: int | None = None

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        group = parser.add_argument_group("live migrations")
        group.add_argument(
            "--sprint",
            type=sprint,
            metavar="N",
            help="Sprint of the new migrations; the newest of the project if left away.",
        )
        group.add_argument("--plain", action="store_true", help="Write what Django writes: nothing is split or staged.")

    def check(self, *args: Any, **options: Any) -> Any:
        """Check as Django does. Some fields ask the server for its version: one that nobody reaches is put into words."""
        with in_words():
            return super().check(*args, **options)

    def handle(self, *app_labels: str, **options: Any) -> str | None:
        if options.get("plain"):
            return super().handle(*app_labels, **options)
        self.asked_sprint = options.get("sprint")
        kind = type(self).autodetector
        attributes = {"sprint": self.asked_sprint, "splits": not (options.get("update") or options.get("empty"))}
        vars(self)["autodetector"] = type("SafeAutodetector", (SafeAutodetectorMixin, kind), attributes)
        with _written_by(SafeMigrationWriter):
            return super().handle(*app_labels, **options)

    def write_migration_files(
        self, changes: dict[str, list[Migration]], update_previous_migration_paths: dict[str, str] | None = None
    ) -> None:
        """Write the files, and the name of the newest where an app keeps it in ``max_migration.txt``."""
        if _writer.get() is MigrationWriter:
            super().write_migration_files(changes, update_previous_migration_paths)
            return
        if update_previous_migration_paths:
            self._keep_sprints(changes)
        super().write_migration_files(changes, update_previous_migration_paths)
        for whole in changes.values():
            self._note_newest(whole[-1])
        waiting = [m for whole in changes.values() for m in whole if getattr(m, "stage", "") == Stage.CONTRACT]
        if waiting and self.verbosity:
            self.log("When the release with these models is out everywhere: migrate --stage contract, for")
            for migration in waiting:
                self.log(f"  {migration.app_label}.{migration.name}")

    def handle_merge(self, loader: MigrationLoader, conflicts: dict[str, set[str]]) -> None:
        """Merge as Django does; the merge belongs to the newest sprint that it joins."""
        made: list[Migration] = []

        class MergeWriter(SafeMigrationWriter):
            def __init__(writer, migration: Migration, include_header: bool = True) -> None:  # noqa: N805
                sprint = sprint_for(loader.graph, migration.app_label, self.asked_sprint)
                if sprint is not None:
                    vars(migration)["sprint"] = sprint
                    if names_sprints(loader.graph, migration.app_label):
                        migration.name = with_sprint(migration.name, sprint)
                made.append(migration)
                super().__init__(migration, include_header)

        if _writer.get() is MigrationWriter:
            super().handle_merge(loader, conflicts)
            return
        with _written_by(MergeWriter):
            super().handle_merge(loader, conflicts)
        for migration in made:
            self._note_newest(migration)

    def _keep_sprints(self, changes: dict[str, list[Migration]]) -> None:
        """``--update`` names a migration anew: with the sprint that it has."""
        graph = MigrationLoader(None, ignore_no_migrations=True).graph
        for app_label, whole in changes.items():
            for migration in whole:
                sprint = getattr(migration, "sprint", None)
                if sprint is not None and names_sprints(graph, app_label):
                    migration.name = with_sprint(migration.name, int(sprint))

    def _note_newest(self, migration: Migration) -> None:
        """Keep ``max_migration.txt`` up to date where there is one and the migration was written."""
        path = Path(MigrationWriter(migration).path)
        newest = path.with_name("max_migration.txt")
        if newest.exists() and path.exists() and not self.dry_run:
            newest.write_text(f"{migration.name}\n")
