"""The stall probe outlives the session that it asks with."""

from __future__ import annotations

import threading

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.engine.probe import Probe
from tests.support.database import Database
from tests.support.waiting import wait_until

END = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'livemigrations probe'
"""


def test_a_probe_whose_session_was_ended_asks_with_another(database: Database, connection: BaseDatabaseWrapper) -> None:
    probe = Probe(connection)
    with database.connect() as other:
        other.execute("CREATE TABLE place (n int)")
        try:
            with probe.watch(("place",)):
                wait_until(lambda: probe.longest_ms)
                other.execute(END)
                wait_until(lambda: not _probing())
            with probe.watch(("place",)):
                wait_until(lambda: probe.longest_ms)
        finally:
            probe.close()
    assert not _probing()


def _probing() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "livemigrations-probe"]
