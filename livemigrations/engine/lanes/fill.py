"""Backfills in the batch lane: batch after batch under the lease, resumed by what is still NULL."""

from __future__ import annotations

import time

from livemigrations import conf
from livemigrations.engine.journal import Measures, Row
from livemigrations.engine.lanes.batch import begin, repeated
from livemigrations.engine.lanes.instant import open_transaction, roll_back
from livemigrations.engine.session import Session
from livemigrations.operations.fills import Batch, Fill, Position, write_batch


def run_fill(session: Session, row: Row) -> Measures:
    """Write every batch in a transaction of its own, then record the step as done."""
    fill = row.definition.fill
    assert fill is not None
    begin(session, row)
    started = time.monotonic()
    position: Position = None
    read = total = attempts = 0
    with session.probe.watch(row.definition.hot) as probe:
        while True:
            seen, written, position = repeated(session, lambda at=position: _batch(session, fill, at))  # type: ignore[misc]
            read, total, attempts = read + seen, total + written, attempts + 1
            if position is None:
                break
            session.reporter.progress(f"{row.definition.label}: {read:,} rows", None)
    with session.connection.cursor() as cursor:
        cursor.execute(session.journal.done_sql(row))
    return Measures(0.0, (time.monotonic() - started) * 1000, probe.longest_ms, total, max(1, attempts))


def _batch(session: Session, fill: Fill, position: Position) -> Batch:
    with session.connection.cursor() as cursor:
        try:
            open_transaction(cursor, session, conf.data_lock_timeout_ms())
            answer = write_batch(cursor, fill, position)
            cursor.execute("COMMIT")
        except BaseException:
            roll_back(cursor)
            raise
    return answer
