"""What a transaction holds and has done so far, told by the server itself in the middle of that transaction.

A sample is a ``DO`` block whose answer comes as a message: it disturbs no result, fits between the statements of one
string, and sees what is not committed yet. Its own statement reads only the catalog.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from livemigrations.review.traced import MODES

MARK = "livemigrations_sample "

_RELATION = """json_build_array(c.oid::bigint, n.nspname, c.relname, c.relkind, c.relfilenode::bigint,
    coalesce(i.indrelid::bigint, 0), pg_stat_get_xact_numscans(c.oid), pg_stat_get_xact_tuples_returned(c.oid),
    pg_stat_get_xact_tuples_inserted(c.oid) + pg_stat_get_xact_tuples_updated(c.oid) + pg_stat_get_xact_tuples_deleted(c.oid))"""
_USERS = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"

RELATIONS = f"""
SELECT json_agg({_RELATION})::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_index i ON i.indexrelid = c.oid WHERE {_USERS} AND c.relkind IN ('r', 'p', 'm', 'v', 'i', 'I')
"""

SAMPLE = f"""DO $livemigrations_sample$ BEGIN RAISE INFO '%', '{MARK}' || json_build_object(
  'from', extract(epoch FROM clock_timestamp()),
  'timeout', extract(epoch FROM current_setting('lock_timeout')::interval) * 1000,
  'transaction', (SELECT virtualtransaction FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'virtualxid' LIMIT 1),
  'locks', (SELECT json_agg(json_build_array(relation::bigint, mode)) FROM pg_locks
    WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())),
  'relations', (SELECT json_agg({_RELATION}) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_index i ON i.indexrelid = c.oid
    WHERE {_USERS} AND (pg_stat_get_xact_numscans(c.oid) > 0 OR c.oid IN (SELECT relation FROM pg_locks
      WHERE pid = pg_backend_pid() AND locktype = 'relation'))),
  'until', extract(epoch FROM clock_timestamp()))::text;
END $livemigrations_sample$"""


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation as a sample sees it; counters are those of the backend so far. ``table`` is that of an index."""

    oid: int
    schema: str
    name: str
    kind: str
    file: int
    table: int
    scans: int
    read: int
    written: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample. ``began`` and ``ended`` are the server's clock in seconds; ``locks`` maps oids to the strongest mode."""

    began: float
    ended: float
    timeout_ms: float
    transaction: str
    locks: dict[int, str]
    relations: dict[int, Relation]


def mode_of(name: str) -> str:
    """``AccessExclusiveLock`` as SQL spells it."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removesuffix("Lock")).upper()


def strongest(pairs: list[tuple[int, str]]) -> dict[int, str]:
    """The strongest mode of each relation."""
    found: dict[int, str] = {}
    for oid, name in pairs:
        mode = mode_of(name)
        if mode in MODES:
            found[oid] = max(mode, found.get(oid, mode), key=MODES.index)
    return found


def read_relations(rows: list[list[Any]] | None) -> dict[int, Relation]:
    """Relations by oid, from the JSON of a sample or of ``RELATIONS``."""
    return {row[0]: Relation(*row) for row in rows or []}


def read_sample(message: str) -> Sample | None:
    """The sample in a message of the server; None for any other message."""
    if not message.startswith(MARK):
        return None
    data = json.loads(message.removeprefix(MARK))
    locks = strongest([(oid, name) for oid, name in data["locks"] or []])
    relations = read_relations(data["relations"])
    return Sample(
        float(data["from"]), float(data["until"]), float(data["timeout"]), data["transaction"] or "", locks, relations
    )
