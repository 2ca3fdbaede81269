"""What a contract depends on and is not finished yet: constraints that were never validated, rows not filled in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.db import ProgrammingError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from livemigrations.catalog.relations import fetch
from livemigrations.engine.selection import Key, Plan
from livemigrations.engine.stages import stage_of, stages
from livemigrations.engine.touched import altered_by_sql, leaves, model_of, quoted, table_of
from livemigrations.errors import StageRefused
from livemigrations.translation import Stage


def refuse_unfinished(connection: BaseDatabaseWrapper, loader: MigrationLoader, plan: Plan) -> None:
    """Raise ``StageRefused``, naming everything at once, if a migration of the plan relies on something unfinished.

    These are constraints NOT VALID on the tables that it works on, unless the plan itself validates or drops them or
    the migration names them in ``unvalidated``; and operations before it with ``unfinished(app_label, connection,
    state)``, about a field of the same models, that answer with a text (``state`` is the one after their own
    migration). The search for those ends at the contract before.
    """
    chosen = {(migration.app_label, migration.name) for migration, _ in plan}
    applied = [key for key in loader.applied_migrations if key in loader.graph.nodes and key not in chosen]
    state = loader.graph.make_state(nodes=applied, real_apps=loader.unmigrated_apps) if applied else ProjectState()
    settled = {name for migration, _ in plan for name in _settles(migration)}
    stage = stages(loader, applied)
    found: dict[str, None] = {}
    for migration, _ in plan:
        if stage[migration.app_label, migration.name] == Stage.CONTRACT:
            lines = [
                *_unvalidated(connection, migration, state, settled),
                *_fills(connection, loader, migration, state),
            ]
            found.update(dict.fromkeys(f"  {migration.app_label}.{migration.name} needs {line}" for line in lines))
    if found:
        raise StageRefused(
            "The contract stage depends on something that is not finished:\n"
            + "\n".join(found)
            + "\nNothing was changed."
        )


def _settles(migration: Migration) -> Iterator[str]:
    """The constraints that a migration validates or drops itself, and those that it says it can do without."""
    yield from getattr(migration, "unvalidated", ())
    for whole in migration.operations:
        for operation in leaves(whole):
            if type(operation).__name__ in ("ValidateConstraint", "RemoveConstraint"):
                yield str(getattr(operation, "name", ""))


def _unvalidated(
    connection: BaseDatabaseWrapper, migration: Migration, state: ProjectState, settled: set[str]
) -> Iterator[str]:
    tables = sorted(set(_tables(migration, state)))
    rows = fetch(
        connection,
        "SELECT c.conrelid::regclass::text, c.conname, quote_ident(c.conname) FROM pg_constraint c"
        " WHERE NOT c.convalidated AND coalesce((to_jsonb(c)->>'conenforced')::boolean, TRUE) AND c.conrelid <> 0"
        " AND c.conrelid IN (SELECT to_regclass(t) FROM unnest(%s::text[]) t) ORDER BY 1, 2",
        [tables],
    )
    for table, name, identifier in rows:
        if name not in settled:
            yield (
                f"the constraint {name} of {table}, which was never validated. Remedy: ALTER TABLE {table} VALIDATE"
                f' CONSTRAINT {identifier}; or, if it is meant to stay so, unvalidated = ["{name}"] in the migration'
            )


def _tables(migration: Migration, state: ProjectState) -> Iterator[str]:
    for whole in migration.operations:
        for operation in leaves(whole):
            key = model_of(operation, migration.app_label, state)
            if key and (table := table_of(state, key)):
                yield str(quoted(table))
            yield from map(str, altered_by_sql(operation))


def _fills(
    connection: BaseDatabaseWrapper, loader: MigrationLoader, migration: Migration, state: ProjectState
) -> Iterator[str]:
    models = {
        key
        for whole in migration.operations
        for operation in leaves(whole)
        if (key := model_of(operation, migration.app_label, state))
    }
    for other in _since_last_contract(loader, (migration.app_label, migration.name)):
        for operation in (inner for whole in other.operations for inner in leaves(whole)):
            ask: Any = getattr(operation, "unfinished", None)
            key = model_of(operation, other.app_label, state)
            if ask is None or key not in models or getattr(operation, "name", "") not in state.models[key].fields:
                continue
            with suppress(ProgrammingError):  # what it read is not there any more
                own = loader.project_state((other.app_label, other.name))
                if text := ask(other.app_label, connection, own):
                    where = f"{other.app_label}.{other.name} ({operation.describe()})"
                    yield f"{where} to be complete: {text}. Remedy: fill them by hand, or by the same in a new migration"


def _since_last_contract(loader: MigrationLoader, key: Key) -> list[Migration]:
    """The applied migrations that one depends on, back to the contracts before it."""
    found: dict[Key, Migration] = {}
    open_ = [key]
    while open_:
        for parent in (node.key for node in loader.graph.node_map[open_.pop()].parents):
            migration = loader.graph.nodes[parent]
            if parent in found or (parent in loader.applied_migrations and stage_of(migration) == Stage.CONTRACT):
                continue
            found[parent] = migration
            open_.append(parent)
    return list(reversed(found.values()))
