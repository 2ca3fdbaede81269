"""Template databases: filled once, copied for each test, and never left half filled."""

from __future__ import annotations

import psycopg
import pytest

from tests.support import templates
from tests.support.database import Database, fresh
from tests.support.postgres import PgServer


def test_a_template_is_filled_once_and_its_copies_are_apart(pg_server: PgServer, database: Database) -> None:
    filled: list[str] = []

    def fail(made: Database) -> None:
        made.psql("CREATE TABLE half (n int)")
        raise ZeroDivisionError

    def make(made: Database) -> None:
        made.psql("CREATE TABLE whole (n int)")
        filled.append(made.name)

    name = f"test_{database.name}"
    try:
        with pytest.raises(ZeroDivisionError):
            templates.template(pg_server, name, fail)
        for _ in range(2):
            templates.fill(database, name, make)
            database.psql("INSERT INTO whole VALUES (1)")
        assert len(filled) == 1
        assert database.psql("SELECT count(*) FROM whole") == "1\n"
        with fresh(pg_server, templates.template(pg_server, name, make)) as other:
            assert other.psql("SELECT count(*), to_regclass('half') FROM whole") == "0|\n"
        with pytest.raises(psycopg.OperationalError, match="not currently accepting connections"):
            pg_server.connect(f"template_{name}")
    finally:
        pg_server.drop_database(f"template_{name}")


@pytest.mark.slow
def test_the_demo(pg_server: PgServer) -> None:
    with fresh(pg_server, templates.demo(pg_server)) as made:
        assert made.psql("SELECT count(*) FROM bookings") == "600\n"
    with fresh(pg_server, templates.migrated(pg_server)) as made:
        assert made.psql("SELECT count(*) FROM bookings") == "0\n"
