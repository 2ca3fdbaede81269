"""The stall probe measures what traffic would have waited, and outlives the session that it asks with."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.engine.probe import Probe
from tests.support.database import Database
from tests.support.waiting import wait_until

END = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'livemigrations probe'
"""
WAITING = """
SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE a.datname = current_database() AND a.application_name = 'livemigrations probe' AND NOT l.granted
"""
STALL_S = 0.3
LATE_MS = 300  # a busy machine notices the end of a stall late


@pytest.fixture
def other(database: Database) -> Iterator[psycopg.Connection[Any]]:
    """Another session, and two tables."""
    with database.connect() as connection:
        connection.execute("CREATE TABLE place (n int); CREATE TABLE calm (n int)")
        yield connection


@pytest.fixture
def probe(connection: BaseDatabaseWrapper) -> Iterator[Probe]:
    """A probe that is closed at the end."""
    made = Probe(connection)
    try:
        yield made
    finally:
        made.close()
    assert not _probing()


def test_a_probe_whose_session_was_ended_asks_with_another(probe: Probe, other: psycopg.Connection[Any]) -> None:
    with probe.watch(("place",)):
        wait_until(lambda: probe.longest_ms)
        other.execute(END)
        wait_until(lambda: not _probing())
    with probe.watch(("place",)):
        wait_until(lambda: probe.longest_ms)


@pytest.mark.parametrize("mode", ["ACCESS EXCLUSIVE", "SHARE ROW EXCLUSIVE", "SHARE"])
def test_a_known_stall_is_measured(probe: Probe, other: psycopg.Connection[Any], database: Database, mode: str) -> None:
    """A lock that writers conflict with is held for 300 ms; the figure is that, within the slack of a busy machine."""
    with probe.watch(("place", "calm")):
        wait_until(lambda: probe.longest_ms)
        least, most = _stall(database, other, f"LOCK TABLE place IN {mode} MODE")
        wait_until(lambda: _no_probe_waits(other))
        time.sleep(0.05)
    assert probe.longest_ms is not None
    assert least - 20 <= probe.longest_ms <= most + LATE_MS, f"held for {least:.0f} to {most:.0f} ms"


def test_a_stall_that_outlasts_the_step_is_measured(
    probe: Probe, other: psycopg.Connection[Any], database: Database
) -> None:
    """The step ends while a probe still waits: its wait belongs to the step."""
    with probe.watch(("place",)):
        wait_until(lambda: probe.longest_ms)
        least, _ = _stall(database, other, "LOCK TABLE place IN ACCESS EXCLUSIVE MODE")
    assert probe.longest_ms is not None
    assert probe.longest_ms >= least - 20


def test_a_quiet_table_has_no_stall(probe: Probe, other: psycopg.Connection[Any], database: Database) -> None:
    """Neither readers nor writers stall a writer, and the stall of a table that is not watched does not count."""
    with database.connect(autocommit=False) as writer:
        writer.execute("INSERT INTO place VALUES (1)")
        writer.execute("LOCK TABLE calm IN ACCESS EXCLUSIVE MODE")
        with probe.watch(("place",)):
            wait_until(lambda: probe.longest_ms)
            time.sleep(0.1)
            assert other.execute(WAITING).fetchone() == (0,)
    assert probe.longest_ms is not None
    assert probe.longest_ms < LATE_MS


def test_a_step_does_not_inherit_the_stall_of_the_one_before(
    probe: Probe, other: psycopg.Connection[Any], database: Database
) -> None:
    with probe.watch(("place",)):
        wait_until(lambda: probe.longest_ms)
        least, _ = _stall(database, other, "LOCK TABLE place IN ACCESS EXCLUSIVE MODE")
        wait_until(lambda: _no_probe_waits(other))
    with probe.watch(("calm",)):
        wait_until(lambda: probe.longest_ms)
    assert probe.longest_ms is not None
    assert probe.longest_ms < least - 20


@pytest.mark.parametrize("tables", [(), ("place",)], ids=["no-table", "switched-off"])
def test_what_was_not_measured_has_no_figure(
    probe: Probe, other: psycopg.Connection[Any], settings: Any, tables: tuple[str, ...]
) -> None:
    """Nothing was measured, so that no report may claim a stall of 0.0 ms."""
    if tables:
        settings.LIVEMIGRATIONS_PROBE_INTERVAL_MS = 0
    with probe.watch(tables):
        pass
    assert probe.longest_ms is None


def _stall(database: Database, other: psycopg.Connection[Any], lock: str) -> tuple[float, float]:
    """Hold a lock until a probe has waited for 300 ms. Returns the least and the most that it may have waited."""
    with database.connect(autocommit=False) as holder:
        asked = time.perf_counter()
        holder.execute(lock.encode())
        wait_until(lambda: not _no_probe_waits(other))
        seen = time.perf_counter()
        time.sleep(STALL_S)
        released = time.perf_counter()
        holder.rollback()
        ended = time.perf_counter()
    return (released - seen) * 1000, (ended - asked) * 1000


def _no_probe_waits(other: psycopg.Connection[Any]) -> bool:
    return other.execute(WAITING).fetchone() == (0,)


def _probing() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "livemigrations-probe"]
