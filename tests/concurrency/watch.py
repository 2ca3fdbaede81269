"""What a second session sees: locks held and waited for, and holders that a test sets up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

from tests.support.database import Database

STRENGTH = (
    "AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock",
    "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock",
)  # fmt: skip
_LOCKS = """
SELECT l.relation::regclass::text, l.mode, l.granted,
    coalesce(extract(epoch FROM clock_timestamp() - l.waitstart), 0)::float8
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'relation' AND a.datname = current_database() AND a.pid <> pg_backend_pid()
  AND a.application_name NOT LIKE 'test %%' AND l.relation::regclass::text = ANY (%s)
"""


@dataclass
class Seen:
    """The locks of everybody but the test's own sessions.

    The server says how long a request has waited, because this process may be too busy to look at the right moment.
    """

    modes: dict[str, set[str]] = field(default_factory=dict)
    longest_wait_s: float = 0.0
    samples: int = 0

    def strongest(self, table: str) -> str:
        """The strongest mode that was held or asked for on a table; empty if none was seen."""
        return max(self.modes.get(table, {""}), key=lambda mode: STRENGTH.index(mode) if mode else -1)


@contextmanager
def locks(database: Database, *tables: str, waited_for: str = "AccessExclusiveLock") -> Iterator[Seen]:
    """Sample ``pg_locks`` inside the block; ``longest_wait_s`` is that of an ungranted request for ``waited_for``."""
    seen, done = Seen(), threading.Event()

    def look() -> None:
        with database.connect(application_name="test watch") as connection:
            while not done.is_set():
                for table, mode, granted, waited_s in connection.execute(_LOCKS, [list(tables)]):
                    seen.modes.setdefault(table, set()).add(mode)
                    if mode == waited_for and not granted:
                        seen.longest_wait_s = max(seen.longest_wait_s, waited_s)
                seen.samples += 1
                time.sleep(0.001)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


@contextmanager
def holding(database: Database, *statements: str, name: str = "test holder") -> Iterator[psycopg.Connection[Any]]:
    """An open transaction that has run the statements; it ends with the block."""
    with database.connect(autocommit=False, application_name=name) as connection:
        for statement in statements:
            connection.execute(statement)
        yield connection
        if not connection.closed:
            connection.rollback()


def eventually(question: Callable[[], Any], *, within_s: float = 120) -> Any:
    """Ask until the answer is true, and return it."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if answer := question():
            return answer
        time.sleep(0.02)
    raise AssertionError(f"it did not become true within {within_s} s")


def active(database: Database, text: str) -> list[int]:
    """The pids of the sessions that are running a statement with this text."""
    with database.connect(application_name="test watch") as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND state = 'active' AND strpos(query, %s) > 0",
            [text],
        )
        return [row[0] for row in rows]
