"""Who is in a database: the sessions that a restore would cut off."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch

# Everybody whom a rename of the database waits for, background workers of extensions and of replication too. Only an
# autovacuum worker has no user: the server ends it by itself.
_SESSIONS = """
SELECT a.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''), coalesce(host(a.client_addr), ''),
       coalesce(a.state, ''), coalesce(to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS'), '')
FROM pg_stat_activity a
WHERE a.datname = %s AND a.pid <> pg_backend_pid() AND a.usesysid IS NOT NULL
ORDER BY a.backend_start, a.pid
"""
_PREPARED = "SELECT gid, owner FROM pg_prepared_xacts WHERE database = %s ORDER BY prepared, gid"


@dataclass(frozen=True, slots=True)
class Occupant:
    """A session in a database, or (``pid`` 0) a transaction that was prepared there and is still open."""

    pid: int
    user: str
    application: str
    address: str = ""
    state: str = ""
    since: str = ""

    def __str__(self) -> str:
        if not self.pid:
            return f"prepared transaction {self.application} of {self.user}: COMMIT PREPARED or ROLLBACK PREPARED it"
        application = self.application or "(no application name)"
        where = f" from {self.address}" if self.address else ""
        since = f", since {self.since}" if self.since else ""  # hidden, as the state, from a role with few rights
        return f"pid {self.pid}: user {self.user}, {application}{where}, {self.state or 'state unknown'}{since}"


def occupants(base: BaseDatabaseWrapper, database: str) -> list[Occupant]:
    """Who is in ``database``, seen from a connection to another one of the server."""
    sessions = [Occupant(*row) for row in fetch(base, _SESSIONS, [database])]
    return sessions + [Occupant(0, owner, gid) for gid, owner in fetch(base, _PREPARED, [database])]
