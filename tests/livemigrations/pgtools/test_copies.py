"""Copies of a schema: the same definitions, the books, and rows that satisfy the foreign keys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder
from pytest_django.plugin import DjangoDbBlocker

from livemigrations.bookkeeping import ensure_bookkeeping
from livemigrations.catalog.definitions import Table, read_table
from livemigrations.catalog.relations import fetch, relation_oid
from livemigrations.pgtools.copies import schema_copy
from livemigrations.statements.names import Name
from tests.livemigrations.site import settings_for
from tests.support.catalogs import catalog, differences
from tests.support.database import Database

SCHEMA = """
CREATE SCHEMA "Odd ""Na me";
CREATE TYPE "Odd ""Na me".mood AS ENUM ('good', 'bad');
CREATE TABLE place (code text PRIMARY KEY, city text NOT NULL, UNIQUE (code, city));
CREATE TABLE "Odd ""Na me"."Person" (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "Boss" bigint REFERENCES "Odd ""Na me"."Person",
    place text, city text, moods "Odd ""Na me".mood[], name text NOT NULL, loud text GENERATED ALWAYS AS (upper(name)) STORED,
    FOREIGN KEY (place, city) REFERENCES place (code, city));
CREATE INDEX person_name ON "Odd ""Na me"."Person" (name) WHERE name <> '';
CREATE TABLE visit (person bigint NOT NULL REFERENCES "Odd ""Na me"."Person", day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE visit_2026 PARTITION OF visit FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no more people'; END $$;
CREATE TRIGGER closed BEFORE INSERT ON place FOR EACH ROW EXECUTE FUNCTION refuse();
ALTER TABLE place DISABLE TRIGGER closed;
INSERT INTO place SELECT 'p' || n, 'c' || n FROM generate_series(1, 200) n;
ALTER TABLE place ENABLE TRIGGER closed;
INSERT INTO "Odd ""Na me"."Person" ("Boss", place, city, moods, name)
    SELECT CASE WHEN n > 1 THEN n - 1 END, 'p' || (201 - n), 'c' || (201 - n), '{good,bad}', 'n' || n FROM generate_series(1, 200) n;
INSERT INTO visit SELECT 190 + n % 10, '2026-03-01'::date + n FROM generate_series(1, 100) n;
CREATE MATERIALIZED VIEW busy AS SELECT person, count(*) FROM visit GROUP BY 1;
CREATE VIEW people AS SELECT name FROM "Odd ""Na me"."Person";
COMMENT ON TABLE place IS 'where we are';
"""


@pytest.fixture
def any_connection(any_database: Database, django_db_blocker: DjangoDbBlocker) -> Iterator[BaseDatabaseWrapper]:
    """Django's connection to a fresh database on each supported version."""
    connections["any"] = made = connections["default"].copy(alias="any")
    made.settings_dict = settings_for(any_database)
    with django_db_blocker.unblock():
        yield made
        made.close()
        del connections["any"]


def fill(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        cursor.execute(SCHEMA)
    ensure_bookkeeping(connection)
    recorder = MigrationRecorder(connection)
    recorder.ensure_schema()
    recorder.record_applied("shop", "0001_first")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO livemigrations_run (command, holder) VALUES ('migrate', 'somebody');"
            "INSERT INTO livemigrations_lease (id, token, holder, backend_pid, acquired_at, heartbeat_at)"
            " SELECT 1, gen_random_uuid(), 'somebody', pg_backend_pid(), now(), now()"
        )


def count(connection: BaseDatabaseWrapper, table: str) -> int:
    return int(fetch(connection, f"SELECT count(*) FROM {table}")[0][0])


def definition(connection: BaseDatabaseWrapper) -> Table:
    oid = relation_oid(connection, Name('Odd "Na me', "Person"))
    assert oid is not None
    return read_table(connection, oid)


def test_a_copy_has_the_schema_and_the_books(any_connection: BaseDatabaseWrapper) -> None:
    fill(any_connection)
    with schema_copy(any_connection, purpose="test") as copy:
        there, here = (catalog(side) for side in (any_connection, copy))
        assert len(there) > 15
        assert differences(there, here) == []
        there_odd, here_odd = (definition(side) for side in (any_connection, copy))
        assert len(there_odd.columns) == 7
        assert there_odd == here_odd
        assert count(copy, "place") == count(copy, "visit") == 0
        assert list(MigrationRecorder(copy).applied_migrations()) == [("shop", "0001_first")]
        assert count(copy, "livemigrations_run") == 1
        assert count(copy, "livemigrations_lease") == 0
        with copy.cursor() as cursor:
            cursor.execute('INSERT INTO "Odd ""Na me"."Person" (name) VALUES ($$new$$) RETURNING id')
            assert cursor.fetchone() == (201,)
    assert count(any_connection, "place") == 200


def test_a_sample_satisfies_its_foreign_keys(connection: BaseDatabaseWrapper) -> None:
    fill(connection)
    person = '"Odd ""Na me"."Person"'
    with schema_copy(connection, purpose="test", sample=5) as copy:
        assert count(copy, "visit") == 5
        # the visits of the last people, whose bosses lead to the first one; each has a place of its own
        last = fetch(copy, f"SELECT max(id) FROM {person}")[0][0]
        assert last > 190
        assert count(copy, person) == last
        assert count(copy, "place") >= last
        assert count(copy, f"{person} WHERE loud = upper(name) AND moods[2] = 'bad'") == last
        assert fetch(copy, "SELECT bool_and(convalidated) FROM pg_constraint WHERE contype = 'f'") == [(True,)]
        assert count(copy, "busy") == len(fetch(copy, "SELECT DISTINCT person FROM visit"))
        assert fetch(copy, "SELECT reltuples FROM pg_class WHERE relname = 'visit_2026'") == [(5,)]


def test_orphans_stay_orphans(connection: BaseDatabaseWrapper) -> None:
    """Where rows break a key that was never validated, the copy has such rows and such a key as well."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY, a int);"
            "INSERT INTO a VALUES (1); INSERT INTO b VALUES (1, 1), (2, 2);"
            "ALTER TABLE b ADD CONSTRAINT b_a FOREIGN KEY (a) REFERENCES a NOT VALID"
        )
    with schema_copy(connection, purpose="test", sample=10) as copy:
        assert fetch(copy, "SELECT id FROM b ORDER BY 1") == [(1,), (2,)]
        assert fetch(copy, "SELECT convalidated FROM pg_constraint WHERE conname = 'b_a'") == [(False,)]
