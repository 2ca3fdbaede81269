"""The lease: one run at a time for a database, or for a tenant's schema in it, kept by a heartbeat, taken over when its holder is dead."""

from __future__ import annotations

import getpass
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.db import Error, IntegrityError
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations import conf
from livemigrations.bookkeeping import has_bookkeeping
from livemigrations.catalog.relations import fetch
from livemigrations.engine.connections import as_before, outlast, remember_search_path, side_connection, sqlstate
from livemigrations.engine.encodings import storable
from livemigrations.engine.failures import explained
from livemigrations.engine.pooler import refuse_pooled
from livemigrations.errors import LeaseLost, LiveMigrationError, RunInProgress
from livemigrations.statements.names import literal

# A holder is alive while the backend of its heartbeat exists and the heartbeat is fresh. When the backend started is
# hidden from a role that is not the session's own (SET ROLE): then its process id has to do. A backup that was taken in
# the middle of a run holds its lease: the run is at work on the database that it came from, and not on the copy.
_ALIVE = """livemigrations_lease.token IS NOT NULL
    AND livemigrations_lease.heartbeat_at > clock_timestamp() - make_interval(secs => %(ttl)s)
    AND EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.pid = livemigrations_lease.backend_pid
        AND a.datname = current_database() AND coalesce(a.backend_start = livemigrations_lease.backend_start, TRUE))"""

_TAKE = f"""
INSERT INTO livemigrations_lease (id, token, holder, backend_pid, backend_start, acquired_at, heartbeat_at)
SELECT 1, %(token)s, %(holder)s, a.pid, a.backend_start, clock_timestamp(), clock_timestamp()
FROM pg_stat_activity a WHERE a.pid = pg_backend_pid()
ON CONFLICT (id) DO UPDATE SET token = excluded.token, holder = excluded.holder, backend_pid = excluded.backend_pid,
    backend_start = excluded.backend_start, acquired_at = excluded.acquired_at, heartbeat_at = excluded.heartbeat_at, doing = ''
WHERE NOT ({_ALIVE})
"""


def this_process() -> str:
    """Who holds the lease, for messages: user@host, process id."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}, process {os.getpid()}"


def current_holder(connection: BaseDatabaseWrapper) -> str:
    """Who is migrating this database right now; empty if nobody is."""
    if not has_bookkeeping(connection):
        return ""
    rows = fetch(
        connection,
        "SELECT holder || ', since ' || to_char(acquired_at, 'HH24:MI:SS') || CASE WHEN doing = '' THEN ''"
        f" ELSE ', at ' || doing END FROM livemigrations_lease WHERE {_ALIVE.replace('%(ttl)s', str(conf.lease_ttl_s()))}",
    )
    return str(rows[0][0]) if rows else ""


class Lease:
    """The right to migrate. The heartbeat's own connection proves that the process lives."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        self.token = str(uuid.uuid4())
        self._stop, self._ready = threading.Event(), threading.Event()
        self._lost = self._outlasts = False
        self._failure: BaseException | None = None
        self._holder = ""
        self._thread: threading.Thread | None = None

    def acquire(self, *, wait: bool, tell: Callable[[str], None]) -> None:
        """Take the lease, waiting for another run only if ``wait``. Raises ``RunInProgress``, ``PoolerInTheWay``."""
        refuse_pooled(self.connection)
        remember_search_path(self.connection)
        self._thread = threading.Thread(target=self._beat, args=(wait, tell), name="livemigrations-lease", daemon=True)
        self._thread.start()
        while not self._ready.wait(0.5):
            if not self._thread.is_alive():
                break
        if isinstance(self._failure, LiveMigrationError):
            raise self._failure
        if self._failure is not None:
            if (better := explained(self._failure, begun=False)) is not None:
                raise better from self._failure
            raise LiveMigrationError(f"The lease could not be taken: {self._failure}") from self._failure
        outlast(self.connection)
        self._outlasts = True

    def release(self) -> None:
        """Give the lease back; harmless if it was never held."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
        if self._outlasts:
            as_before(self.connection)
            self._outlasts = False

    def guard(self) -> str:
        """The query that a step begins with: one row while the lease is ours, and no takeover before it ends."""
        return f"SELECT count(*) FROM (SELECT 1 FROM livemigrations_lease WHERE token = {literal(self.token)} FOR KEY SHARE) l"

    def hold(self, cursor: Any) -> None:
        """Raise ``LeaseLost`` unless the lease is ours; nobody takes it over before the cursor's transaction ends."""
        cursor.execute(self.guard())
        if cursor.fetchone()[0] != 1:
            raise LeaseLost

    def check(self) -> None:
        """Raise ``LeaseLost`` if the heartbeat found another holder."""
        if self._lost:
            raise LeaseLost

    def _beat(self, wait: bool, tell: Callable[[str], None]) -> None:
        try:
            with side_connection(self.connection, "lease") as side:
                self._take(side, wait, tell)
                self._ready.set()
                self._keep(side)
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._failure = error
            self._ready.set()

    def _take(self, side: BaseDatabaseWrapper, wait: bool, tell: Callable[[str], None]) -> None:
        give_up = time.monotonic() + conf.wait_timeout_s()
        told = False
        while not self._stop.is_set():
            if self._try(side):
                return
            holder = current_holder(side)
            if holder and not wait:
                raise RunInProgress(
                    f"Another migrate is running on this database: {holder}. Nothing was done."
                    " Remedy: wait for it, or run migrate --wait, which goes on when it has ended."
                )
            if holder and time.monotonic() > give_up:
                raise RunInProgress(
                    f"Another migrate is still running after {conf.wait_timeout_s():g} s: {holder}. Nothing was done."
                )
            if holder and not told:
                tell(holder)
                told = True
            self._stop.wait(0.2)

    def _try(self, side: BaseDatabaseWrapper) -> bool:
        parameters: dict[str, str | float] = {
            "token": self.token,
            "holder": storable(side, this_process()),
            "ttl": conf.lease_ttl_s(),
        }
        try:
            with side.cursor() as cursor:
                cursor.execute(_TAKE, parameters)
                return bool(cursor.rowcount == 1)
        except IntegrityError as error:
            if sqlstate(error) != "23505":  # another run took it in the same moment
                raise
            return False

    def _keep(self, side: BaseDatabaseWrapper) -> None:
        pause = conf.lease_ttl_s() / 5
        while not self._stop.wait(pause):
            pause = conf.lease_ttl_s() / 5
            try:
                if not self._touch(side):
                    self._lost = True
                    return
            except Error:
                side.close()
                pause = 0.2
        with suppress(Error), side.cursor() as cursor:
            cursor.execute("UPDATE livemigrations_lease SET token = NULL, doing = '' WHERE token = %s", [self.token])

    def _touch(self, side: BaseDatabaseWrapper) -> bool:
        with side.cursor() as cursor:
            cursor.execute(
                "UPDATE livemigrations_lease l SET heartbeat_at = clock_timestamp(), backend_pid = a.pid,"
                " backend_start = a.backend_start FROM pg_stat_activity a"
                " WHERE a.pid = pg_backend_pid() AND l.token = %s",
                [self.token],
            )
            return bool(cursor.rowcount == 1)
