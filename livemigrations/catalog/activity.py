"""Who holds which lock right now, since when, and doing what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch
from livemigrations.statements.names import identifier


@dataclass(frozen=True, slots=True)
class Session:
    """A session that stands in the way. ``age_ms`` is the age of its transaction, None where it may not be seen."""

    pid: int
    role: str
    application: str
    kind: str
    state: str
    table: str
    mode: str
    age_ms: float | None
    query: str
    transaction: str

    @property
    def is_autovacuum(self) -> bool:
        return self.kind == "autovacuum worker"

    def __str__(self) -> str:
        who = f"pid {self.pid}" if self.pid else f"prepared transaction {self.query}"
        age = "of unknown age" if self.age_ms is None else f"open for {self.age_ms / 1000:,.1f} s"
        application = f", {self.application}" if self.application else ""
        query = " ".join(self.query.split())[:120]
        return f"{who} ({self.role or 'system'}{application}, {self.state or self.kind}, {age}, {self.mode} on {self.table}): {query}"


# Each mode of LOCK TABLE that the engine asks for, with those of pg_locks that conflict with it.
CONFLICTS = {
    "ACCESS EXCLUSIVE": (
        "AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock",
        "ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock",
    ),
    "EXCLUSIVE": (
        "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock",
        "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock",
    ),
    "SHARE ROW EXCLUSIVE": (
        "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock",
        "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock",
    ),
    "SHARE UPDATE EXCLUSIVE": (
        "ShareUpdateExclusiveLock", "ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock",
    ),
    "ROW EXCLUSIVE": ("ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"),
    "ACCESS SHARE": ("AccessExclusiveLock",),
}  # fmt: skip

_HOLDERS = """
SELECT coalesce(l.pid, 0), coalesce(a.usename, ''), coalesce(a.application_name, ''), coalesce(a.backend_type, 'prepared'),
       coalesce(a.state, ''), l.relation::regclass::text, l.mode,
       extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, p.prepared)) * 1000,
       coalesce(a.query, p.gid, ''), l.virtualtransaction
FROM pg_locks l
LEFT JOIN pg_stat_activity a ON a.pid = l.pid
LEFT JOIN pg_prepared_xacts p ON l.virtualtransaction = '-1/' || p.transaction::text
JOIN unnest(%s::oid[], %s::text[]) AS wanted(relation, modes) ON wanted.relation = l.relation
WHERE l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND l.pid IS DISTINCT FROM pg_backend_pid() AND l.mode = ANY (string_to_array(wanted.modes, ','))
ORDER BY 8 DESC NULLS LAST
"""


def holders(connection: BaseDatabaseWrapper, wanted: dict[int, str]) -> list[Session]:
    """The sessions that hold, or wait for, a lock that conflicts with a mode wanted, oldest transaction first.

    ``wanted`` maps oids of tables to lock modes: the keys of ``CONFLICTS``. A request that waits counts, as one that
    comes after it waits behind it.
    """
    oids = list(wanted)
    modes = [",".join(CONFLICTS[wanted[oid]]) for oid in oids]
    rows: list[tuple[Any, ...]] = fetch(connection, _HOLDERS, [oids, modes])
    return [_session(row) for row in rows]


def _session(row: tuple[Any, ...]) -> Session:
    pid, role, application, kind, state, table, mode, age, query, transaction = row
    age_ms = None if age is None else float(age)
    return Session(pid, role, application, kind, state, table, mode, age_ms, query, transaction)


_SNAPSHOTS = """
SELECT a.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''), a.backend_type, coalesce(a.state, ''),
       current_database(), 'a snapshot', extract(epoch FROM clock_timestamp() - a.xact_start) * 1000,
       coalesce(a.query, ''), ''
FROM pg_stat_activity a
WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_type = 'client backend'
  AND a.xact_start < clock_timestamp() - make_interval(secs => %s)
  AND (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL OR a.state LIKE 'idle in transaction%%')
ORDER BY a.xact_start
"""


def old_transactions(connection: BaseDatabaseWrapper, older_than_s: float = 1.0) -> list[Session]:
    """The transactions, open for longer than some seconds, that a concurrent index may have to wait for."""
    rows = fetch(connection, _SNAPSHOTS, [older_than_s])
    return [_session(row) for row in rows]


def builder_of(connection: BaseDatabaseWrapper, table_oid: int | None, index: str) -> int | None:
    """The pid of another session that is building an index on the table right now, or waits to build ``index``."""
    rows = fetch(
        connection,
        "SELECT pid FROM pg_stat_progress_create_index WHERE relid = %s AND datname = current_database()"
        " AND pid <> pg_backend_pid() UNION ALL SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND state = 'active' AND strpos(query, %s) > 0 LIMIT 1",
        [table_oid, f"INDEX CONCURRENTLY {identifier(index)} ON "],
    )
    return int(rows[0][0]) if rows else None
