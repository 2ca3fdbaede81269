"""Questions about rows, asked before a step."""

from __future__ import annotations

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.engine.reporter import Silent
from livemigrations.engine.runner import ask
from livemigrations.engine.session import Session
from livemigrations.engine.steps import RowCheck
from livemigrations.errors import RowsInTheWay


def test_a_question_may_take_longer_than_the_roles_statements(connection: BaseDatabaseWrapper) -> None:
    slow = RowCheck("SELECT 3 FROM pg_sleep(0.3)", "SELECT 'a row'", "{count} rows", "mend them")
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 50")
    with pytest.raises(RowsInTheWay, match="3 rows"):
        ask(Session(connection, Silent()), slow)
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("50ms",)
