"""Scratch databases: as the original is, and gone whatever happens to their maker."""

from __future__ import annotations

import os
import signal
import threading

import pytest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

from livemigrations.catalog.relations import fetch
from livemigrations.errors import LiveMigrationError, MissingRights
from livemigrations.pgtools.scratch import PREFIX, scratch_database
from tests.livemigrations.site import Site, settings_for
from tests.support.database import Database
from tests.support.waiting import wait_until

MAKER = """
import os, subprocess, sys, time
from django.db import connection, connections
from livemigrations.pgtools.scratch import scratch_database
from tests.support.waiting import wait_until
with scratch_database(connection, purpose="test") as made:
    with made.cursor() as cursor:
        cursor.execute("CREATE TABLE t (id int)")
    {child}
    print(made.alias, flush=True)
    time.sleep(600)
"""


def oid(database: Database) -> int:
    with database.connect() as connection:
        row = connection.execute("SELECT oid::bigint FROM pg_database WHERE datname = current_database()").fetchone()
        assert row is not None
        return int(row[0])


def test_it_is_empty_known_everywhere_and_gone_afterwards(connection: BaseDatabaseWrapper, database: Database) -> None:
    with scratch_database(connection, purpose="Some Test!") as made:
        name = made.alias
        assert "_some_test_" in name
        assert database.scratches() == [name]
        assert fetch(made, "SELECT current_database()") == [(name,)]
        assert fetch(made, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == [(0,)]
        assert connections[name] is made
        assert name in list(connections)
        seen = []

        def look() -> None:
            seen.append(fetch(connections[name], "SELECT current_database()")[0][0])
            connections[name].close()

        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        assert seen == [name]
    assert database.scratches() == []
    assert name not in list(connections)


def test_it_goes_also_after_an_error_and_with_strangers_in_it(
    connection: BaseDatabaseWrapper, database: Database
) -> None:
    strangers = []

    def work() -> None:
        with scratch_database(connection, purpose="test") as made:
            strangers.append(database.server.connect(made.alias))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert database.scratches() == []
    strangers[0].close()


def test_encoding_locale_and_settings_are_those_of_the_original(
    any_database: Database, django_db_blocker: object
) -> None:
    server = any_database.server
    with server.connect() as admin:
        admin.execute("DROP DATABASE IF EXISTS latin")
        admin.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
        admin.execute("""ALTER DATABASE latin SET search_path TO "Odd Name", public""")
        admin.execute("ALTER DATABASE latin SET work_mem TO '7MB'")
        admin.execute("ALTER DATABASE latin SET my.setting TO 'it''s'")
    connections["latin"] = wrapper = connections["default"].copy(alias="latin")
    wrapper.settings_dict = settings_for(Database(server, "latin"))
    show = "SELECT current_setting('server_encoding'), current_setting('search_path'), current_setting('work_mem'),"
    show += " current_setting('my.setting'), (SELECT datcollate FROM pg_database WHERE datname = current_database())"
    try:
        with django_db_blocker.unblock(), scratch_database(wrapper, purpose="test") as made:  # type: ignore[attr-defined]
            assert fetch(made, show) == fetch(wrapper, show)
            assert fetch(made, show)[0][:2] == ("LATIN1", '"Odd Name", public')
    finally:
        wrapper.close()
        del connections["latin"]
        server.drop_database("latin")


@pytest.mark.parametrize("how", ["the process", "its whole group"])
def test_a_killed_maker_leaves_nothing(site: Site, database: Database, how: str) -> None:
    child = "child = subprocess.Popen(['sleep', '600'])" if how == "its whole group" else ""
    code = MAKER.format(child=child)
    with site.popen("shell", "--no-imports", "-v", "0", "-c", code, start_new_session=True) as maker:
        assert maker.stdout is not None
        name = maker.stdout.readline().strip()
        assert database.scratches() == [name]
        if how == "the process":
            os.kill(maker.pid, signal.SIGKILL)
        else:
            os.killpg(maker.pid, signal.SIGKILL)
        wait_until(lambda: database.scratches() == [])


def test_ctrl_c_leaves_nothing(site: Site, database: Database) -> None:
    with site.popen("shell", "--no-imports", "-v", "0", "-c", MAKER.format(child="")) as maker:
        assert maker.stdout is not None
        maker.stdout.readline()
        maker.send_signal(signal.SIGINT)
        maker.wait(300)
    assert database.scratches() == []


def test_what_a_dead_maker_left_is_swept_and_a_living_one_is_left_alone(
    site: Site, connection: BaseDatabaseWrapper, database: Database
) -> None:
    orphan = f"{PREFIX}_{oid(database)}_test_00000000"
    strangers = [f"{PREFIX}_is_not_ours", f"{PREFIX}_1_test_00000000"]  # 1 is template1: its makers cannot be seen here
    with database.server.connect() as admin:
        for name in [orphan, *strangers]:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        with site.popen("shell", "--no-imports", "-v", "0", "-c", MAKER.format(child="")) as maker:
            assert maker.stdout is not None
            living = maker.stdout.readline().strip()  # it swept before it made its own
            assert database.scratches() == [living]
            with scratch_database(connection, purpose="other") as made:
                assert sorted(database.scratches()) == sorted([living, made.alias])
            assert database.scratches() == [living]
            maker.kill()
        with database.connect() as admin:
            names = {row[0] for row in admin.execute("SELECT datname FROM pg_database")}
        assert names >= set(strangers)
    finally:
        for name in [orphan, *strangers]:
            database.server.drop_database(name)


def test_a_role_without_the_right_is_told(
    connection: BaseDatabaseWrapper, database: Database, settings: object
) -> None:
    with database.connect() as admin:
        admin.execute("DROP ROLE IF EXISTS humble")
        admin.execute("CREATE ROLE humble LOGIN")
    connections["humble"] = humble = connection.copy(alias="humble")
    humble.settings_dict["USER"] = "humble"
    try:
        said = r"role humble may not create databases.*LIVEMIGRATIONS_SCRATCH_ALIAS"
        with pytest.raises(MissingRights, match=said), scratch_database(humble, purpose="test"):
            pass
        settings.LIVEMIGRATIONS_SCRATCH_ALIAS = "nobody"  # type: ignore[attr-defined]
        said = r"'nobody', and DATABASES knows no such alias"
        with pytest.raises(LiveMigrationError, match=said), scratch_database(humble, purpose="test"):
            pass
        assert database.scratches() == []
    finally:
        humble.close()
        del connections["humble"]
        with database.connect() as admin:
            admin.execute("DROP ROLE humble")
