"""Statements whose effect the engine does not know, or that rebuild a table, are refused where a table is large."""

from __future__ import annotations

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.engine.steps import Lane, Step
from livemigrations.engine.surroundings import Surroundings
from livemigrations.engine.translate import steps_for
from livemigrations.errors import MigrationRefused
from livemigrations.statements.parse import parse
from tests.livemigrations.site import Site
from tests.support.catalogs import catalog
from tests.support.database import Database

TABLES = """
CREATE DOMAIN amount AS int;
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE small (id bigint PRIMARY KEY);
INSERT INTO small VALUES (1);
CREATE TABLE big (id bigint PRIMARY KEY, a amount, note text);
CREATE INDEX by_note ON big (note);
INSERT INTO big SELECT g, g, repeat('x', 500) || g FROM generate_series(1, 5000) g;
CREATE TABLE part (id bigint) PARTITION BY RANGE (id);
CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (0) TO (1000000);
INSERT INTO part SELECT g FROM generate_series(1, 50000) g;
ANALYZE;
"""
REFUSED = [
    "ALTER TABLE big * ADD COLUMN u uuid DEFAULT gen_random_uuid()",
    "ALTER TABLE big * ALTER COLUMN id TYPE numeric",
    'ALTER TABLE U&"b\\0069g" ALTER id TYPE numeric',
    "ALTER TABLE part ADD COLUMN u uuid DEFAULT gen_random_uuid()",
    "ALTER TABLE big ADD COLUMN p positive",
    "ALTER TABLE ALL IN TABLESPACE pg_default SET TABLESPACE pg_default",
    "ALTER TABLE big MERGE PARTITIONS (a, b) INTO c",
    "ALTER DOMAIN amount ADD CHECK (VALUE > 0)",
    "ALTER DOMAIN amount SET NOT NULL",
    "REINDEX TABLE big",
    "REINDEX INDEX by_note",
    "CLUSTER big USING by_note",
    "VACUUM (FULL) big",
    "VACUUM FULL",
    "DROP OWNED BY CURRENT_USER",
]
LET_PASS = [
    "ALTER TABLE small MERGE PARTITIONS (a, b) INTO c",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1 FROM big'",
    "CREATE TYPE state AS ENUM ('a')",
    "GRANT USAGE ON SCHEMA public TO PUBLIC",
    "ALTER DOMAIN amount ADD CHECK (VALUE > 0) NOT VALID",
    "ALTER TABLE big ADD COLUMN b amount",
    "REINDEX TABLE small",
    "VACUUM FULL small",
    "CLUSTER small USING small_pkey",
]


def planned(connection: BaseDatabaseWrapper, sql: str) -> list[Step]:
    return list(steps_for(Surroundings(connection), parse(sql)))


@pytest.mark.slow
def test_on_large_tables_they_are_refused(database: Database, connection: BaseDatabaseWrapper) -> None:
    database.psql(TABLES)
    for sql in REFUSED:
        with pytest.raises(MigrationRefused, match="populated table"):
            planned(connection, sql)
    for sql in LET_PASS:
        assert planned(connection, sql), sql


@pytest.mark.slow
def test_a_window_lifts_the_refusal(database: Database, connection: BaseDatabaseWrapper) -> None:
    database.psql(TABLES)
    around = Surroundings(connection)
    around.long_locks_allowed = True
    for sql in REFUSED:
        assert list(steps_for(around, parse(sql))), sql


@pytest.mark.slow
def test_small_tables_are_rebuilt_under_a_lock(database: Database, connection: BaseDatabaseWrapper) -> None:
    database.psql(TABLES)
    [reindex], [vacuum] = planned(connection, "REINDEX TABLE small"), planned(connection, "VACUUM FULL small")
    assert [(step.lane, step.transactional) for step in (reindex, vacuum)] == [
        (Lane.INSTANT, True),
        (Lane.INSTANT, False),
    ]
    assert reindex.locks == vacuum.locks == {'"public"."small"': "ACCESS EXCLUSIVE"}


@pytest.mark.slow
def test_a_refused_migration_changes_nothing(site: Site) -> None:
    site.shop("migrations.RunSQL('ALTER TABLE big * ADD COLUMN u uuid DEFAULT gen_random_uuid()'),")
    with site.database.connect() as connection:
        connection.execute(TABLES)
        before = catalog(connection)
        assert "Refused on the populated table big" in site.refused()
        assert catalog(connection) == before
