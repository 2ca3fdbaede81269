"""The fast path: a database without any table is migrated in one transaction, with plain statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

from django.db import DatabaseError, transaction
from django.db.migrations import Migration
from django.db.migrations.operations import RunSQL, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState

from livemigrations.catalog.relations import database_is_empty
from livemigrations.engine import journal as books
from livemigrations.engine.beyond_django import advance, refused_by_django
from livemigrations.engine.connections import sqlstate
from livemigrations.engine.context import reaches_further
from livemigrations.engine.overrides import operations_of, result_of
from livemigrations.engine.planner import is_collected, is_noop
from livemigrations.engine.runner import remedy_of
from livemigrations.engine.session import Session
from livemigrations.engine.steps import Lane, Step
from livemigrations.errors import StepFailed
from livemigrations.statements.tokens import scripts

_COMMIT_EVERY = 100
_NO_RIGHT = "42501"  # put into words by who knows the connection's role


class Bulk:
    """Applies migrations as Django does, many in one transaction; a crash takes all of them back together.

    ``uncommitted`` has the migrations, as app.name, that a failure would take back now.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.uncommitted: list[str] = []
        self._atomic: transaction.Atomic | None = None
        self._journal: list[str] = []
        self._recorded: list[tuple[str, str]] = []

    @classmethod
    def if_empty(cls, session: Session) -> Bulk | None:
        """The fast path if the database has no table yet, else None."""
        return cls(session) if database_is_empty(session.connection) else None

    def takes(self, migration: Migration) -> bool:
        """Whether the migration can run in a transaction with others. One that cannot goes the ordinary way, between them.

        It may not want one, or change role or search path, which hold for its own statements only.
        """
        leaves = (operation for whole in migration.operations for operation in _leaves(whole))
        alone = not migration.atomic or any(_reaches_further(operation) for operation in leaves)
        if alone:
            self.commit()
        return not alone

    def apply(self, migration: Migration, state: ProjectState) -> ProjectState:
        """Apply one migration, record and journal it. Returns the state after it.

        Python of its own may look at the database through another connection, and SQL of its own may need what is
        committed (a new value of an enumeration): it gets a transaction for itself.
        """
        leaves = (leaf for whole in operations_of(migration) for leaf in _leaves(whole))
        alone = not all(map(_is_plain, leaves))
        if alone:
            self.commit()
        if self._atomic is None:
            self._begin()
        try:
            with self.session.connection.schema_editor(atomic=True) as editor:
                state = _applied(migration, state, editor)
            self.session.connection.check_constraints()
        except DatabaseError as error:
            if sqlstate(error) == _NO_RIGHT:
                raise
            raise self._explained(migration, error) from error
        self._note(migration)
        if alone or len(self._recorded) >= _COMMIT_EVERY:
            self.commit()
        return state

    def _begin(self) -> None:
        self._atomic = transaction.atomic(using=self.session.connection.alias)
        self._atomic.__enter__()
        with self.session.connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
            self.session.lease.hold(cursor)

    def _note(self, migration: Migration) -> None:
        """Keep the rows of the books until the commit. Nothing is ever resumed from them: they carry no source."""
        for index, operation in enumerate(op for whole in operations_of(migration) for op in _leaves(whole)):
            identity = books.Operation(migration.app_label, migration.name, index, "", "")
            step = Step(operation.describe(), Lane.BULK)
            self._journal.append(self.session.journal.insert_sql(identity, books.FORWARD, [step], "done", open_=False))
        self._recorded += [*migration.replaces, (migration.app_label, migration.name)]
        self.uncommitted.append(str(migration))

    def _explained(self, migration: Migration, error: DatabaseError) -> StepFailed:
        """The database's error with the migration that met it, what goes with it, and what to do."""
        state, text = sqlstate(error), str(error).strip()
        number = len(self.uncommitted)
        first = self.uncommitted[0] if number else ""
        lost = f", nor of the {number} before it, from {first} on: they shared its transaction" if number else ""
        return StepFailed(
            f"{migration}\n  {text}\n  SQLSTATE {state or '(connection lost)'}. Remedy: {remedy_of(state)}."
            f" Nothing of this migration was kept{lost}."
        )

    def commit(self) -> None:
        """Write the books and commit what is open."""
        atomic, self._atomic = self._atomic, None
        if atomic is None:
            return
        try:
            with self.session.connection.cursor() as cursor:
                cursor.execute(";\n".join([*self._journal, "SELECT 1"]))
            recorder = MigrationRecorder(self.session.connection)
            rows = [recorder.Migration(app=app, name=name) for app, name in dict.fromkeys(self._recorded)]
            recorder.migration_qs.bulk_create(rows)
        except BaseException as error:
            atomic.__exit__(type(error), error, error.__traceback__)
            raise
        finally:
            self._journal, self._recorded = [], []
        atomic.__exit__(None, None, None)
        self.uncommitted = []

    def roll_back(self, error: BaseException) -> None:
        """Take back what is open; ``uncommitted`` says afterwards what that was."""
        self._journal, self._recorded = [], []
        atomic, self._atomic = self._atomic, None
        if atomic is not None:
            atomic.__exit__(type(error), error, error.__traceback__)


def _applied(migration: Migration, state: ProjectState, editor: Any) -> ProjectState:
    """Apply a migration as ``Migration.apply`` does in a transaction; what Django cannot do is said in words."""
    for operation in operations_of(migration):
        before = state.clone()
        advance(operation, migration.app_label, state)
        says_why = all(is_collected(leaf) for leaf in _leaves(operation))
        with refused_by_django(operation) if says_why else nullcontext():
            operation.database_forwards(migration.app_label, editor, before, state)
        state = result_of(operation, state)
    return state


def _is_plain(operation: Operation) -> bool:
    collected = is_collected(operation) and not isinstance(operation, RunSQL)
    return collected or is_noop(operation, backwards=False)


def _reaches_further(operation: Operation) -> bool:
    return isinstance(operation, RunSQL) and any(map(reaches_further, scripts(operation.sql)))


def _leaves(operation: Operation) -> Iterator[Operation]:
    """The operations that the journal counts: those inside a SeparateDatabaseAndState, one by one."""
    if type(operation) is not SeparateDatabaseAndState or not operation.database_operations:
        yield operation
        return
    for inner in operation.database_operations:
        yield from _leaves(inner)
