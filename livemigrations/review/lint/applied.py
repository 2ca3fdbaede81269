"""Applied migrations whose files say something else than what ran, by the digests that the journal keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from livemigrations.bookkeeping import has_bookkeeping
from livemigrations.catalog.relations import fetch
from livemigrations.engine.digests import is_unchanged
from livemigrations.engine.overrides import operations_of
from livemigrations.engine.planner import parts
from livemigrations.engine.selection import full_order
from livemigrations.review.lint.history import Key


def edited_since_applied(
    connection: BaseDatabaseWrapper, loader: MigrationLoader, keys: Iterable[Key]
) -> Iterator[tuple[Key, int]]:
    """Yield each applied migration of ``keys`` that was edited, with the number of the first operation that differs.

    What the journal does not know, because Django itself or a fake applied it, or because the database was empty and
    got it with others in one transaction, is not compared.
    """
    ran = _journalled(connection)
    wanted = set(keys) & set(ran)
    state = ProjectState()
    for key in full_order(loader) if wanted else ():
        migration, now = loader.graph.nodes[key], list[Operation]()
        for operation in operations_of(migration):
            before = state.clone() if key in wanted else state
            operation.state_forwards(key[0], state)
            if key in wanted:
                now += [part for part, _, _ in parts(key[0], operation, before, state.clone())]
        digests = sorted(ran[key].items()) if key in wanted else []
        different = [n for n, digest in digests if n >= len(now) or not is_unchanged(now[n], migration, digest)]
        if different:
            yield key, different[0] + 1


def _journalled(connection: BaseDatabaseWrapper) -> dict[Key, dict[int, str]]:
    """The digests of the operations by migration, as they were when they last ran forwards."""
    if not has_bookkeeping(connection):
        return {}
    rows = fetch(
        connection,
        "SELECT DISTINCT ON (s.app, s.migration, s.operation) s.app, s.migration, s.operation, s.digest"
        " FROM livemigrations_step s JOIN django_migrations m ON m.app = s.app AND m.name = s.migration"
        " WHERE s.direction = 'forward' AND s.state = 'done' ORDER BY s.app, s.migration, s.operation, s.id DESC",
    )
    found: dict[Key, dict[int, str]] = {}
    for app, migration, operation, digest in rows:
        if not digest:
            continue
        found.setdefault((app, migration), {})[operation] = digest
    return found
