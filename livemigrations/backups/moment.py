"""One moment of a database: a snapshot that others can use, with every table held against changes of its definition."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations import conf
from livemigrations.catalog.activity import holders
from livemigrations.catalog.checksums import ordinary_tables
from livemigrations.catalog.relations import fetch, relation_oid
from livemigrations.engine.connections import sqlstate
from livemigrations.errors import BackupFailed
from livemigrations.statements.names import Name

_TRIES, _LONGEST_S = 5, 60.0
_TIMEOUTS = ("statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout")
_GONE, _NOT_AVAILABLE = "42P01", "55P03"


@dataclass(frozen=True, slots=True)
class Moment:
    """An exported snapshot, and the tables that hold rows in it with their sizes in bytes.

    ``objects`` is what the large objects take, ``database`` the whole database, both in bytes.
    """

    snapshot: str
    tables: dict[Name, int]
    objects: int
    database: int

    @property
    def size(self) -> int:
        """What is to be dumped, in bytes on the server's disk."""
        return sum(self.tables.values()) + self.objects


@contextmanager
def one_moment(connection: BaseDatabaseWrapper) -> Iterator[Moment]:
    """Hold ACCESS SHARE on every table and give a snapshot; ``connection`` is the caller's own.

    Nobody who reads or writes waits for that; who changes a definition waits until the end of the block, as during
    any pg_dump. Raises ``BackupFailed`` if a table stays locked.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(name, '0', false) FROM pg_settings WHERE name = ANY (%s)", [list(_TIMEOUTS)])
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{min(_LONGEST_S, conf.lock_deadline_s())}s"])
    for _ in range(_TRIES):
        tables = ordinary_tables(connection)
        try:
            moment = _begin(connection, tables)
            if moment is not None:
                yield moment
                return
        finally:
            if connection.connection is not None and not connection.connection.closed:
                with connection.cursor() as cursor:
                    cursor.execute("ROLLBACK")
    raise BackupFailed(
        "Tables come and go faster than they can be counted. Remedy: try again when that has calmed down."
    )


def _begin(connection: BaseDatabaseWrapper, tables: list[Name]) -> Moment | None:
    """Lock and take the snapshot; None if the tables changed meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        try:
            for table in tables:
                cursor.execute(f"LOCK TABLE ONLY {table} IN ACCESS SHARE MODE")
        except DatabaseError as error:
            if sqlstate(error) == _GONE:
                return None
            if sqlstate(error) == _NOT_AVAILABLE:
                cursor.execute("ROLLBACK")
                raise _locked(connection, table) from error
            raise
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot = str(cursor.fetchone()[0])
        if ordinary_tables(connection) != tables:
            return None
        sizes = fetch(
            connection,
            "SELECT pg_table_size(to_regclass(t)) FROM unnest(%s::text[]) WITH ORDINALITY u (t, n) ORDER BY n",
            [[str(table) for table in tables]],
        )
        rows = fetch(
            connection,
            "SELECT pg_table_size('pg_catalog.pg_largeobject'), pg_database_size(oid) FROM pg_database"
            " WHERE datname = current_database()",
        )
    named = {table: int(row[0]) for table, row in zip(tables, sizes, strict=True)}
    return Moment(snapshot, named, *(int(size) for size in rows[0]))


def _locked(connection: BaseDatabaseWrapper, table: Name) -> BackupFailed:
    oid = relation_oid(connection, table)
    sessions = holders(connection, {oid: "ACCESS SHARE"}) if oid is not None else []
    lines = "".join(f"\n  {session}" for session in sessions)
    return BackupFailed(
        f"The table {table.plain} stayed locked, so it could not be read. Nothing was changed.{lines}\n"
        "Remedy: wait for that session or end it, then back up again."
    )
