"""Databases in a state that many tests start from: made once for each server, and copied for each test.

All workers share them. Nobody can connect to a template, because PostgreSQL refuses to copy a database in use.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable

from psycopg import sql

from tests.support import legacy
from tests.support.database import Database
from tests.support.postgres import PgServer

Make = Callable[[Database], object]


def template(server: PgServer, name: str, make: Make) -> str:
    """Return the name of the server's template ``name``. The first worker that asks has ``make`` fill it."""
    final, unfinished = f"template_{name}", f"template_{name}_unfinished"
    with (server.home / "templates.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _exists(server, final):
            server.drop_database(unfinished)
            server.create_database(unfinished)
            make(Database(server, unfinished))
            with server.connect() as connection:
                names = sql.Identifier(unfinished), sql.Identifier(final)
                connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*names))
                connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(names[1]))
    return final


def fill(database: Database, name: str, make: Make) -> None:
    """Replace a test's database by a copy of a template."""
    source = template(database.server, name, make)
    database.server.drop_database(database.name)
    database.server.create_database(database.name, source)


def legacy_schema(server: PgServer) -> str:
    """The template of an installation from before Sprint 1, large enough that its tables count as populated."""
    return template(server, "legacy", legacy.load)


def migrated(server: PgServer) -> str:
    """The template of an empty database after ``migrate``."""
    return template(server, "migrated", lambda made: made.manage("migrate", "--no-input", "-v0"))


def demo(server: PgServer) -> str:
    """The template of a migrated database with the demo rows of ``manage.py up``."""
    return template(server, "demo", lambda made: made.manage("up", "--no-serve"))


def _exists(server: PgServer, name: str) -> bool:
    with server.connect() as connection:
        return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None
