"""The batch lane: statements on rows and Python code, of which nobody knows how long they take or what they lock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, transaction

from livemigrations import conf
from livemigrations.engine.connections import sqlstate
from livemigrations.engine.guard import REWRITTEN, files_sql, guard_sql, refuse_rewritten
from livemigrations.engine.journal import Measures, Row
from livemigrations.engine.locks import RETRIED, Admission, lock_statements, lockable
from livemigrations.engine.session import Session
from livemigrations.engine.steps import Step
from livemigrations.engine.watchdog import Watchdog

Work = Callable[[], None]


def begin(session: Session, row: Row) -> None:
    """Record, while the lease is ours, that a step which no transaction can hold is about to run."""
    with transaction.atomic(using=session.connection.alias), session.connection.cursor() as cursor:
        session.lease.hold(cursor)
        session.journal.started(row)


def run_together(session: Session, step: Step, parts: Sequence[tuple[Row, Step, Work | None]]) -> Measures:
    """Run statements and Python code in one transaction with their journal rows.

    ``step`` has the locks that are known. Waiting for a row, and for a lock that only the code knows of, is bounded;
    then everything is rolled back and tried again. Raises ``LockDeadlineExceeded``, and ``MigrationRefused`` if a table
    was rewritten.
    """
    guarded = not session.around.long_locks_allowed
    locks = lockable(session.connection, step.locks)

    def attempt() -> int | None:
        touched = 0
        with _transaction(session):
            with session.connection.cursor() as cursor:
                cursor.execute(";\n".join(map(session.journal.done_sql, (row for row, _, _ in parts))))
                if locks:
                    cursor.execute(
                        ";\n".join([f"SET LOCAL lock_timeout = '{conf.lock_budget_ms()}ms'", *lock_statements(locks)])
                    )
                    cursor.execute(f"SET LOCAL lock_timeout = '{conf.data_lock_timeout_ms()}ms'")
                if guarded:
                    cursor.execute(files_sql(None))
            for _, inner, work in parts:
                with session.connection.cursor() as cursor:
                    for statement in inner.sql:
                        cursor.execute(statement)
                        touched += max(cursor.rowcount, 0)
                if work is not None:
                    work()
            if guarded:
                with session.connection.cursor() as cursor:
                    cursor.execute(guard_sql())
        return touched if any(inner.sql for _, inner, _ in parts) else None

    try:
        return _watched(session, step, attempt)
    except DatabaseError as error:
        if sqlstate(error) == REWRITTEN:
            refuse_rewritten(step, error)
        raise


@contextmanager
def _transaction(session: Session) -> Iterator[None]:
    """A transaction under the lease, as Django knows it, so that the code inside may open savepoints."""
    with transaction.atomic(using=session.connection.alias):
        with session.connection.cursor() as cursor:
            cursor.execute(
                f"SET LOCAL lock_timeout = '{conf.data_lock_timeout_ms()}ms'; SET LOCAL statement_timeout = 0;"
                " SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL synchronous_commit = off"
            )
            session.lease.hold(cursor)
        yield


def run_outside(session: Session, row: Row, work: Work) -> Measures:
    """Run Python code that wants no transaction, between the two states of its journal row.

    A statement that waits too long for a strong lock is cancelled and tried again; as it is a transaction of its own,
    nothing of it remains. Inside a transaction that the code opens itself, the error is the code's to see.
    """
    begin(session, row)
    connection = session.connection
    admission = Admission(connection, {}, lambda found: session.reporter.waiting("before asking for a lock", found))
    watchdog = Watchdog(connection)

    def patiently(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        while True:
            watchdog.fired = False
            try:
                return execute(sql, params, many, context)
            except DatabaseError as error:
                again = watchdog.fired or sqlstate(error) in RETRIED
                if not again or connection.in_atomic_block or _commits(sql):
                    raise
            admission.learn(watchdog.locks)
            _look(connection, admission)

    started = time.monotonic()
    with watchdog.watch(), connection.execute_wrapper(patiently):
        work()
    with connection.cursor() as cursor:
        cursor.execute(session.journal.done_sql(row))
    return Measures(0.0, (time.monotonic() - started) * 1000, watchdog.longest_ms, None, admission.attempts + 1)


def _look(connection: Any, admission: Admission) -> None:
    """Wait for the next try without the wrapper around each statement."""
    wrappers, connection.execute_wrappers = connection.execute_wrappers, []
    try:
        admission.back_off()
        admission.wait_for_opening()
    finally:
        connection.execute_wrappers = wrappers


def _commits(sql: Any) -> bool:
    """Whether a statement may have committed a part of its work before it failed."""
    text = str(sql).upper()
    return "CALL" in text or ("DO" in text and "COMMIT" in text)


def _watched(session: Session, step: Step, attempt: Callable[[], int | None]) -> Measures:
    """Try until no lock is in the way. Raises ``LockDeadlineExceeded``."""
    tell = session.reporter.waiting
    admission = Admission(session.connection, step.locks, lambda found: tell("before asking for a lock", found))
    watchdog = Watchdog(session.connection)
    while True:
        admission.wait_for_opening()
        begun = time.monotonic()
        try:
            with session.probe.watch(step.hot) as probe, watchdog.watch():
                rows = attempt()
            waited, duration = (begun - admission.started) * 1000, (time.monotonic() - begun) * 1000
            stalls = [stall for stall in (probe.longest_ms, watchdog.longest_ms) if stall is not None]
            return Measures(waited, duration, max(stalls, default=None), rows, admission.attempts + 1)
        except DatabaseError as error:
            if not watchdog.fired and sqlstate(error) not in RETRIED:
                raise
        admission.learn(watchdog.locks)
        admission.back_off()


def repeated[T](session: Session, attempt: Callable[[], T]) -> T:
    """Try until no lock is in the way. Raises ``LockDeadlineExceeded``."""
    admission = Admission(session.connection, {}, lambda found: None)
    while True:
        try:
            return attempt()
        except DatabaseError as error:
            if sqlstate(error) not in RETRIED:
                raise
            admission.back_off()
