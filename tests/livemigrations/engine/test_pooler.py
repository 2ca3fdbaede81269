"""Poolers: a real PgBouncer in each of its modes, with and without traffic, and the direct alias around it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.engine.pooler import Way, way
from tests.livemigrations.inspection.quick import quick_site
from tests.livemigrations.site import Site
from tests.support.database import Database, fresh
from tests.support.pgbouncer import Pooled, pgbouncer

BASE = """
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True))]),
"""
CHANGES = """
live.AddIndex("Thing", models.Index(fields=["n"], name="thing_n")),
migrations.AddField("Thing", "u", models.IntegerField(null=True, unique=True)),
live.AddCheck("Thing", models.CheckConstraint(condition=Q(n__gt=0), name="thing_c")),
migrations.RunPython(lambda apps, editor: apps.get_model("shop", "Thing").objects.filter(id=1).update(u=5), migrations.RunPython.noop),
"""
ROWS = "INSERT INTO shop_thing (n) SELECT g FROM generate_series(1, 3000) g"
DIRECT = """
DATABASES["direct"] = {**DATABASES["default"]}
LIVEMIGRATIONS_DIRECT_ALIAS = {"default": "direct"}
"""


def through(connection: BaseDatabaseWrapper, pooled: Pooled) -> BaseDatabaseWrapper:
    connection.settings_dict = {**connection.settings_dict, "HOST": pooled.host, "PORT": pooled.port}
    return connection


def through_it(pooled: Pooled, database: Database) -> psycopg.Connection[Any]:
    """A client of the pooler."""
    where = f"host={pooled.host} port={pooled.port} user=teppan dbname={database.name}"
    return psycopg.connect(where, autocommit=True, prepare_threshold=None)


@contextmanager
def traffic(pooled: Pooled, database: Database, clients: int = 4) -> Iterator[None]:
    """Clients of the pooler that take and give back its servers all the time."""
    stop = threading.Event()

    def run() -> None:
        with through_it(pooled, database) as client:
            while not stop.is_set():
                client.execute("SELECT pg_sleep(0.0005)")

    threads = [threading.Thread(target=run) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def tables(database: Database) -> list[str]:
    with database.connect() as connection:
        query = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        return [row[0] for row in connection.execute(query)]


def test_direct(connection: BaseDatabaseWrapper) -> None:
    assert way(connection) == Way.DIRECT
    seen: list[str] = []
    with connection.execute_wrapper(_counting(seen)):
        way(connection)
    assert len(seen) == 1


def _counting(seen: list[str]) -> Any:
    def count(execute: Any, sql: str, *rest: Any) -> Any:
        seen.append(sql)
        return execute(sql, *rest)

    return count


@pytest.mark.parametrize(
    "more",
    [(), ("server_round_robin = 1",), ("default_pool_size = 1",), ("default_pool_size = 2", "reserve_pool_size = 0")],
    ids=["default", "round robin", "one", "two"],
)
def test_transaction_mode(connection: BaseDatabaseWrapper, database: Database, more: tuple[str, ...]) -> None:
    with pgbouncer(database, "transaction", *more) as pooled:
        assert way(through(connection, pooled)) == Way.TRANSACTION
        connection.close()


@pytest.mark.slow
def test_transaction_mode_with_traffic(connection: BaseDatabaseWrapper, database: Database) -> None:
    with pgbouncer(database, "transaction", "default_pool_size = 6") as pooled, traffic(pooled, database):
        through(connection, pooled)
        assert [way(connection) for _ in range(30)] == [Way.TRANSACTION] * 30
        connection.close()


def test_statement_mode(connection: BaseDatabaseWrapper, database: Database) -> None:
    with pgbouncer(database, "statement") as pooled:
        assert way(through(connection, pooled)) == Way.TRANSACTION
        connection.close()


@pytest.mark.slow
def test_session_mode(connection: BaseDatabaseWrapper, database: Database) -> None:
    with pgbouncer(database, "session") as pooled, traffic(pooled, database):
        through(connection, pooled)
        assert [way(connection) for _ in range(10)] == [Way.SESSION] * 10
        connection.close()


@pytest.mark.slow
def test_refused_by_name(site: Site) -> None:
    """Nothing is written, the message says what to add; looking is allowed."""
    site.shop(BASE)
    before = tables(site.database)
    with pgbouncer(site.database, "transaction") as pooled:
        site.set(pooled.settings())
        said = site.refused()
        assert "the database default is reached through a pooler in transaction mode" in said.lower()
        assert f"{site.database.name} at {pooled.host}:{pooled.port}" in said
        assert 'LIVEMIGRATIONS_DIRECT_ALIAS = {"default": "direct"}' in said
        assert tables(site.database) == before
        assert "shop.0001_step" in site.migrate("--plan").stdout
        assert site.manage("migrations", "status", check=False).returncode == 1
        assert tables(site.database) == before


SET_UP = ("search_path", "statement_timeout", "lock_timeout", "default_transaction_read_only", "row_security")


@pytest.mark.slow
def test_nothing_is_left_with_a_session_of_others(tmp_path: Path, database: Database) -> None:
    """What sets up its session is refused; what only looks leaves the pool's one session as it was."""
    with quick_site(tmp_path, database) as site, pgbouncer(database, "transaction", "default_pool_size = 1") as pooled:
        site.shop(BASE).migrate("-v0")
        site.set(pooled.settings())
        for command in ("adopt --dry-run", "compatible", "drift", "trace"):
            said = site.manage("migrations", *command.split(), check=False)
            assert (said.returncode, "a pooler in transaction mode" in said.stdout) == (1, True), command
        said = site.manage("backup", "create", check=False)
        assert (said.returncode, "a pooler in transaction mode" in said.stdout) == (1, True)
        for command in ("status", "plan", "history", "kept", "verify --save rows.json"):
            site.manage("migrations", *command.split())
        with through_it(pooled, database) as client:
            query = "SELECT name FROM pg_settings WHERE source = 'session' AND name = ANY (%s)"
            assert client.execute(query, [list(SET_UP)]).fetchall() == []


