"""Generated DDL: PostgreSQL never takes a stronger lock, rewrites or scans more than the engine predicts.

``make ddl`` runs 10,000 statements, ``make test`` a few hundred with a seed of the day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from pytest_django.plugin import DjangoDbBlocker

from livemigrations.catalog.partitions import descendants
from livemigrations.catalog.relations import fetch
from livemigrations.engine.steps import Lane, Mode
from livemigrations.engine.surroundings import Surroundings
from livemigrations.engine.table_locks import table_locks
from livemigrations.engine.translate import steps_for
from livemigrations.errors import LiveMigrationError
from livemigrations.statements.parse import Kind, Statement, parse
from tests.livemigrations.site import settings_for
from tests.livemigrations.statements.ddl import SCHEMA, statements
from tests.support import sampling
from tests.support.database import fresh
from tests.support.postgres import PgServer

COUNT = 10_000 if sampling.ALL_DDL else 300
_DROPS = (Kind.DROP_TABLE, Kind.DROP_COLUMN)  # the engine keeps their rows, so they never run alone
_ASKED_FOR = ("TRUNCATE", "REFRESH")  # they write or read whole tables by their nature, as ATTACH PARTITION does
_ELSEWHERE = (Kind.UNKNOWN, Kind.REBUILD, Kind.UNTRANSACTIONAL)  # their locks are those of their steps

# What the engine predicts too strongly, on purpose: the statement, by its first words, and why.
TOO_STRONG = {
    "CREATE INDEX": "the engine has no SHARE mode; it builds indexes of populated tables concurrently",
    "CREATE UNIQUE INDEX": "as CREATE INDEX",
    "COMMENT": "a lock on a table is expected on its partitions and children too",
    "ANALYZE": "as COMMENT",
    "CREATE POLICY": "as COMMENT",
    "CREATE STATISTICS": "as COMMENT",
    "CREATE TRIGGER": "as COMMENT",
    "LOCK": "the engine has no ROW SHARE and no SHARE mode and takes the next stronger one",
    "CREATE TABLE": "a table that a foreign key points at is locked as for ADD FOREIGN KEY",
    "ALTER TABLE": "an action without effect, such as INHERIT of what is inherited, asks for its lock nevertheless",
    "ALTER DOMAIN": "the engine has no SHARE mode",
    "DROP FUNCTION": "every function of that name counts, whatever its arguments",
    "ALTER SEQUENCE": "the lock on the sequence stops no query of a table",
}


@dataclass
class Told:
    """What PostgreSQL did: the strongest lock on each relation, and the relations rewritten and scanned."""

    locks: dict[str, Mode] = field(default_factory=dict)
    rewritten: set[str] = field(default_factory=set)
    scanned: set[str] = field(default_factory=set)
    indexes: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
def shared(pg_server: PgServer, django_db_blocker: DjangoDbBlocker) -> Iterator[BaseDatabaseWrapper]:
    """A connection to a database with the schema; each statement is rolled back."""
    made = connections["default"].copy(alias="ddl")
    with fresh(pg_server) as database, django_db_blocker.unblock():
        database.psql(SCHEMA)
        made.settings_dict = settings_for(database)
        connections["ddl"] = made
        try:
            yield made
        finally:
            made.close()
            database.psql("DROP OWNED BY somebody; DROP ROLE somebody")
            del connections["ddl"]


_RELATIONS = """
SELECT c.oid::bigint, c.relname, CASE WHEN c.relkind <> 'S' THEN pg_relation_filenode(c.oid) END, c.relkind = 'i' FROM pg_class c
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'i', 'S') AND c.relnamespace = 'public'::regnamespace
"""
_HELD = "SELECT relation::bigint, mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted"
_SCANS = "SELECT relid::bigint, seq_tup_read FROM pg_stat_xact_user_tables "
_SPELLED = {f"{mode.value.title().replace(' ', '')}Lock": mode for mode in Mode} | {
    "ShareLock": Mode.SHARE_ROW_EXCLUSIVE
}
_OF_DATA = (Mode.ACCESS_SHARE, Mode.ROW_EXCLUSIVE)


def executed(connection: BaseDatabaseWrapper, sql: str) -> Told | None:
    """What PostgreSQL does for a statement; None where it fails. It is rolled back."""
    told = Told()
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            before = {oid: (name, node) for oid, name, node, _ in fetch(connection, _RELATIONS)}
            indexes = {name for _, name, _, is_index in fetch(connection, _RELATIONS) if is_index}
            read = dict(fetch(connection, _SCANS))
            cursor.execute(sql)
            for oid, spelled in fetch(connection, _HELD):
                mode = _SPELLED.get(spelled, Mode.ACCESS_SHARE)
                if oid in before and mode not in _OF_DATA:
                    name = before[oid][0]
                    told.locks[name] = max(mode, told.locks.get(name, mode), key=lambda one: one.strength)
            after = {oid: node for oid, _, node, _ in fetch(connection, _RELATIONS)}
            told.indexes = indexes
            told.rewritten = {name for oid, (name, node) in before.items() if after.get(oid, node) != node}
            told.scanned = {
                before[oid][0]
                for oid, rows in fetch(connection, _SCANS)
                if oid in before and rows - read.get(oid, 0) > 1
            }
            transaction.set_rollback(True, using=connection.alias)
    except DatabaseError:
        return None
    return told


def predicted_locks(connection: BaseDatabaseWrapper, found: list[Statement]) -> dict[str, Mode]:
    """The locks that the engine expects of statements, with those of the descendants of their tables."""
    locks: dict[str, Mode] = {}
    for statement in found:
        for name, mode in table_locks(Surroundings(connection), statement).items():
            there = Surroundings(connection).find(name)
            below = (
                [
                    row[0]
                    for oid in descendants(connection, there.oid)
                    for row in fetch(connection, "SELECT relname FROM pg_class WHERE oid = %s", [oid])
                ]
                if there
                else []
            )
            for one in [name.name, *below]:
                locks[one] = max(mode, locks.get(one, mode), key=lambda m: m.strength)
    return locks


def is_light(connection: BaseDatabaseWrapper, found: list[Statement]) -> bool:
    """Whether the engine would run the statements as they are, in the instant lane, on tables of any size."""
    try:
        steps = list(steps_for(Surroundings(connection), found))
    except LiveMigrationError:
        return False
    return [sql for step in steps if step.lane == Lane.INSTANT for sql in step.sql] == [one.sql for one in found]


def _is_weaker(predicted: Mode | None, taken: Mode) -> bool:
    return predicted is None or predicted.strength < taken.strength


@pytest.mark.slow
def test_postgresql_does_no_more_than_predicted(shared: BaseDatabaseWrapper, settings: Any) -> None:
    settings.LIVEMIGRATIONS_SMALL_TABLE_BYTES = 0
    weak, strong, heavy = [], [], []
    count: Counter[str] = Counter()
    for sql in statements(f"{sampling.seed()} ddl", COUNT):
        found = list(parse(sql))
        actual = executed(shared, sql)
        if actual is None:
            count["failed on the server"] += 1
            continue
        count["ran"] += 1
        if not any(one.kind in _ELSEWHERE for one in found):
            locks = predicted_locks(shared, found)
            weaker = {name: mode for name, mode in actual.locks.items() if _is_weaker(locks.get(name), mode)}
            of_tables = weaker.keys() - actual.indexes  # the lock on its table stands for that on an index
            weaker = {name: weaker[name] for name in of_tables}
            weak += [f"{sql}: PostgreSQL took {weaker}, predicted {locks}"] if weaker else []
            stronger = [name for name, mode in locks.items() if mode not in _OF_DATA and actual.locks.get(name) != mode]
            known = stronger and any(sql.startswith(words) for words in TOO_STRONG)
            strong += (
                [f"{sql}: PostgreSQL took {actual.locks}, predicted {locks}"]
                if stronger and not known and not weaker
                else []
            )
            count["locks equal"] += not weaker and not stronger
        if any(one.kind in _DROPS for one in found) or sql.startswith(_ASKED_FOR) or "ATTACH PARTITION" in sql:
            continue
        light = is_light(shared, found)
        count["light" if light else "refused or translated"] += 1
        if light and (actual.rewritten or actual.scanned):
            heavy.append(f"{sql}: rewrote {actual.rewritten}, scanned {actual.scanned}")
    print(dict(count))
    assert count["ran"] > COUNT / 4
    faults = (
        [f"weak: {one}" for one in weak] + [f"heavy: {one}" for one in heavy] + [f"strong: {one}" for one in strong]
    )
    assert not faults, "\n".join(faults)
