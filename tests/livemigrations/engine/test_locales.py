"""A server that speaks German: every way that depends on an error goes by its code, never by its words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.livemigrations import test_bad_input as bad_input
from tests.livemigrations.operations import test_adoption as adoption
from tests.livemigrations.site import Site
from tests.support.database import fresh
from tests.support.localized import localized
from tests.support.postgres import PgServer
from tests.support.roles import role
from tests.support.waiting import wait_until

BASE = """
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True))]),
"""
COLUMN = 'migrations.AddField("Thing", "x", models.IntegerField(null=True)),'
INDEX = 'live.AddIndex("Thing", models.Index(fields=["n"], name="thing_n")),'
ROWS = "INSERT INTO shop_thing (n) SELECT g FROM generate_series(1, 3000) g"


@pytest.fixture(scope="module")
def german_server() -> Iterator[PgServer]:
    """A server whose messages are German."""
    with localized("de_DE") as server:
        yield server


@pytest.fixture
def german(tmp_path: Path, german_server: PgServer) -> Iterator[Site]:
    """A project on a database of that server, which is not empty."""
    with fresh(german_server) as database:
        database.psql("CREATE TABLE older (id int)")
        yield Site(tmp_path, database).install()


def filled(site: Site, *steps: str) -> Site:
    site.shop(BASE, *steps)
    site.migrate("shop", "0001", "-v0")
    site.database.psql(ROWS)
    return site


def a_lock_comes_free_in_the_end(site: Site) -> None:
    """55P03 is tried again: a transaction that counts as short is asked, and asked again."""
    filled(site, COLUMN).set("LIVEMIGRATIONS_LONG_TRANSACTION_MS = 60000")
    asking = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'shop_thing'::regclass"
    with site.database.connect(autocommit=False) as holder, site.database.connect() as watching:
        holder.execute("SELECT count(*) FROM shop_thing")
        process = site.popen("migrate", "--no-input")
        wait_until(lambda: watching.execute(asking).fetchone() is not None)
        wait_until(lambda: watching.execute(asking).fetchone() is None)
        holder.rollback()
        said, _ = process.communicate(timeout=300)
        assert "OK" in said
        row = watching.execute("SELECT max(attempts) FROM livemigrations_step").fetchone()
        assert row is not None
        assert row[0] > 1


def a_step_fails_and_goes_on(site: Site) -> None:
    """The server's words are passed on as they are, with the code and the remedy in ours."""
    filled(site, f"{COLUMN}\nmigrations.RunSQL('SELECT 1 / (SELECT count(*) FROM older)', ''),")
    said = site.refused()
    assert "Division durch Null" in said
    assert "SQLSTATE 22012" in said
    assert "Remedy" in said
    site.database.psql("INSERT INTO older VALUES (1)")
    site.migrate("-v0")


def an_index_cut_off_is_built_again(site: Site) -> None:
    """A backend that is terminated leaves an invalid index; the next run settles it."""
    filled(site, INDEX)
    with site.database.connect(autocommit=False) as holder:
        holder.execute("INSERT INTO shop_thing (n) VALUES (1)")
        process = site.popen("migrate", "--no-input")
        with site.database.connect() as killer:
            building = (
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONC%'"
                " AND datname = current_database() AND pid <> pg_backend_pid()"
                " AND EXISTS (SELECT 1 FROM pg_class WHERE relname = 'thing_n')"
            )
            wait_until(lambda: killer.execute(building).fetchall())
        said, _ = process.communicate(timeout=300)
        assert process.returncode == 1, said
        assert "Traceback" not in said
        holder.rollback()
    site.migrate("-v0")
    assert site.manage("migrations", "status").returncode == 0


def a_role_lacks_rights(site: Site) -> None:
    filled(site, COLUMN)
    with role(site.database) as name:
        site.set(f"DATABASES['default']['USER'] = {name!r}")
        assert "DELETE, INSERT, SELECT, UPDATE on django_migrations" in site.refused()


def the_previous_release_is_tried(site: Site) -> None:
    filled(site, 'migrations.RenameField("Thing", "n", "m"),')
    done = site.manage("migrations", "compatible", "--all", check=False)
    assert done.returncode == 1
    assert "Spalte" in done.stdout


SCENES: dict[str, Callable[[Site], None]] = {
    "invalid index": bad_input.test_an_invalid_index_is_built_anew,
    "conflict": lambda site: adoption.test_a_conflict_is_compared_column_by_column(
        site, "ALTER TABLE shop_new ALTER count SET DEFAULT 3", ("there: integer NULL DEFAULT 3",)
    ),
    "lock": a_lock_comes_free_in_the_end,
    "failure": a_step_fails_and_goes_on,
    "cut off": an_index_cut_off_is_built_again,
    "rights": a_role_lacks_rights,
    "compatible": the_previous_release_is_tried,
}  # fmt: skip


def test_it_speaks_german(german_server: PgServer) -> None:
    with german_server.connect() as connection, pytest.raises(psycopg.errors.UndefinedTable, match="existiert nicht"):
        connection.execute("SELECT * FROM nowhere")


@pytest.mark.slow
@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_in_german(german: Site, scene: Callable[[Site], None]) -> None:
    scene(german)
