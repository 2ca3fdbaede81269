"""The instant lane: catalog changes under a strong lock that is asked for briefly and held for milliseconds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from django.db import DatabaseError

from livemigrations import conf
from livemigrations.engine.connections import sqlstate
from livemigrations.engine.guard import REWRITTEN, files_sql, guard_sql, refuse_rewritten, refuse_slow
from livemigrations.engine.journal import Measures, Row
from livemigrations.engine.locks import RETRIED, Admission, lock_statements, lockable
from livemigrations.engine.session import Session
from livemigrations.engine.steps import Mode, Step

_GENTLE_TIMEOUT_MS = 1500
_CANCELED = "57014"


def run_instant(
    session: Session, step: Step, rows: Sequence[Row], *, within_s: float | None = None, limit_ms: int | None = None
) -> Measures:
    """Run a step's statements and its journal rows in one transaction.

    Everything that needs no contested lock is sent first; then the locks, the statements that need them and COMMIT
    go to the server in one message, so that the time under lock does not depend on this process. ``within_s`` is
    another deadline for the locks than that of the settings, in seconds, ``limit_ms`` another limit for each statement.

    Raises ``LockDeadlineExceeded``, and ``MigrationRefused`` if the work under the lock takes longer than expected.
    """
    tell = session.reporter.waiting
    admission = Admission(
        session.connection, step.locks, lambda found: tell("before asking for a lock", found), within_s=within_s
    )
    locks = lockable(session.connection, step.locks)
    limit_ms = conf.locked_timeout_ms() if limit_ms is None else min(limit_ms, conf.locked_timeout_ms())
    guarded_ms = limit_ms if _guarded(session, step) else None
    while True:
        admission.wait_for_opening()
        waited = (time.monotonic() - admission.started) * 1000
        asked = time.monotonic()
        try:
            with session.probe.watch(step.hot) as probe:
                wait_ms, held_ms, touched = _attempt(
                    session, step, rows, locks, gentle=admission.behind_autovacuum, guarded_ms=guarded_ms
                )
            return Measures(waited + wait_ms, held_ms, probe.longest_ms, touched, admission.attempts + 1)
        except DatabaseError as error:
            if sqlstate(error) == REWRITTEN:
                refuse_rewritten(step, error)
            if sqlstate(error) == _CANCELED and guarded_ms is not None:
                refuse_slow(step, error, (time.monotonic() - asked) * 1000, guarded_ms)
            if sqlstate(error) not in RETRIED:
                raise
        admission.back_off()


def _guarded(session: Session, step: Step) -> bool:
    """Whether the time under the lock is limited: tables with rows are locked, and nobody allowed long locks."""
    return bool(step.hot) and not session.around.long_locks_allowed


def _attempt(
    session: Session, step: Step, rows: Sequence[Row], locks: dict[str, Mode], *, gentle: bool, guarded_ms: int | None
) -> tuple[float, float, int | None]:
    """One try. Returns the wait for the locks and the time until COMMIT, in milliseconds, and the rows touched."""
    with session.connection.cursor() as cursor:
        try:
            open_transaction(cursor, session, _budget(locks))
            for statement in [*map(session.journal.done_sql, rows), *step.sql[: step.unlocked]]:
                cursor.execute(statement)
            if gentle:
                _make_autovacuum_leave(cursor, locks)
            cursor.execute(_script(step, locks, guarded_ms))
            times, touched = _answers(cursor)
        except BaseException:
            roll_back(cursor)
            raise
    return (times[1] - times[0]) * 1000, (times[2] - times[1]) * 1000, touched


def _budget(locks: dict[str, Mode]) -> int:
    """The lock timeout of each request, so that all of them together keep to the budget."""
    return max(5, conf.lock_budget_ms() // max(1, len(locks)))


def open_transaction(cursor: Any, session: Session, lock_timeout_ms: int) -> None:
    """Begin, under the lease. The commit need not wait for the disk: step and journal row are lost together or kept."""
    cursor.execute(
        f"BEGIN; SET LOCAL lock_timeout = '{lock_timeout_ms}ms'; SET LOCAL statement_timeout = 0;"
        " SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL synchronous_commit = off"
    )
    session.lease.hold(cursor)


def _make_autovacuum_leave(cursor: Any, locks: dict[str, Mode]) -> None:
    """Ask for a lock that conflicts with vacuum but with no traffic: after a second the server cancels the vacuum."""
    cursor.execute(f"SET LOCAL lock_timeout = '{_GENTLE_TIMEOUT_MS}ms'")
    for statement in lock_statements(dict.fromkeys(locks, Mode.SHARE_UPDATE_EXCLUSIVE)):
        cursor.execute(statement)
    cursor.execute(f"SET LOCAL lock_timeout = '{_budget(locks)}ms'")


_NOW = "SELECT extract(epoch FROM clock_timestamp())::float8 AS livemigrations_clock"


def _script(step: Step, locks: dict[str, Mode], guarded_ms: int | None) -> str:
    asking = [f"SET LOCAL lock_timeout = '{_budget(locks)}ms'", *lock_statements(locks)]  # whatever a statement set
    before, after = [], []
    if guarded_ms is not None:
        before = [f"SET LOCAL statement_timeout = '{guarded_ms}ms'", files_sql(step.hot)]
        after = [guard_sql()]
    return ";\n".join([_NOW, *asking, _NOW, *before, *step.sql[step.unlocked :], *after, _NOW, "COMMIT"])


def _answers(cursor: Any) -> tuple[list[float], int | None]:
    """The three clock readings, and the rows that data statements touched."""
    times: list[float] = []
    rows: int | None = None
    while True:
        if cursor.description and cursor.description[0][0] == "livemigrations_clock":
            times.append(cursor.fetchone()[0])
        elif (cursor.cursor.statusmessage or "").split(" ")[0] in ("INSERT", "UPDATE", "DELETE"):
            rows = (rows or 0) + cursor.rowcount
        if not cursor.cursor.nextset():
            return times, rows


def roll_back(cursor: Any) -> None:
    """End a transaction that failed; a connection that does not even answer to that is closed."""
    try:
        cursor.execute("ROLLBACK")
    except DatabaseError:
        cursor.db.close()
