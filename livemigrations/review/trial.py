"""Planned steps tried on a scratch copy of the schema: what the server itself would refuse, with a remedy.

Only their SQL is run, and only where it changes the schema. Python, backfills and statements about rows are left out,
so an object that one of those would have made may be missing: such an error says nothing and is ignored.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.bookkeeping import ensure_bookkeeping
from livemigrations.catalog import kept
from livemigrations.engine.connections import sqlstate
from livemigrations.engine.lanes.online import settle
from livemigrations.engine.obstacles import in_words, obstacles, publications
from livemigrations.engine.rehearsal import Rehearsal
from livemigrations.engine.reporter import Silent
from livemigrations.engine.runner import remedy_of
from livemigrations.engine.steps import Lane, Step
from livemigrations.errors import LiveMigrationError
from livemigrations.pgtools.copies import schema_copy

_UNDEFINED = ("42P01", "42703", "42704", "42883", "3F000")
_ROWS = ("22", "23", "53", "57", "58", "08")
_MOST = 20


def try_out(connection: BaseDatabaseWrapper, steps: Iterable[Step]) -> dict[int, str]:
    """Run the steps on a copy, in order; return why some of them would stop, by their number.

    What stops one is moved out of the way on the copy, as its remedy says, so that the later ones can be tried as well.
    Raises ``LiveMigrationError`` where no copy can be made.
    """
    found: dict[int, str] = {}
    with schema_copy(connection, purpose="plan") as copy:
        ensure_bookkeeping(copy)
        _execute(copy, [f"CREATE SCHEMA IF NOT EXISTS {kept.SCHEMA}"], whole=True)
        trial = _Trial(copy)
        for number, step in enumerate(steps):
            published = in_words(publications(connection, step.sql))
            if problem := "\n".join(text for text in (published, trial.run(step)) if text):
                found[number] = problem
    return found


class _Trial:
    """The copy, and whether something was left out that a later step may need."""

    def __init__(self, copy: BaseDatabaseWrapper) -> None:
        self.session = Rehearsal(copy, Silent())
        self.copy, self.incomplete = copy, False

    def run(self, step: Step) -> str:
        """Run a step; return why it would stop, empty if it would not."""
        if step.work is not None or step.fill is not None or step.transfer is not None or step.lane == Lane.BATCH:
            self.incomplete = self.incomplete or step.transfer is None
            return ""
        said: list[str] = []
        for _ in range(_MOST):
            error = self._error(step)
            if error is None:
                return "\n".join(said)
            cause = error if isinstance(error, DatabaseError) else error.__cause__
            state = sqlstate(cause) if isinstance(cause, DatabaseError) else ""
            if state.startswith(_ROWS) or (state in _UNDEFINED and self.incomplete):
                break
            found = obstacles(self.copy, step.sql)
            if not found or not self._clear([one.clearing for one in found]):
                remedy = f" Remedy: {remedy_of(state)}." if state else ""
                said.append(f"{str(error).strip()}{remedy}")
                break
            said.append(in_words(found))
        self.incomplete = True
        return "\n".join(said)

    def _error(self, step: Step) -> Exception | None:
        try:
            if step.index is not None and not step.index.drop and settle(self.session, step.index):
                return None
            statements = [sql for sql in step.sql if not sql.startswith("ALTER PUBLICATION")]  # a copy has none
            _execute(self.copy, statements, whole=step.transactional)
        except (DatabaseError, LiveMigrationError, AssertionError) as error:
            return error
        return None

    def _clear(self, statements: list[str]) -> bool:
        try:
            _execute(self.copy, statements, whole=True)
        except DatabaseError:
            return False
        return True


def _execute(copy: BaseDatabaseWrapper, statements: Iterable[str], *, whole: bool) -> None:
    if whole:
        with transaction.atomic(using=copy.alias), copy.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        return
    for statement in statements:
        with copy.cursor() as cursor:
            cursor.execute(statement)
