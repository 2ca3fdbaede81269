"""What is reported as something that Django cannot do, and what is not."""

from __future__ import annotations

from contextlib import AbstractContextManager

import psycopg
import pytest
from django.core.exceptions import FieldError
from django.db import OperationalError, ProgrammingError
from django.db.migrations import RunSQL

from livemigrations.engine.beyond_django import refused_by_django
from livemigrations.errors import MigrationRefused, RefusedByDjango

OPERATION = RunSQL("SELECT 1")


@pytest.mark.parametrize(
    "error", [FieldError("x"), LookupError("x"), psycopg.ProgrammingError("x"), ProgrammingError("x"), TypeError("x")]
)
def test_errors_of_django_and_the_driver_are_reported(error: Exception) -> None:
    with pytest.raises(RefusedByDjango, match=r"Django cannot do this \(Raw SQL operation\)") as caught, _inside():
        raise error
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("the connection is lost"),
        psycopg.OperationalError("the connection is lost"),
        psycopg.errors.UndefinedTable("no such table"),
        MigrationRefused("x", "y"),
        KeyboardInterrupt(),
    ],
)
def test_errors_of_the_server_and_the_engine_stay_as_they_are(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, _inside():
        raise error
    assert caught.value is error


def _inside() -> AbstractContextManager[None]:
    return refused_by_django(OPERATION)
