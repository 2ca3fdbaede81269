"""The recorder on a connection: every way in which statements reach the server, and no way in which they go wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import DataError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch
from livemigrations.review.trace_recorder import Place, Recorder
from livemigrations.review.traced import TracedStatement

STRONG = "ACCESS EXCLUSIVE"


@pytest.fixture
def recorder(connection: BaseDatabaseWrapper) -> Iterator[Recorder]:
    """A recorder of a connection whose database has two tables with rows."""
    run(
        connection,
        "CREATE TABLE a (id int PRIMARY KEY, n int); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);"
        "INSERT INTO a SELECT g, g FROM generate_series(1, 10) g; CREATE TABLE livemigrations_step (id int)",
    )
    made = Recorder(connection)
    with made.recording():
        made.place = Place("shop.0001", 1, "a step", "instant")
        yield made


def run(connection: BaseDatabaseWrapper, *statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def told(recorder: Recorder) -> list[tuple[str, dict[str, str]]]:
    return [(statement.sql, statement.locks) for statement in recorder.statements]


def only(recorder: Recorder) -> TracedStatement:
    [statement] = recorder.statements
    return statement


def test_a_statement_that_commits_by_itself(recorder: Recorder) -> None:
    run(recorder.connection, "ALTER TABLE a ADD COLUMN m uuid DEFAULT gen_random_uuid()")
    found = only(recorder)
    assert (found.locks, found.rewritten, found.built) == ({"a": STRONG}, ["a"], {"a_pkey": "a"})
    assert found.scanned == {"a": 20}  # to copy the rows, and once more for the index of the copy
    assert found.duration_ms > 0
    assert fetch(recorder.connection, "SELECT count(m) FROM a")[0][0] == 10


def test_a_table_that_is_emptied(recorder: Recorder) -> None:
    """Its files are new and empty: nothing is copied, built or read while others wait."""
    run(recorder.connection, "TRUNCATE a, b", "ALTER TABLE a ADD COLUMN m int")
    emptied, added = recorder.statements
    assert emptied.locks == {"a": STRONG, "b": STRONG}
    for found in (emptied, added):
        assert (found.rewritten, found.built, found.scanned, found.written) == ([], {}, {}, {})


def test_one_message_of_many_statements(recorder: Recorder) -> None:
    """As the instant lane sends them: control statements are let through, results come in their order."""
    with recorder.connection.cursor() as cursor:
        cursor.execute("BEGIN; SET LOCAL lock_timeout = '25ms'")
        cursor.execute("UPDATE livemigrations_step SET id = 1")
        cursor.execute("LOCK TABLE a IN ACCESS EXCLUSIVE MODE; UPDATE a SET n = 0 WHERE id < 4; SELECT 'last'; COMMIT")
        results = [cursor.rowcount]
        while cursor.cursor.nextset():
            results.append(cursor.rowcount)
            if cursor.description and cursor.description[0][0] == "?column?":
                assert cursor.fetchone() == ("last",)
    assert 3 in results
    lock, update, select = recorder.statements
    assert (lock.locks, lock.lock_timeout_ms) == ({"a": STRONG}, 25)
    assert (update.held["a"], update.written) == (STRONG, {"a": 3})
    assert len({lock.transaction, update.transaction, select.transaction}) == 1


def test_what_is_rolled_back_is_forgotten(recorder: Recorder) -> None:
    connection = recorder.connection
    run(
        connection, "BEGIN", "LOCK TABLE a IN ACCESS EXCLUSIVE MODE", "ROLLBACK", "LOCK TABLE b IN SHARE MODE; SELECT 1"
    )
    assert [locks for _, locks in told(recorder)] == [{"b": "SHARE"}, {}]


def test_a_failure_is_passed_on(recorder: Recorder) -> None:
    with pytest.raises(DataError):
        run(recorder.connection, "SELECT 1 / (n - n) FROM a")
    with pytest.raises(DataError), transaction.atomic(using=recorder.connection.alias):
        run(recorder.connection, "SELECT 1 / (n - n) FROM a; SELECT 1")
    assert recorder.statements == []
    assert fetch(recorder.connection, "SELECT count(*) FROM a") == [(10,)]
    assert only(recorder).scanned == {"a": 10}


def test_outside_of_transactions(recorder: Recorder) -> None:
    """What no transaction can hold is seen with its locks; what is over too soon is named."""
    run(recorder.connection, "CREATE INDEX CONCURRENTLY a_n ON a (n)")
    found = only(recorder)
    assert (found.locks, found.built) == ({"a": "SHARE UPDATE EXCLUSIVE"}, {"a_n": "a"})
    run(recorder.connection, "DROP INDEX CONCURRENTLY a_n")
    assert recorder.statements[-1].locks == {"a": "SHARE UPDATE EXCLUSIVE"}
    run(recorder.connection, "VACUUM FULL a")
    assert (recorder.statements[-1].locks, recorder.statements[-1].rewritten) == ({"a": STRONG}, ["a"])


def test_new_tables_and_renamed_ones(recorder: Recorder) -> None:
    """New tables are none of the traffic's; a table keeps the name under which the traffic knows it."""
    run(recorder.connection, "CREATE TABLE c (id int REFERENCES a)", "ALTER TABLE a RENAME TO z", "LOCK TABLE z, c")
    made, renamed, locked = recorder.statements
    assert (made.made, made.locks) == (["c"], {"a": "SHARE ROW EXCLUSIVE"})
    assert renamed.locks == locked.locks == {"a": STRONG}
    run(recorder.connection, "CREATE INDEX CONCURRENTLY z_n ON z (n)")
    assert recorder.statements[-1].built == {"z_n": "a"}


def test_parameters_and_many_rows(recorder: Recorder) -> None:
    with recorder.connection.cursor() as cursor:
        cursor.execute("INSERT INTO a VALUES (%s, %s)", [11, 1])
        cursor.executemany("INSERT INTO a VALUES (%s, %s)", [(12, 1), (13, 1)])
        for _ in range(3):
            cursor.execute("SELECT 1")
    first, second, *rest = recorder.statements
    assert (first.written, second.written) == ({"a": 1}, {"a": 2})
    assert len(rest) == 3
    with transaction.atomic(using=recorder.connection.alias), recorder.connection.cursor() as cursor:
        for number in range(20, 25):
            cursor.execute("INSERT INTO a VALUES (%s, 1)", [number])
    assert (recorder.statements[-1].times, recorder.statements[-1].written) == (5, {"a": 5})


def test_outside_of_a_step_nothing_is_noted(recorder: Recorder) -> None:
    recorder.place = None
    run(recorder.connection, "LOCK TABLE a; SELECT 1", "VACUUM a")
    assert recorder.statements == []
    assert connections["own"] is recorder.connection
