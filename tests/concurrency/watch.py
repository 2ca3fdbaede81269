"""Lock waits as PostgreSQL logs them, and holders of locks that a test sets up."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.support.database import Database

_SETTINGS = {"log_lock_waits": "on", "deadlock_timeout": "5ms", "log_min_error_statement": "error"}
_WAIT = re.compile(
    r"(still waiting for|acquired) (\w+) on (relation|tuple|transaction|virtual transaction).* after ([\d.]+) ms"
)
_TIMEOUT = "canceling statement due to lock timeout"


@dataclass(frozen=True)
class Wait:
    """A request for a lock that PostgreSQL logged because it was not granted at once."""

    mode: str
    waited_ms: float


@dataclass(frozen=True)
class Waits:
    """What PostgreSQL logs about the lock waits of one database, from a place in the log on."""

    database: Database
    start: int

    def of(self, mode: str) -> list[Wait]:
        """The waits for locks of this mode."""
        return [wait for wait in self.all() if wait.mode == mode]

    def all(self) -> list[Wait]:
        """The waits for locks on tables that took longer than five milliseconds."""
        found = [_WAIT.search(line) for line in self._lines()]
        return [Wait(one[2], float(one[4])) for one in found if one and one[3] == "relation"]

    def timeouts(self) -> list[str]:
        """The requests that ended because their lock timeout was over."""
        return [line for line in self._lines() if _TIMEOUT in line]

    def _lines(self) -> list[str]:
        with self.database.server.log.open() as log:
            log.seek(self.start)
            return [line for line in log if f"] {self.database.name} " in line]


@contextmanager
def lock_waits(database: Database) -> Iterator[Waits]:
    """Have PostgreSQL log every lock wait of the sessions that connect from now on; nothing can be missed."""
    with database.connect() as connection:
        for name, value in _SETTINGS.items():
            connection.execute(f"ALTER DATABASE \"{database.name}\" SET {name} = '{value}'".encode())
    yield Waits(database, database.server.log.stat().st_size)


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
