"""The events of a run in Python's ``logging``: logger ``livemigrations``, with the facts of each event in ``extra``.

Every record has ``event`` and ``database``. A library configures no logging: without a handler nothing is written.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from livemigrations import signals
from livemigrations.errors import MigrationRefused

logger = logging.getLogger("livemigrations")
logger.addHandler(logging.NullHandler())


def log(level: int, event: str, text: str, /, *, database: str, **facts: Any) -> None:
    """Write one record; ``facts`` become attributes of it."""
    logger.log(level, text, extra={"event": event, "database": database, **facts})


def run_started(database: str, command: str, migrations: int) -> None:
    """A run took the lease and begins with its first migration."""
    text = f"Run started: {command} ({migrations} migration{'s' * (migrations != 1)})"
    log(logging.INFO, "run_started", text, database=database, command=command, migrations=migrations)


def waiting(database: str, what: str, sessions: Iterable[object]) -> None:
    """A step waits for other sessions before it asks for its lock."""
    blockers = [str(session) for session in sessions]
    text = f"Waiting, {what}: {'; '.join(blockers)}"
    log(logging.WARNING, "waiting", text, database=database, reason=what, blockers=blockers)


def _step_started(sender: object, using: str, migration: str, step: Any, **_: object) -> None:
    text = f"Step started: {migration}: {step.label}"
    facts = {"migration": migration, "step": step.label, "lane": step.lane.value, "locks": _locks(step)}
    log(logging.DEBUG, "step_started", text, database=using, **facts)


def _step_finished(sender: object, using: str, migration: str, step: Any, report: Any, **_: object) -> None:
    facts = {
        "migration": migration, "step": step.label, "lane": report.lane, "locks": _locks(step), "rows": report.rows,
        "duration_ms": report.duration_ms, "lock_wait_ms": report.lock_wait_ms, "stall_ms": report.stall_ms,
        "attempts": report.attempts,
    }  # fmt: skip
    took = "" if report.duration_ms is None else f" ({report.duration_ms:,.0f} ms)"
    text = f"Step finished: {migration}: {step.label}{took}"
    log(logging.INFO, "step_finished", text, database=using, **facts)


def _run_finished(sender: object, using: str, report: Any, **_: object) -> None:
    facts = {
        "applied": report.applied, "unapplied": report.unapplied, "duration_s": report.duration_s,
        "longest_stall_ms": report.longest_stall_ms, "lock_wait_ms": report.lock_wait_ms,
    }  # fmt: skip
    text = f"Run finished: {len(report.applied)} applied, {len(report.unapplied)} taken back"
    log(logging.INFO, "run_finished", text, database=using, **facts)


def _run_failed(sender: object, using: str, error: BaseException, **_: object) -> None:
    refused = isinstance(error, MigrationRefused)
    event, word = ("refused", "Refused") if refused else ("run_failed", "Run failed")
    facts = {"error": str(error), "error_type": type(error).__name__}
    log(logging.ERROR, event, f"{word}: {error}", database=using, **facts)


def _locks(step: Any) -> dict[str, str]:
    return {table: mode.value for table, mode in step.locks.items()}


def connect() -> None:
    """Have the signals of runs written to the log. Called when Django starts; a second call changes nothing."""
    signals.step_started.connect(_step_started, dispatch_uid="livemigrations.logs.step_started")
    signals.step_finished.connect(_step_finished, dispatch_uid="livemigrations.logs.step_finished")
    signals.run_finished.connect(_run_finished, dispatch_uid="livemigrations.logs.run_finished")
    signals.run_failed.connect(_run_failed, dispatch_uid="livemigrations.logs.run_failed")
