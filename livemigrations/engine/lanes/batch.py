"""The batch lane: statements that touch rows, and operations that are Python."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.db import DatabaseError, transaction

from livemigrations import conf
from livemigrations.engine.connections import sqlstate
from livemigrations.engine.journal import Measures, Row
from livemigrations.engine.lanes.instant import open_transaction, roll_back
from livemigrations.engine.locks import RETRIED, Admission
from livemigrations.engine.session import Session


def run_rows(session: Session, row: Row) -> Measures:
    """Run statements on rows with their journal row in one transaction; waiting for a row is bounded."""

    def attempt() -> int | None:
        rows = 0
        with session.connection.cursor() as cursor:
            try:
                open_transaction(cursor, session, conf.data_lock_timeout_ms())
                cursor.execute(session.journal.done_sql(row))  # first: what comes may change role and search path
                for statement in row.definition.sql:
                    cursor.execute(statement)
                    rows += max(cursor.rowcount, 0)
                cursor.execute("COMMIT")
            except BaseException:
                roll_back(cursor)
                raise
        return rows

    return _measured(session, attempt)


def begin(session: Session, row: Row) -> None:
    """Record, while the lease is ours, that a step which no transaction can hold is about to run."""
    with transaction.atomic(using=session.connection.alias), session.connection.cursor() as cursor:
        session.lease.hold(cursor)
        session.journal.started(row)


def run_python(session: Session, row: Row, work: Callable[[], None]) -> Measures:
    """Run a Python operation: in one transaction with its journal row, or, if it wants none, between two rows."""
    if not row.definition.transactional:
        begin(session, row)
        started = time.monotonic()
        work()
        with session.connection.cursor() as cursor:
            cursor.execute(session.journal.done_sql(row))
        return Measures(duration_ms=(time.monotonic() - started) * 1000)

    def attempt() -> int | None:
        with transaction.atomic(using=session.connection.alias), session.connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{conf.data_lock_timeout_ms()}ms'")
            session.lease.hold(cursor)
            work()
            cursor.execute(session.journal.done_sql(row))
        return None

    return _measured(session, attempt)


def _measured(session: Session, attempt: Callable[[], int | None]) -> Measures:
    started = time.monotonic()
    tried: list[float] = []

    def timed() -> int | None:
        tried.append(time.monotonic())
        return attempt()

    rows = repeated(session, timed)
    return Measures((tried[-1] - started) * 1000, (time.monotonic() - tried[-1]) * 1000, 0.0, rows, len(tried))


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
