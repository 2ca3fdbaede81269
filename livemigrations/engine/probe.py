"""The stall probe: a second session that asks for what traffic asks for, and keeps the longest answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import DatabaseError, Error
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations import conf
from livemigrations.engine.connections import side_connection


class Probe:
    """Probes the tables of a step while the step holds or waits for a lock; one thread, one connection a run.

    Both are made anew for the next step when the connection was lost.
    """

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self._tables: tuple[str, ...] = ()
        self._longest_ms: float | None = None
        self._pause_s = 0.0
        self._active, self._idle, self._closed = threading.Event(), threading.Event(), threading.Event()
        self._idle.set()
        self._thread: threading.Thread | None = None

    @contextmanager
    def watch(self, tables: tuple[str, ...], *, calm: bool = False) -> Iterator[Probe]:
        """Probe ``tables`` inside the block; ``longest_ms`` is the longest stall seen so far, None if none was probed.

        ``calm`` is for work that takes long and should stop nobody: ten times fewer probes.
        """
        self._longest_ms, self._pause_s = None, conf.probe_interval_ms() / 1000 * (10 if calm else 1)
        if not tables or not conf.probe_interval_ms():
            yield self
            return
        self._tables = tables
        if self._thread is None or not self._thread.is_alive():
            self._idle.clear()
            self._thread = threading.Thread(target=self._run, name="livemigrations-probe", daemon=True)
            self._thread.start()
        self._idle.wait(timeout=2)
        self._idle.clear()
        self._active.set()
        try:
            yield self
        finally:
            self._active.clear()
            if self._thread.is_alive():
                self._idle.wait(timeout=2)

    @property
    def longest_ms(self) -> float | None:
        return self._longest_ms

    def close(self) -> None:
        """End the thread and its connection."""
        self._closed.set()
        self._active.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        with suppress(Error), side_connection(self._connection, "probe") as side:
            while not self._closed.is_set():
                self._idle.set()
                self._active.wait()
                while self._active.is_set() and not self._closed.is_set():
                    for table in self._tables:
                        self._ask(side, table)
                    time.sleep(self._pause_s)
        self._idle.set()

    def _ask(self, side: BaseDatabaseWrapper, table: str) -> None:
        started = time.perf_counter()
        with side.cursor() as cursor:
            try:
                cursor.execute(
                    "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '10s';"
                    f" LOCK TABLE {table} IN ROW EXCLUSIVE MODE; ROLLBACK"
                )
            except DatabaseError:
                cursor.execute("ROLLBACK")
                started = time.perf_counter()
                with suppress(DatabaseError):
                    cursor.execute(f"SELECT 1 FROM {table} LIMIT 1")
        self._longest_ms = max(self._longest_ms or 0.0, (time.perf_counter() - started) * 1000)
