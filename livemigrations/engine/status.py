"""Where a database stands: applied and pending migrations, what is half done, what is broken."""

from __future__ import annotations

import sys
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from livemigrations.bookkeeping import has_bookkeeping
from livemigrations.catalog.relations import fetch
from livemigrations.engine.journal import Journal
from livemigrations.engine.lease import current_holder
from livemigrations.engine.selection import broken_history, full_order, sprint_of
from livemigrations.engine.stages import stages
from livemigrations.results import AppliedMigration, PendingMigration, Status


def description_of(migration: Migration) -> str:
    """The first line of the migration module's docstring, or its name in words."""
    module = sys.modules.get(type(migration).__module__)
    text = (module.__doc__ or "").strip().splitlines() if module else []
    return text[0] if text else migration.name.replace("_", " ")


def pending(connection: BaseDatabaseWrapper, loader: MigrationLoader | None = None) -> list[PendingMigration]:
    """The migrations that are not applied, or only half, in the order in which they would run."""
    loader = loader or MigrationLoader(connection)
    half = Journal(connection).half_done() if has_bookkeeping(connection) else {}
    found = []
    for key, stage in stages(loader, set(loader.applied_migrations) - set(half)).items():
        migration = loader.graph.nodes[key]
        sprint = sprint_of(migration)
        found.append(PendingMigration(".".join(key), description_of(migration), sprint, key in half, stage.value))
    return found


def history(connection: BaseDatabaseWrapper) -> list[AppliedMigration]:
    """The applied migrations, newest first."""
    loader = MigrationLoader(connection)
    recorder = MigrationRecorder(connection)
    if not recorder.has_table():
        return []
    found = []
    for app, name, applied in recorder.migration_qs.order_by("-id").values_list("app", "name", "applied"):
        migration = loader.disk_migrations.get((app, name))
        text = description_of(migration) if migration else "(not in the code)"
        sprint = sprint_of(migration) if migration else None
        found.append(AppliedMigration(f"{app}.{name}", text, applied.isoformat(), sprint))
    return found


def steps_of(connection: BaseDatabaseWrapper) -> dict[str, list[dict[str, Any]]]:
    """The journal of every migration, oldest step first: what ran, when, and what it took."""
    if not has_bookkeeping(connection):
        return {}
    rows = fetch(
        connection,
        "SELECT app || '.' || migration, operation, step, direction, state, outcome, lane, description, started_at,"
        " finished_at, attempts, lock_wait_ms, duration_ms, stall_ms, rows FROM livemigrations_step ORDER BY id",
    )
    names = (
        "operation", "step", "direction", "state", "outcome", "lane", "description", "started_at",
        "finished_at", "attempts", "lock_wait_ms", "duration_ms", "stall_ms", "rows",
    )  # fmt: skip
    found: dict[str, list[dict[str, Any]]] = {}
    for revision, *values in rows:
        found.setdefault(revision, []).append(dict(zip(names, values, strict=True)))
    return found


def status(connection: BaseDatabaseWrapper) -> Status:
    """The status of one database."""
    loader = MigrationLoader(connection)
    known = set(loader.disk_migrations)
    waiting = pending(connection, loader)
    applied = history(connection)
    return Status(
        database=connection.alias,
        current_revision=applied[0].revision if applied else None,
        applied_count=len(applied),
        pending_migrations=waiting,
        half_applied=[migration.revision for migration in waiting if migration.half_applied],
        invalid_indexes=_invalid_indexes(connection),
        unvalidated_constraints=_unvalidated(connection),
        unknown_applied=sorted(".".join(key) for key in set(loader.applied_migrations) - known),
        running=current_holder(connection),
        sprints=_sprints(loader),
        history_problem=broken_history(loader, connection),
    )


def _sprints(loader: MigrationLoader) -> dict[int, str]:
    """Each sprint with how far it is: pending, partly applied, applied."""
    counts: dict[int, list[bool]] = {}
    for key in full_order(loader):
        sprint = sprint_of(loader.graph.nodes[key])
        if sprint is not None:
            counts.setdefault(sprint, []).append(key in loader.applied_migrations)
    return {
        sprint: "applied" if all(done) else "partly applied" if any(done) else "pending"
        for sprint, done in sorted(counts.items())
    }


def _invalid_indexes(connection: BaseDatabaseWrapper) -> list[str]:
    rows = fetch(
        connection,
        "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " LEFT JOIN pg_stat_progress_create_index p ON p.index_relid = i.indexrelid"
        " AND p.datname = current_database()"
        " WHERE NOT i.indisvalid AND c.relkind = 'i' AND p.pid IS NULL ORDER BY 1",
    )
    return [row[0] for row in rows]


def _unvalidated(connection: BaseDatabaseWrapper) -> list[str]:
    rows = fetch(
        connection,
        "SELECT conrelid::regclass::text || '.' || conname FROM pg_constraint WHERE NOT convalidated"
        " AND conrelid <> 0 ORDER BY 1",
    )
    return [row[0] for row in rows]
