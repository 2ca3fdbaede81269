"""The fast path: a database without any table is migrated in one transaction, with plain statements."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.db.migrations import Migration
from django.db.migrations.state import ProjectState

from livemigrations.catalog.relations import database_is_empty
from livemigrations.engine import journal as books
from livemigrations.engine.planner import digest_of, is_collected, is_noop, source_of
from livemigrations.engine.session import Session
from livemigrations.engine.steps import Lane, Step

_COMMIT_EVERY = 100


class Bulk:
    """Applies migrations as Django does, many in one transaction; a crash takes all of them back together."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._atomic: transaction.Atomic | None = None
        self._count = 0

    @classmethod
    def if_empty(cls, session: Session) -> Bulk | None:
        """The fast path if the database has no table yet, else None."""
        return cls(session) if database_is_empty(session.connection) else None

    def takes(self, migration: Migration) -> bool:
        """Whether the migration wants a transaction. One that does not goes the ordinary way, between two others."""
        if not migration.atomic:
            self.commit()
        return migration.atomic

    def apply(self, migration: Migration, state: ProjectState, record: Callable[[], None]) -> ProjectState:
        """Apply one migration and journal it. Returns the state after it.

        Python of its own may look at the database through another connection: it gets a transaction for itself.
        """
        alone = not all(is_collected(op) or is_noop(op, backwards=False) for op in migration.operations)
        if alone:
            self.commit()
        if self._atomic is None:
            self._atomic = transaction.atomic(using=self.session.connection.alias)
            self._atomic.__enter__()
        with self.session.connection.schema_editor(atomic=True) as editor:
            state = migration.apply(state, editor)
        self.session.connection.check_constraints()
        self._journal(migration)
        record()
        self._count += 1
        if alone or self._count % _COMMIT_EVERY == 0:
            self.commit()
        return state

    def _journal(self, migration: Migration) -> None:
        statements = []
        for index, operation in enumerate(migration.operations):
            source = source_of(operation)
            identity = books.Operation(migration.app_label, migration.name, index, digest_of(source), source)
            step = Step(operation.describe(), Lane.BULK)
            statements.append(self.session.journal.insert_sql(identity, books.FORWARD, [step], "done", open_=False))
        if statements:
            with self.session.connection.cursor() as cursor:
                cursor.execute(";\n".join(statements))

    def commit(self) -> None:
        """Commit what is open."""
        atomic, self._atomic = self._atomic, None
        if atomic is not None:
            atomic.__exit__(None, None, None)

    def roll_back(self, error: BaseException) -> None:
        """Take back what is open."""
        atomic, self._atomic = self._atomic, None
        if atomic is not None:
            atomic.__exit__(type(error), error, error.__traceback__)
