"""The locks that a statement is said to take are those that PostgreSQL takes: it is asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from pytest_django.plugin import DjangoDbBlocker

from livemigrations.catalog.activity import holders
from livemigrations.catalog.relations import fetch
from livemigrations.engine.locks import Admission
from livemigrations.engine.steps import Mode
from livemigrations.engine.surroundings import Surroundings
from livemigrations.engine.table_locks import table_locks
from livemigrations.statements.parse import parse
from tests.livemigrations.site import settings_for
from tests.support.database import Database, fresh
from tests.support.postgres import PgServer

TABLES = """
CREATE TABLE t (id bigint PRIMARY KEY, v int CHECK (v > -1), w text, CONSTRAINT k CHECK (v > -2));
CREATE TABLE other (id bigint PRIMARY KEY, t bigint REFERENCES t);
CREATE TABLE "Odd name" (id bigint PRIMARY KEY, t bigint REFERENCES t);
CREATE TABLE part (id bigint, at date) PARTITION BY RANGE (at);
CREATE TABLE part1 PARTITION OF part FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE rest PARTITION OF part DEFAULT;
CREATE TABLE part2 (id bigint, at date);
CREATE VIEW seen AS SELECT v FROM t;
CREATE MATERIALIZED VIEW kept AS SELECT v FROM t;
CREATE UNIQUE INDEX ON kept (v);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
CREATE POLICY p ON t USING (true);
CREATE RULE r AS ON DELETE TO t WHERE OLD.v > 5 DO INSTEAD NOTHING;
"""
STATEMENTS = [
    "ALTER TABLE t ADD COLUMN x int",
    "ALTER TABLE t SET (fillfactor = 80, autovacuum_enabled = off)",
    "ALTER TABLE t SET (fillfactor = 80, user_catalog_table = true)",
    "ALTER TABLE t RESET (toast.autovacuum_enabled)",
    "alter table only public.t alter v set statistics 500",
    "ALTER TABLE t ALTER COLUMN v SET (n_distinct = 5)",
    "ALTER TABLE t ALTER COLUMN w SET STORAGE EXTERNAL",
    "ALTER TABLE IF EXISTS t CLUSTER ON t_pkey",
    "ALTER TABLE t DISABLE TRIGGER ALL",
    "ALTER TABLE t ENABLE ALWAYS TRIGGER g",
    "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE t VALIDATE CONSTRAINT k",
    "ALTER TABLE t DROP CONSTRAINT k",
    "ALTER TABLE other DROP COLUMN t",
    "ALTER TABLE part ATTACH PARTITION part2 FOR VALUES FROM ('2022-01-01') TO ('2023-01-01')",
    "ALTER TABLE part DETACH PARTITION public.part1",
    "CREATE TRIGGER h BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
    "DROP TRIGGER g ON t",
    "TRUNCATE other",
    'TRUNCATE TABLE ONLY public.t, other, "Odd name" RESTART IDENTITY CASCADE',
    "DROP TABLE other",
    "CREATE OR REPLACE VIEW seen AS SELECT v, 1 AS one FROM t",
    "DROP VIEW IF EXISTS seen CASCADE",
    "ALTER VIEW seen RENAME TO looked_at",
    "REFRESH MATERIALIZED VIEW kept",
    "REFRESH MATERIALIZED VIEW CONCURRENTLY public.kept",
    "ALTER MATERIALIZED VIEW kept RENAME TO held",
    "CREATE RULE no AS ON INSERT TO t WHERE NEW.v = 3 DO INSTEAD NOTHING",
    "DROP RULE r ON t",
    "CREATE POLICY q ON t USING (true)",
    "ALTER POLICY p ON public.t USING (false)",
    "DROP POLICY IF EXISTS p ON t",
    "COMMENT ON TABLE t IS 'x'",
    "COMMENT ON COLUMN t.v IS 'TABLE other'",
    'COMMENT ON COLUMN "public"."Odd name".id IS NULL',
    "COMMENT ON CONSTRAINT k ON t IS 'x'",
    "COMMENT ON TRIGGER g ON t IS 'x'",
    "COMMENT ON FUNCTION f() IS 'x'",
    "CREATE STATISTICS s ON v, w FROM t",
    "ANALYZE t",
]


@pytest.fixture(scope="module")
def shared(pg_server: PgServer, django_db_blocker: DjangoDbBlocker) -> Iterator[BaseDatabaseWrapper]:
    """A connection to a database with all that the statements need; each takes back what it did."""
    made = connections["default"].copy(alias="locked")
    with fresh(pg_server) as database, django_db_blocker.unblock():
        database.psql(TABLES)
        made.settings_dict = settings_for(database)
        connections["locked"] = made
        try:
            yield made
        finally:
            made.close()
            del connections["locked"]


_RELATIONS = """
SELECT oid::bigint, relname FROM pg_class
WHERE relkind IN ('r', 'p', 'v', 'm') AND relnamespace = 'public'::regnamespace
"""
_HELD = "SELECT relation::bigint, mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation'"
_SPELLED = {f"{mode.value.title().replace(' ', '')}Lock": mode for mode in Mode}
_OF_DATA = (Mode.ACCESS_SHARE, Mode.ROW_EXCLUSIVE)


def _taken(connection: BaseDatabaseWrapper, sql: str) -> dict[str, Mode]:
    """The strongest lock on each relation that was there before, after the statement ran; it is taken back."""
    found: dict[str, Mode] = {}
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        before = dict(fetch(connection, _RELATIONS))
        cursor.execute(sql)
        for oid, spelled in fetch(connection, _HELD):
            mode = _SPELLED.get(spelled, Mode.ACCESS_SHARE)
            if oid in before and mode not in _OF_DATA:
                found[before[oid]] = max(mode, found.get(before[oid], mode), key=lambda one: one.strength)
        transaction.set_rollback(True, using=connection.alias)
    return found


@pytest.mark.parametrize("sql", STATEMENTS)
def test_it_takes_what_it_is_said_to_take(shared: BaseDatabaseWrapper, sql: str) -> None:
    [statement] = parse(sql)
    said = table_locks(Surroundings(shared), statement)
    assert {name.name: mode for name, mode in said.items()} == _taken(shared, sql)


def test_who_works_on_a_partition_is_seen(database: Database, connection: BaseDatabaseWrapper) -> None:
    """A lock on a table with partitions is one on each of them, so whoever holds one of them is in the way."""
    database.psql(TABLES)
    with database.connect() as reader, reader.transaction():
        reader.execute("SELECT FROM part1")
        wanted = Admission(connection, {'"part"': Mode.ACCESS_EXCLUSIVE}, print).wanted
        [session] = holders(connection, wanted)
    assert (session.table, session.mode) == ("part1", "AccessShareLock")
