"""The migration to Sprint 2 while customers book and reports are read."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

from livemigrations.catalog.snapshot import differences
from tests.support.crashes import damage
from tests.support.database import Database
from tests.support.fixtures import Catalog

INSERT = (
    "INSERT INTO bookings (id, customer_id, event_starts_at, guests_adult)"
    " SELECT %s, id, now(), 12 FROM customers ORDER BY random() LIMIT 1"
)
UPDATE = "UPDATE bookings SET special_requests = 'window seat' WHERE id = %s"


@dataclass
class Traffic:
    """What the writers did: the rows that they committed and the errors that they got."""

    written: list[uuid.UUID] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    reports: int = 0


@contextmanager
def traffic(database: Database) -> Iterator[Traffic]:
    """Three writers and a stream of reports that keep bookings open for half a second each."""
    seen, done = Traffic(), threading.Event()

    def write() -> None:
        with database.connect(application_name="test writer") as connection:
            connection.execute("SET statement_timeout = '60s'")
            while not done.is_set():
                key = uuid.uuid4()
                try:
                    connection.execute(INSERT, [key])
                    seen.written.append(key)
                    connection.execute(UPDATE, [key])
                except psycopg.Error as error:
                    seen.errors.append(str(error))
                time.sleep(0.005)

    def read() -> None:
        with database.connect(autocommit=False, application_name="test report") as connection:
            while not done.is_set():
                connection.execute("SELECT count(*) FROM bookings")
                done.wait(0.5)
                connection.rollback()
                seen.reports += 1
                done.wait(0.2)

    threads = [threading.Thread(target=work) for work in (write, write, write, read)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        done.set()
        for thread in threads:
            thread.join()


@pytest.mark.slow
def test_traffic_notices_nothing(legacy_database: Database, sprint_2_catalog: dict[str, Any], catalog: Catalog) -> None:
    with traffic(legacy_database) as seen:
        legacy_database.manage("migrate", "--sprint", "2", "--no-input")
        forwards = len(seen.written)
        legacy_database.manage("migrate", "--back", "all", "--no-input")
        legacy_database.manage("migrate", "--sprint", "2", "--no-input")
    assert seen.errors == []
    assert seen.reports
    assert 0 < forwards < len(seen.written)
    with legacy_database.connect() as connection:
        row = connection.execute(
            "SELECT count(*) FROM bookings WHERE id = ANY (%s) AND special_requests = 'window seat'", [seen.written]
        ).fetchone()
    assert row == (len(seen.written),)
    assert differences(catalog(legacy_database), sprint_2_catalog) == []
    assert damage(legacy_database, passages=2) == {}
