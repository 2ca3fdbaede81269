"""Second connections beside the one that migrates: for the heartbeat, the probe and the progress."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.backends.base.base import BaseDatabaseWrapper


@contextmanager
def side_connection(connection: BaseDatabaseWrapper, purpose: str) -> Iterator[BaseDatabaseWrapper]:
    """A connection of its own to the same database, for the thread that opens it; closed at the end."""
    side = connection.copy()
    try:
        with side.cursor() as cursor:
            cursor.execute("SELECT set_config('application_name', %s, false)", [f"livemigrations {purpose}"])
        yield side
    finally:
        side.close()


def sqlstate(error: BaseException) -> str:
    """The SQLSTATE behind Django's or psycopg's exception; empty if there is none."""
    cause = error.__cause__ or error
    return str(getattr(cause, "sqlstate", None) or getattr(error, "sqlstate", None) or "")
