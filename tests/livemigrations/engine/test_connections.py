"""Connections of a run: what ends sessions by the clock does not end them, and only as long as the run lasts."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.bookkeeping import ensure_bookkeeping
from livemigrations.catalog.relations import fetch
from livemigrations.engine.connections import side_connection
from livemigrations.engine.lease import Lease
from tests.support.database import Database


def clocks(connection: BaseDatabaseWrapper) -> set[str]:
    """The values of the settings by which the server ends sessions, as far as this version has them."""
    query = "SELECT setting FROM pg_settings WHERE name IN ('idle_session_timeout', 'transaction_timeout')"
    return {row[0] for row in fetch(connection, query)}


def test_a_run_outlasts_the_clocks_of_its_database(connection: BaseDatabaseWrapper, database: Database) -> None:
    names = ["idle_session_timeout", *(["transaction_timeout"] if database.server.version >= 17 else [])]
    for name in names:
        database.psql(f'ALTER DATABASE "{database.name}" SET {name} = 3600000')
    connection.close()
    ensure_bookkeeping(connection)
    assert clocks(connection) == {"3600000"}
    lease = Lease(connection)
    lease.acquire(wait=False, tell=lambda holder: None)
    try:
        assert clocks(connection) == {"0"}
        with side_connection(connection, "test") as side:
            assert clocks(side) == {"0"}
    finally:
        lease.release()
    assert clocks(connection) == {"3600000"}
