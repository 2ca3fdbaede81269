"""Looking ahead: which migrations a run would take and from which states, with nothing run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration
from django.db.migrations.exceptions import AmbiguityError
from django.db.migrations.state import ProjectState

from livemigrations.engine.executor import LiveExecutor
from livemigrations.engine.journal import Row
from livemigrations.engine.passage import Passage, Place
from livemigrations.engine.pending import Pending
from livemigrations.engine.reporter import Silent
from livemigrations.engine.selection import Plan, Selection, refuse_broken_history
from livemigrations.engine.session import Session
from livemigrations.errors import LiveMigrationError


class DryPassage(Passage):
    """A passage that plans and runs nothing. ``_stopped`` is told what would stop the operations that are queued."""

    def _flush(self) -> None:
        """Find out whether the operations could share transactions as they must."""
        queue, self.queue = self.queue, []
        try:
            self._assembled(queue)
        except LiveMigrationError as error:
            self._stopped(error)

    def _stopped(self, error: LiveMigrationError) -> None:
        raise error

    def _run(self, place: Place, rows: list[Row], *, backwards: bool) -> None:
        """Nothing is run."""

    def _finish(self, *, forward: bool) -> None:
        """Nothing is recorded."""


@contextmanager
def read_only(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """A transaction in which nothing can be written; it waits for a lock no longer than ten seconds."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for statement in ("TRANSACTION READ ONLY", "LOCAL lock_timeout = '10s'", "LOCAL statement_timeout = 0"):
            cursor.execute(f"SET {statement}")
        yield


def dry_session(connection: BaseDatabaseWrapper) -> Session:
    """A session whose surroundings learn from statements that are only planned."""
    session = Session(connection, Silent())
    session.around.pending = Pending()
    return session


def rendered(state: ProjectState) -> ProjectState:
    """The state with its models made: the states that come of it then take over all but those that change."""
    state.apps  # noqa: B018
    return state


def targets(executor: LiveExecutor, app_label: str | None, migration_name: str | None) -> list[Any]:
    """The targets that Django's ``migrate`` makes of these words. Raises ``CommandError`` for unknown ones."""
    leaves = list(executor.loader.graph.leaf_nodes())
    if not app_label:
        return leaves
    if app_label not in executor.loader.migrated_apps:
        raise CommandError(f"App '{app_label}' does not have migrations.")
    if not migration_name:
        return [key for key in leaves if key[0] == app_label]
    if migration_name == "zero":
        return [(app_label, None)]
    try:
        migration = executor.loader.get_migration_by_prefix(app_label, migration_name)
    except KeyError as error:
        raise CommandError(f"Cannot find a migration matching '{migration_name}' from app '{app_label}'.") from error
    except AmbiguityError as error:
        raise CommandError(
            f"More than one migration matches '{migration_name}' in app '{app_label}'. Please be more specific."
        ) from error
    return [(app_label, migration.name)]


def plan_of(
    session: Session, selection: Selection, app_label: str | None, name: str | None
) -> tuple[LiveExecutor, Plan]:
    """An executor that only looks, and what it would run.

    Raises ``BrokenHistory`` where ``migrate`` would refuse to begin.
    """
    executor = LiveExecutor(session, selection, dry=True)
    refuse_broken_history(executor.loader, session.connection)
    return executor, executor.migration_plan(targets(executor, app_label, name))


def walk[P: Passage](executor: LiveExecutor, plan: Plan, make: Callable[[Migration], P]) -> list[P]:
    """Take passages through the plan with the states that Django's executor would hand to each; return them.

    The passages must not run anything: ``make`` gives those of a subclass.
    """
    recorded = set(executor.recorder.applied_migrations())
    order = [m for m, _ in executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True)]
    forward, back = {m for m, backwards in plan if not backwards}, [m for m, backwards in plan if backwards]
    passages = []
    for migration in back:
        key = (migration.app_label, migration.name)
        passages.append(make(migration))
        passages[-1].back(rendered(executor.loader.project_state(key, at_end=False)), applied=key in recorded)
    executor.loader.applied_migrations = {
        key: value
        for key, value in executor.loader.applied_migrations.items()
        if executor.loader.graph.nodes.get(key) not in back
    }
    state = rendered(executor.project_state()) if forward else executor.project_state()
    for migration in order:
        if migration in forward:
            passages.append(make(migration))
            state = passages[-1].forwards(state, applied=(migration.app_label, migration.name) in recorded)
    return passages
