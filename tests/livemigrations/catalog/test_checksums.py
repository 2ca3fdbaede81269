"""Checksums: the same for the same rows, whatever else differs; another one for any other row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import DatabaseError
from pytest_django.plugin import DjangoDbBlocker

from livemigrations.catalog.checksums import TableSum, checksums
from livemigrations.catalog.relations import fetch
from livemigrations.statements.names import Name
from tests.livemigrations.site import settings_for
from tests.support.database import Database

KINDS = """
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE kinds (id int, d date, t timestamptz, i interval, f float8, n numeric, b bytea, j jsonb, a text[], m mood,
    c money, u uuid, r regclass, s text);
INSERT INTO kinds SELECT n, date '2026-01-31' + n, timestamptz '2026-06-01 12:00+02' + n * interval '1 hour',
    make_interval(days => n, secs => n + 0.5), n / 3.0::float8, n / 7.0, decode(lpad(to_hex(n), 4, '0'), 'hex'),
    jsonb_build_object('n', n), ARRAY['x"', NULL, 'y' || n], 'bad', n::numeric::money,
    lpad(n::text, 32, '0')::uuid, 'kinds'::regclass, CASE WHEN n % 2 = 0 THEN 'ü' || n END FROM generate_series(1, 100) n;
"""


@pytest.fixture
def any_connection(any_database: Database, django_db_blocker: DjangoDbBlocker) -> Iterator[BaseDatabaseWrapper]:
    """Django's connection to a fresh database on each supported version."""
    connections["sums"] = made = connections["default"].copy(alias="sums")
    made.settings_dict = settings_for(any_database)
    with django_db_blocker.unblock():
        yield made
        made.close()
        del connections["sums"]


def execute(connection: BaseDatabaseWrapper, sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def of(connection: BaseDatabaseWrapper, table: str) -> TableSum:
    return checksums(connection, [Name("", table)])[Name("", table)]


def test_every_version_and_session_writes_the_same(any_connection: BaseDatabaseWrapper) -> None:
    execute(any_connection, KINDS)
    expected = TableSum(100, "c4f746a5db0a714b")
    assert of(any_connection, "kinds") == expected
    execute(
        any_connection,
        "SET timezone = 'Asia/Tokyo'; SET datestyle = 'German'; SET intervalstyle = 'iso_8601';"
        "SET extra_float_digits = -5; SET bytea_output = 'escape'; SET search_path = public, pg_catalog",
    )
    assert of(any_connection, "kinds") == expected
    assert fetch(any_connection, "SHOW datestyle")[0][0].startswith("German"), "the session is as it was"


def test_order_on_the_disk_does_not_matter(connection: BaseDatabaseWrapper) -> None:
    execute(connection, "CREATE TABLE a (id int, s text); CREATE TABLE b (id int, s text)")
    execute(connection, "INSERT INTO a SELECT n, 'x' || n FROM generate_series(1, 500) n")
    execute(
        connection,
        "INSERT INTO b SELECT n, 'x' || n FROM generate_series(500, 1, -1) n; UPDATE b SET s = s WHERE id % 3 = 0",
    )
    assert of(connection, "a") == of(connection, "b")
    assert of(connection, "a").rows == 500


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE t SET s = 'y' WHERE id = 7",
        "UPDATE t SET s = '' WHERE id = 8",
        "UPDATE t SET s = CASE id WHEN 1 THEN 'x2' ELSE 'x1' END WHERE id IN (1, 2)",
        "DELETE FROM t WHERE id = 7; INSERT INTO t VALUES (6, 'x6')",
    ],
    ids=["a value", "NULL and empty", "two values changed places", "a row doubled in place of another"],
)
def test_any_other_row_is_seen(connection: BaseDatabaseWrapper, change: str) -> None:
    execute(
        connection, "CREATE TABLE t (id int, s text); INSERT INTO t SELECT n, 'x' || n FROM generate_series(1, 50) n"
    )
    execute(connection, "UPDATE t SET s = NULL WHERE id = 8")
    before = of(connection, "t")
    execute(connection, change)
    after = of(connection, "t")
    assert after.rows == before.rows
    assert after.checksum != before.checksum


def test_which_tables(connection: BaseDatabaseWrapper) -> None:
    """All that hold rows themselves: partitions and not their parent, parents by inheritance for themselves."""
    execute(
        connection,
        'CREATE SCHEMA "Odd.Schema"; CREATE TABLE "Odd.Schema"."T""1" (id int); CREATE TEMP TABLE passing (id int);'
        "CREATE TABLE p (id int) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);"
        "CREATE TABLE parent (id int); CREATE TABLE child () INHERITS (parent); CREATE VIEW v AS SELECT 1;"
        "INSERT INTO p VALUES (1), (2); INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1), (2);"
        'INSERT INTO "Odd.Schema"."T""1" VALUES (5)',
    )
    seen: list[Name] = []
    found = checksums(connection, told=seen.append)
    assert {name.plain: total.rows for name, total in found.items()} == {
        'Odd.Schema.T"1': 1, "public.child": 2, "public.p1": 2, "public.parent": 1,
    }  # fmt: skip
    assert seen == list(found)
    assert of(connection, "p") == found[Name("public", "p1")]


def test_inside_a_transaction_and_after_an_error(connection: BaseDatabaseWrapper) -> None:
    execute(connection, "CREATE TABLE t (id int); INSERT INTO t VALUES (1); SET timezone = 'Asia/Tokyo'")
    connections["own"] = connection
    with transaction.atomic(using="own"):
        execute(connection, "INSERT INTO t VALUES (2)")
        assert of(connection, "t").rows == 2
        transaction.set_rollback(True, using="own")
    with pytest.raises(DatabaseError):
        of(connection, "missing")
    assert fetch(connection, "SHOW timezone") == [("Asia/Tokyo",)]


def test_rows_that_a_policy_hides_are_an_error(
    connection: BaseDatabaseWrapper, database: Database, settings: Any
) -> None:
    execute(
        connection,
        "CREATE TABLE t (id int); ALTER TABLE t ENABLE ROW LEVEL SECURITY; DROP ROLE IF EXISTS blinkered;"
        "CREATE ROLE blinkered; GRANT SELECT ON t TO blinkered",
    )
    try:
        execute(connection, "SET ROLE blinkered")
        with pytest.raises(DatabaseError, match="row-level security"):
            of(connection, "t")
    finally:
        execute(connection, "RESET ROLE; DROP OWNED BY blinkered; DROP ROLE blinkered")
