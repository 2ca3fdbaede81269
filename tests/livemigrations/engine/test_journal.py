"""The journal, where its connection is lost while it writes."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.bookkeeping import ensure_bookkeeping
from livemigrations.engine.journal import FORWARD, Journal, Operation
from livemigrations.engine.steps import Lane, Step


def test_what_ended_the_connection_is_what_is_told(connection: BaseDatabaseWrapper) -> None:
    ensure_bookkeeping(connection)
    journal = Journal(connection)
    journal.begin_run("migrate", "nobody")

    def end(cursor: Any) -> None:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(OperationalError, match="terminating connection due to administrator command"):
        journal.plan(Operation("shop", "0001", 0, "", ""), FORWARD, [Step("nothing", Lane.INSTANT)], end)
