"""Progress of a long statement, read by a second session from pg_stat_progress_create_index."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch
from livemigrations.engine.connections import side_connection
from livemigrations.engine.session import Session

_QUERY = """
SELECT phase, CASE WHEN blocks_total > 0 THEN blocks_done::float8 / blocks_total
                   WHEN tuples_total > 0 THEN tuples_done::float8 / tuples_total END,
       coalesce(current_locker_pid, 0)
FROM pg_stat_progress_create_index WHERE pid = %s
"""
_FIRST_AFTER_S, _EVERY_S = 1.0, 0.5


@contextmanager
def progress_of(session: Session, label: str) -> Iterator[None]:
    """Report the progress of what the session's connection runs inside the block, from its second second on."""
    pid = int(fetch(session.connection, "SELECT pg_backend_pid()")[0][0])
    done = threading.Event()
    thread = threading.Thread(
        target=_watch, args=(session, label, pid, done), name="livemigrations-progress", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(timeout=5)


def _watch(session: Session, label: str, pid: int, done: threading.Event) -> None:
    if done.wait(_FIRST_AFTER_S):
        return
    started = time.monotonic() - _FIRST_AFTER_S
    with suppress(Error), side_connection(session.connection, "progress") as side:
        while not done.is_set():
            text, fraction = _look(side, pid)
            elapsed = time.monotonic() - started
            session.reporter.progress(f"{label}: {text}{_eta(fraction, elapsed)}", fraction)
            done.wait(_EVERY_S)


def _look(side: BaseDatabaseWrapper, pid: int) -> tuple[str, float | None]:
    rows = fetch(side, _QUERY, [pid])
    if not rows:
        return "running", None
    phase, fraction, locker = rows[0]
    return phase + (f" (waits for pid {locker})" if locker else ""), fraction


def _eta(fraction: float | None, elapsed: float) -> str:
    if not fraction or fraction < 0.02:
        return f", {elapsed:,.0f} s"
    return f", {elapsed:,.0f} s, about {elapsed / fraction - elapsed:,.0f} s left in this phase"
