"""Poolers in the way: found by comparing what the client and the server know, and gone around by a direct alias.

A step must keep its session between two transactions (timeouts, concurrent builds, the lease's heartbeat). A pooler in
transaction mode gives every transaction another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from enum import StrEnum

from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations import conf
from livemigrations.catalog.relations import fetch
from livemigrations.engine.connections import like
from livemigrations.errors import PoolerInTheWay

_ROUNDS = 8


class Way(StrEnum):
    """How a connection reaches its server."""

    DIRECT = "direct"
    SESSION = "through a pooler in session mode"
    TRANSACTION = "through a pooler in transaction mode"


def way(connection: BaseDatabaseWrapper) -> Way:
    """How this connection reaches its server: one query, and a second connection only where a pooler is found.

    A pooler cannot hide: it answers the client with a process id of its own, which is not that of the server process.
    Its mode shows when another client is given the same server process, or this one gets another than before.
    """
    connection.ensure_connection()
    assert connection.connection is not None
    if connection.connection.info.backend_pid == _pid(connection):
        return Way.DIRECT
    return Way.TRANSACTION if not connection.in_atomic_block and _is_shared(connection) else Way.SESSION


def _pid(connection: BaseDatabaseWrapper) -> int:
    return int(fetch(connection, "SELECT pg_backend_pid()")[0][0])


def _is_shared(connection: BaseDatabaseWrapper) -> bool:
    """Whether the server process changes hands. The other client holds one while this one asks again.

    With traffic on the pool one round may be in luck, eight are not.
    """
    mine = _pid(connection)
    with closing(like(connection, connection.copy())) as other:
        try:
            for _ in range(_ROUNDS):
                with other.cursor() as cursor:
                    cursor.execute("BEGIN")
                    shared = _pid(other) == mine or _pid(connection) != mine
                    cursor.execute("ROLLBACK")
                if shared:
                    return True
        except DatabaseError as error:
            if "transaction" in str(error):  # statement mode allows none; the pooler's own messages are not localized
                return True
            raise PoolerInTheWay(
                f"The pooler at {_place(connection)} gave no second session: {str(error).strip()}. Nothing was changed."
                " Remedy: a pool_size of at least 5 (the lease, the probe and the progress each have a session), or"
                f" the server itself as an alias of its own. {_how(connection.alias)}"
            ) from error
    return False


def refuse_pooled(connection: BaseDatabaseWrapper) -> None:
    """Raise ``PoolerInTheWay`` if every transaction of this connection may get another session."""
    if way(connection) == Way.TRANSACTION:
        raise PoolerInTheWay(
            f"The database {connection.alias} is reached {Way.TRANSACTION} ({_place(connection)}): every transaction may"
            f" get another session, and this command needs one of its own. Nothing was changed. {_how(connection.alias)}"
        )


@contextmanager
def direct(
    connection: BaseDatabaseWrapper, *, must: bool = True, tell: Callable[[str], None] | None = None
) -> Iterator[BaseDatabaseWrapper]:
    """A connection under the same alias that keeps its session: this one, or that of the direct alias in its place.

    Everything that names the alias inside the block uses it too. Raises ``PoolerInTheWay`` where there is none, if it
    ``must`` be; otherwise the connection is left as it is. ``tell`` is called with a line when another is used.
    """
    other = conf.direct_alias(connection.alias)
    if connection.in_atomic_block:
        yield connection
    elif other is not None and way(connection) == Way.TRANSACTION:
        with _instead(connection, like(connection, _copy_of(connection, other))) as found:
            _check(connection, found, other)
            connection.close()
            if tell:
                tell(
                    f"The database {connection.alias} is reached {Way.TRANSACTION}: the alias {other} is used instead."
                )
            yield found
    else:
        if must:
            refuse_pooled(connection)
        if not _prepares_scripts(connection):
            yield connection
            return
        connection.close()
        with _instead(connection, like(connection, connection.copy())) as found:
            found.settings_dict["OPTIONS"]["prepare_threshold"] = None
            yield found


def _prepares_scripts(connection: BaseDatabaseWrapper) -> bool:
    """Whether the driver would prepare several statements that travel in one message, which PostgreSQL refuses."""
    options = connection.settings_dict["OPTIONS"]
    return bool(options.get("server_side_binding")) and options.get("prepare_threshold") is not None


def _copy_of(connection: BaseDatabaseWrapper, other: str) -> BaseDatabaseWrapper:
    if other not in connections:
        raise PoolerInTheWay(
            f"LIVEMIGRATIONS_DIRECT_ALIAS names {other!r} for {connection.alias!r}, and DATABASES has no such alias (it"
            f" has {', '.join(connections)}). Nothing was changed."
        )
    return connections[other].copy(connection.alias)


@contextmanager
def _instead(connection: BaseDatabaseWrapper, found: BaseDatabaseWrapper) -> Iterator[BaseDatabaseWrapper]:
    """Have the alias of ``connection`` lead to ``found``, in this thread and inside the block."""
    connections[connection.alias] = found
    try:
        yield found
    finally:
        connections[connection.alias] = connection
        found.close()


def _check(pooled: BaseDatabaseWrapper, found: BaseDatabaseWrapper, other: str) -> None:
    """Refuse a direct alias that is pooled as well, or leads to another database."""
    if way(found) == Way.TRANSACTION:
        raise PoolerInTheWay(
            f"The alias {other}, which LIVEMIGRATIONS_DIRECT_ALIAS names, is reached {Way.TRANSACTION} as well"
            f" ({_place(found)}). Nothing was changed. Remedy: give it the host and port of the server itself."
        )
    if _identity(pooled) != _identity(found):
        raise PoolerInTheWay(
            f"The alias {other}, which LIVEMIGRATIONS_DIRECT_ALIAS names for {pooled.alias}, leads to another database:"
            f" {_place(found)}. Nothing was changed. Remedy: correct its NAME, HOST and PORT in DATABASES."
        )


def _identity(connection: BaseDatabaseWrapper) -> tuple[object, ...]:
    """What tells one database of one running server from all others."""
    return fetch(
        connection,
        "SELECT pg_postmaster_start_time(), oid FROM pg_database WHERE datname = current_database()",
    )[0]


def _place(connection: BaseDatabaseWrapper) -> str:
    settings = connection.settings_dict
    return f"{settings['NAME']} at {settings['HOST'] or 'the local socket'}:{settings['PORT'] or 5432}"


def _how(alias: str) -> str:
    """What to write into the settings."""
    return (
        "Remedy: add an alias that leads to the server itself, and name it:\n\n"
        f'    DATABASES["direct"] = {{**DATABASES["{alias}"], "HOST": "…the server…", "PORT": "5432"}}\n'
        f'    LIVEMIGRATIONS_DIRECT_ALIAS = {{"{alias}": "direct"}}\n\nIt is then used by itself.'
    )
