"""Room on the server for a database to be restored: what can be known of it, and a word where it cannot."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.backups.manifest import Backup
from livemigrations.backups.telling import Telling, size
from livemigrations.catalog.relations import fetch
from livemigrations.errors import LiveMigrationError

_WITH_INDEXES = 2
_PLACE = """
SELECT inet_server_addr() IS NOT DISTINCT FROM inet_client_addr(),
       coalesce(nullif(pg_tablespace_location(t.oid), ''), current_setting('data_directory'))
FROM pg_tablespace t WHERE t.spcname = %s
"""


@dataclass(frozen=True, slots=True)
class Room:
    """The bytes that a restore will take, those that are free where it goes (None: nobody can tell, and why)."""

    wanted: int
    free: int | None
    place: str


def refuse_without_room(
    base: BaseDatabaseWrapper, backup: Backup, tablespace: str, telling: Telling, error: type[LiveMigrationError]
) -> None:
    """Raise ``error`` where the server is known to lack the room for the backup; say so where it is not known."""
    room = look(base, backup, tablespace)
    if room.free is None:
        telling.note(
            f"Whether the server has room for about {size(room.wanted)} is not known: {room.place}. If there is none,"
            " the restore fails, and nothing else does."
        )
    elif room.free < room.wanted:
        guess = "what the database took when it was backed up" if backup.database_bytes else "a guess by its tables"
        raise error(
            f"{backup.name} will take about {size(room.wanted)} on the server ({guess}), and {room.place} has"
            f" {size(room.free)} left. Nothing was changed. Remedy: free some space, drop databases that earlier"
            " restores kept (`manage.py backup list` names them), or try all the same with --skip-room-check."
        )


def look(base: BaseDatabaseWrapper, backup: Backup, tablespace: str) -> Room:
    """What is wanted and what is free in a tablespace of the server that ``base`` leads to."""
    wanted = backup.database_bytes or backup.table_bytes * _WITH_INDEXES
    try:
        rows = fetch(base, _PLACE, [tablespace])
    except DatabaseError:  # where it keeps its data is only told to superusers and pg_read_all_settings
        return Room(wanted, None, "the role may not know where the server keeps its data")
    if not rows or not rows[0][0]:
        return Room(wanted, None, "its disk is on another machine")
    try:
        return Room(wanted, shutil.disk_usage(rows[0][1]).free, rows[0][1])
    except OSError as error:
        return Room(wanted, None, f"its disk cannot be looked at from here ({error})")
