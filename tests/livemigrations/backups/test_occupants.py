"""Who counts as being in a database: everybody whom a rename waits for, and nobody else."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.backups.occupants import occupants

# pid, user's oid, type: as PostgreSQL 16 and newer name them; without pg_read_all_stats the type is hidden.
SESSIONS = [
    (1, 10, "client backend"),
    (2, 10, "logical replication apply worker"),
    (3, 10, "pg_cron launcher"),
    (4, 10, None),
    (5, None, "autovacuum worker"),
    (6, None, None),
]


def test_everybody_whom_a_rename_waits_for(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE pg_stat_activity (LIKE pg_catalog.pg_stat_activity)")
        cursor.execute("SET search_path = pg_temp, pg_catalog")
        for pid, user, kind in SESSIONS:
            cursor.execute(
                "INSERT INTO pg_stat_activity (datname, pid, usesysid, backend_type, backend_start)"
                " VALUES ('shop', %s, %s, %s, now())",
                [pid, user, kind],
            )
    assert [one.pid for one in occupants(connection, "shop")] == [1, 2, 3, 4]