@pytest.mark.slow
def test_around_it(site: Site) -> None:
    """With a direct alias everything goes there, under the name of the alias that was asked for."""
    site.shop(BASE, CHANGES)
    with pgbouncer(site.database, "transaction", "server_round_robin = 1") as pooled:
        site.set(DIRECT).set(pooled.settings())
        said = site.migrate("shop", "0001").stdout
        assert "through a pooler in transaction mode: the alias direct is used instead" in said
        with site.database.connect() as connection:
            connection.execute(ROWS)
        with traffic(pooled, site.database, 2):
            site.migrate("-v0")
        with site.database.connect() as connection:
            assert connection.execute("SELECT u FROM shop_thing WHERE id = 1").fetchone() == (5,)
        assert {step["lane"] for step in site.steps("0002")} == {"instant", "online", "batch"}
        assert site.migrate("--sql").stdout.startswith("-- No migrations")


@pytest.mark.slow
def test_a_direct_alias_that_leads_elsewhere(site: Site) -> None:
    site.shop(BASE)
    with pgbouncer(site.database, "transaction") as pooled, fresh(site.database.server) as other:
        site.set(DIRECT).set(f"DATABASES['direct']['NAME'] = {other.name!r}").set(pooled.settings())
        assert "The alias direct" in (said := site.refused())
        assert f"leads to another database: {other.name}" in said
        site.set(f"DATABASES['direct']['NAME'] = {site.database.name!r}").set(pooled.settings("direct"))
        assert "is reached through a pooler in transaction mode as well" in site.refused()
        site.set("del DATABASES['direct']")
        assert "DATABASES has no such alias" in site.refused()


@pytest.mark.slow
def test_through_a_pooler_that_keeps_sessions(site: Site) -> None:
    site.shop(BASE, CHANGES)
    with pgbouncer(site.database, "session") as pooled:
        site.set(pooled.settings())
        site.migrate("shop", "0001", "-v0")
        with site.database.connect() as connection:
            connection.execute(ROWS)
        site.migrate("-v0")
        site.migrate("shop", "0001", "-v0")
    with pgbouncer(site.database, "session", "default_pool_size = 1") as pooled:
        site.set(pooled.settings())
        said = site.refused()
        assert "gave no second session" in said
        assert "a pool_size of at least 5" in said


OPTIONS = {
    "prepared by the server": "DATABASES['default'].setdefault('OPTIONS', {}).update(prepare_threshold=0, server_side_binding=True)",
    "for a pooler": "DATABASES['default'].update(DISABLE_SERVER_SIDE_CURSORS=True, CONN_MAX_AGE=60, ATOMIC_REQUESTS=True)",
}


@pytest.mark.slow
@pytest.mark.parametrize("line", OPTIONS.values(), ids=OPTIONS)
def test_options_of_a_connection(site: Site, line: str) -> None:
    """What people set for the sake of a pooler, or against it, changes nothing."""
    site.set(line).shop(BASE, CHANGES)
    site.migrate("shop", "0001", "-v0")
    with site.database.connect() as connection:
        connection.execute(ROWS)
    site.migrate("-v0")
    site.migrate("shop", "0001", "-v0")
