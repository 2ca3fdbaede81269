"""Locks of a statement that runs outside of transactions (CREATE INDEX CONCURRENTLY), seen from a second session.

That session holds a weak lock, like a foot in the door, so that the statement has to wait for a moment and can be seen.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.engine.connections import side_connection
from livemigrations.review.trace_samples import Relation, strongest
from livemigrations.statements.names import identifier

_POLL_S = 0.001
_LONGEST_S = 2.0

_LOCKS = """
SELECT l.relation::bigint, l.mode, l.granted FROM pg_locks l WHERE l.pid = %s AND (l.relation IS NULL
    OR l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""


class Doorstop:
    """Holds ROW EXCLUSIVE on every table, as writers do, until the statement waits for it; ``locks`` is what it held.

    What never waits is watched as well, by looking often.
    """

    def __init__(self, connection: BaseDatabaseWrapper, tables: Sequence[Relation]) -> None:
        raw: Any = connection.connection
        self._connection, self._pid = connection, raw.info.backend_pid
        self._tables = ", ".join(identifier(table.schema, table.name) for table in tables)
        self._ready, self._done = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._watch, name="livemigrations-doorstop", daemon=True)
        self.locks: dict[int, str] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(timeout=10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join(timeout=10)

    def _watch(self) -> None:
        try:
            with suppress(Error), side_connection(self._connection, "trace") as side, side.cursor() as cursor:
                if self._tables:
                    cursor.execute("BEGIN")
                    cursor.execute(f"LOCK TABLE {self._tables} IN ROW EXCLUSIVE MODE")
                self._ready.set()
                self._look(cursor)
        finally:
            self._ready.set()

    def _look(self, cursor: Any) -> None:
        held, started = bool(self._tables), time.monotonic()
        seen: list[tuple[int, str]] = []
        while not self._done.is_set():
            cursor.execute(_LOCKS, [self._pid])
            rows = cursor.fetchall()
            seen += [(oid, mode) for oid, mode, _ in rows if oid is not None]
            self.locks = strongest(seen)
            waits = any(not granted for _, _, granted in rows)
            if held and (waits or time.monotonic() - started > _LONGEST_S):
                cursor.execute("ROLLBACK")
                held = False
            time.sleep(_POLL_S)
        if held:
            cursor.execute("ROLLBACK")
