"""Operations that Django itself cannot perform, reported in words instead of a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.core.management.base import CommandError
from django.db import InterfaceError, OperationalError
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from livemigrations.engine.connections import sqlstate
from livemigrations.errors import RefusedByDjango

_OF_THE_CONNECTION = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)


@contextmanager
def refused_by_django(operation: Operation) -> Iterator[None]:
    """Raise what Django's state or schema editor raises inside the block as ``RefusedByDjango``.

    Errors of the engine and of the server stay as they are.
    """
    try:
        yield
    except (CommandError, *_OF_THE_CONNECTION):
        raise
    except Exception as error:
        if sqlstate(error):
            raise
        raise RefusedByDjango(operation.describe(), error) from error


def advance(operation: Operation, app: str, state: ProjectState) -> None:
    """Take the state over an operation and render its models. Raises ``RefusedByDjango`` where Django cannot."""
    with refused_by_django(operation):
        operation.state_forwards(app, state)
        state.apps  # noqa: B018 - rendered here, before any operation of the migration runs
