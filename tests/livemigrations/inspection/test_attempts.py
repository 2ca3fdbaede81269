"""Attempts: what the database refuses is told; what tells nothing of the schema is not taken for it."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.inspection.attempts import Attempt, Failure, attempt
from livemigrations.statements.tokens import split


def trying(connection: BaseDatabaseWrapper, sql: str) -> Failure | None:
    def work() -> None:
        with connection.cursor() as cursor:
            for statement in split(sql):
                cursor.execute(statement)

    return attempt(connection, Attempt("shop.Thing", "update", "n", work))


def test_an_attempt_leaves_nothing(connection: BaseDatabaseWrapper) -> None:
    assert trying(connection, "CREATE TABLE made (id int)") is None
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('made')")
        assert cursor.fetchone() == (None,)


def test_constraints_that_wait_are_asked_as_well(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE thing (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    failure = trying(connection, "INSERT INTO thing VALUES (1), (1)")
    assert failure is not None
    assert "thing_id_key" in failure.error
    assert "(1)" not in failure.error, "values are not shown"


def test_a_lost_connection_is_no_failure_of_the_release(connection: BaseDatabaseWrapper) -> None:
    with pytest.raises(OperationalError):
        trying(connection, "SELECT pg_terminate_backend(pg_backend_pid())")
