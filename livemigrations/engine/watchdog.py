"""Cancels a statement of this run that waits for a strong lock on a table for too long.

While such a request waits, everybody who comes after it waits too. Where the engine knows which tables a step locks, it
asks for them with a lock timeout. Python code, DO blocks and commands such as REINDEX may lock any table, and a lock
timeout would cut off their waits for rows as well; so a second session looks on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import DatabaseError, Error
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations import conf
from livemigrations.engine.connections import side_connection
from livemigrations.engine.steps import Mode

_POLL_S = 0.01
_MODES = {
    "ShareLock": Mode.SHARE_ROW_EXCLUSIVE,
    "ShareRowExclusiveLock": Mode.SHARE_ROW_EXCLUSIVE,
    "ExclusiveLock": Mode.EXCLUSIVE,
    "AccessExclusiveLock": Mode.ACCESS_EXCLUSIVE,
}
# Tables that the watched transaction made itself are nobody else's.
_LOCKS = """
SELECT l.granted, c.oid::bigint, c.oid::regclass::text, l.mode,
       coalesce(extract(epoch FROM clock_timestamp() - l.waitstart) * 1000, 0)::float8
FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
WHERE l.pid = %s AND l.locktype = 'relation' AND l.mode = ANY (%s) AND c.relkind IN ('r', 'p', 'm', 'v')
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class Watchdog:
    """Watches one server process during one attempt of a step.

    ``fired`` says whether a statement was cancelled, ``locks`` has the tables whose strong locks were seen (quoted name →
    mode). ``longest_ms`` is the longest time, in milliseconds, that such a lock was waited for or held, None if none was
    seen.
    """

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self.fired = False
        self.locks: dict[str, Mode] = {}
        self.longest_ms: float | None = None
        self._since: dict[int, float] = {}
        self._pid = 0
        self._stop = threading.Event()
        self._ready = threading.Event()

    @contextmanager
    def watch(self) -> Iterator[Watchdog]:
        """Watch the connection's server process inside the block."""
        with self._connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            self._pid = cursor.fetchone()[0]
        self.fired = False
        self._stop.clear()
        self._ready.clear()
        thread = threading.Thread(target=self._run, name="livemigrations-watchdog", daemon=True)
        thread.start()
        self._ready.wait(timeout=2)
        try:
            yield self
        finally:
            self._stop.set()
            thread.join(timeout=5)

    def _run(self) -> None:
        with suppress(Error), side_connection(self._connection, "watchdog") as side:
            self._ready.set()
            while not self._stop.wait(_POLL_S):
                self._look(side)
            self._look(side, last=True)

    def _look(self, side: BaseDatabaseWrapper, *, last: bool = False) -> None:
        with side.cursor() as cursor:
            cursor.execute(_LOCKS, [self._pid, list(_MODES)])
            rows: list[Any] = cursor.fetchall()
        now, held = time.monotonic(), set[int]()
        for granted, oid, name, mode, waited_ms in rows:
            self.locks[name] = max(_MODES[mode], self.locks.get(name, _MODES[mode]), key=lambda one: one.strength)
            if granted:
                held.add(oid)
                self._seen((now - self._since.setdefault(oid, now)) * 1000)
                continue
            self._seen(waited_ms)
            if waited_ms > conf.lock_budget_ms() and not last:
                self.fired = True
                with suppress(DatabaseError), side.cursor() as cursor:
                    cursor.execute("SELECT pg_cancel_backend(%s)", [self._pid])
        self._since = {oid: since for oid, since in self._since.items() if oid in held}

    def _seen(self, milliseconds: float) -> None:
        self.longest_ms = max(self.longest_ms or 0.0, milliseconds)
