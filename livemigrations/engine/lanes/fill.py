"""Backfills in the batch lane: batch after batch under the lease, resumed by what is still NULL."""

from __future__ import annotations

import time

from django.db import DatabaseError

from livemigrations import conf
from livemigrations.engine.journal import Measures, Row
from livemigrations.engine.lanes.batch import begin, repeated
from livemigrations.engine.lanes.instant import open_transaction, roll_back
from livemigrations.engine.session import Session
from livemigrations.operations.fills import Work, Writer, carry_out, refuse_hidden


def run_fill(session: Session, row: Row) -> Measures:
    """Write every batch in a transaction of its own, verify that no row was left out, record the step as done."""
    fill = row.definition.fill
    assert fill is not None
    begin(session, row)
    started = time.monotonic()

    def transact[T](work: Work[T]) -> T:
        return repeated(session, lambda: _transaction(session, work))

    def tell(rows: int) -> None:
        session.reporter.progress(f"{row.definition.label}: {rows:,} rows", None)

    with session.probe.watch(row.definition.hot) as probe:
        try:
            done = carry_out(Writer(fill), transact, tell)
        except DatabaseError as error:
            refuse_hidden(session.connection, fill, error)
            raise
    with session.connection.cursor() as cursor:
        cursor.execute(session.journal.done_sql(row))
    took = (time.monotonic() - started) * 1000
    return Measures(0.0, took, probe.longest_ms, done.rows, max(1, done.transactions))


def _transaction[T](session: Session, work: Work[T]) -> T:
    with session.connection.cursor() as cursor:
        try:
            open_transaction(cursor, session, conf.data_lock_timeout_ms())
            answer = work(cursor)
            cursor.execute("COMMIT")
        except BaseException:
            roll_back(cursor)
            raise
    return answer
