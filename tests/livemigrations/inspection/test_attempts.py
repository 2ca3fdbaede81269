"""Attempts: what the database refuses is told; what tells nothing of the schema is not taken for it."""

from __future__ import annotations

import pytest
from django.core.exceptions import FieldDoesNotExist
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


def test_a_field_that_finds_not_all_it_looks_for_cannot_be_tried(connection: BaseDatabaseWrapper) -> None:
    """A migration's state has no generic keys, and a package's own kind of field may follow one."""

    def work() -> None:
        raise FieldDoesNotExist("TaggedItem has no field named 'content_object'")

    failure = attempt(connection, Attempt("shop.Thing", "read", "by tags", work))
    assert failure == Failure("", "FieldDoesNotExist: TaggedItem has no field named 'content_object'")


def test_a_lost_connection_is_no_failure_of_the_release(connection: BaseDatabaseWrapper) -> None:
    with pytest.raises(OperationalError):
        trying(connection, "SELECT pg_terminate_backend(pg_backend_pid())")
