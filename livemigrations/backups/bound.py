"""What hangs on a database itself and is not carried over to the one that takes its place."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch

_SUBSCRIPTIONS = """
SELECT s.subname FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE d.datname = %s ORDER BY 1
"""
_SLOTS = "SELECT slot_name FROM pg_replication_slots WHERE database = %s ORDER BY 1"
_LABELS = """
SELECT l.provider FROM pg_shseclabel l JOIN pg_database d ON d.oid = l.objoid
WHERE l.classoid = 'pg_database'::regclass AND d.datname = %s ORDER BY 1
"""


def not_carried_over(base: BaseDatabaseWrapper, database: str) -> list[str]:
    """What of ``database`` a restore leaves with the database that it replaces, a line each."""
    subscriptions, slots, labels = (
        [str(row[0]) for row in fetch(base, query, [database])] for query in (_SUBSCRIPTIONS, _SLOTS, _LABELS)
    )
    return [
        *(f"the subscription {name}: CREATE SUBSCRIPTION it again, and drop the old one" for name in subscriptions),
        *(
            f"the replication slot {name}, which holds WAL until it is dropped, by itself or with the database as it was"
            for name in slots
        ),
        *(f"the security label of {name}" for name in labels),
    ]
