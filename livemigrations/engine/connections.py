"""Second connections beside the one that migrates: for the heartbeat, the probe and the progress."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.connection import ConnectionProxy

_ENDS_SESSIONS = ("idle_session_timeout", "transaction_timeout")  # whatever they do


def outlast(connection: BaseDatabaseWrapper) -> None:
    """Have the server end neither the session for its idleness nor its transactions for their length (PostgreSQL 17)."""
    with connection.cursor() as cursor:
        query = "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = ANY (%s)"
        cursor.execute(query, [list(_ENDS_SESSIONS)])


def as_before(connection: BaseDatabaseWrapper) -> None:
    """Give the session its timeouts back, if there still is one."""
    if connection.connection is None or connection.in_atomic_block or not connection.is_usable():
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_settings WHERE name = ANY (%s)", [list(_ENDS_SESSIONS)])
        for (name,) in cursor.fetchall():
            cursor.execute(f"RESET {name}")


_search_paths: WeakKeyDictionary[BaseDatabaseWrapper, str] = WeakKeyDictionary()


def remember_search_path(connection: BaseDatabaseWrapper) -> None:
    """Have the side connections of this connection use its present search path, which a SET may have changed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('search_path')")
        _search_paths[_itself(connection)] = cursor.fetchone()[0]


def _itself(connection: BaseDatabaseWrapper) -> BaseDatabaseWrapper:
    """The connection behind ``django.db.connection``, which has no hash."""
    return connections[connection.alias] if isinstance(connection, ConnectionProxy) else connection


def like[W: BaseDatabaseWrapper](connection: BaseDatabaseWrapper, made: W) -> W:
    """``made``, a copy of the connection or one to the same database, in the schema of the same tenant.

    django-tenants keeps the tenant on the connection object, and a copy of that begins at the public schema.
    """
    if (tenant := getattr(connection, "tenant", None)) is not None and hasattr(made, "set_tenant"):
        made.set_tenant(tenant, getattr(connection, "include_public_schema", True))
    return made


@contextmanager
def side_connection(connection: BaseDatabaseWrapper, purpose: str) -> Iterator[BaseDatabaseWrapper]:
    """A connection of its own to the same database, for the thread that opens it; closed at the end."""
    side = like(connection, connection.copy())
    try:
        with side.cursor() as cursor:
            cursor.execute("SELECT set_config('application_name', %s, false)", [f"livemigrations {purpose}"])
            if path := _search_paths.get(_itself(connection)):
                cursor.execute("SELECT set_config('search_path', %s, false)", [path])
        outlast(side)
        yield side
    finally:
        side.close()


def sqlstate(error: BaseException) -> str:
    """The SQLSTATE behind Django's or psycopg's exception; empty if there is none."""
    cause = error.__cause__ or error
    return str(getattr(cause, "sqlstate", None) or getattr(error, "sqlstate", None) or "")
