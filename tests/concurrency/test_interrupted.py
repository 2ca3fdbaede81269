"""Connections, servers and people that break a run off, and code that changed meanwhile."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.concurrency import shop
from tests.concurrency.watch import active, eventually, holding
from tests.support.crashes import KILLED, assassin, damage
from tests.support.database import Database, fresh
from tests.support.postgres import Fleet, newest
from tests.support.project import Project, project

# The second column gets a transaction of its own, behind the rows that the first one's transaction writes.
ROWS = 'migrations.RunSQL("UPDATE shop_item SET name = name WHERE id = 1", ""),'
HALF = (shop.COLUMN, ROWS, shop.SECOND_COLUMN, shop.INDEX)


def _die_half_way(database: Database, folder: Path) -> Project:
    """Leave a migration of which the first operation is done and the second is not."""
    made = shop.shop(database, folder, *HALF)
    with assassin(database, cwd=folder, environment=made.environment()) as run:
        for statements in range(6, 40):
            end = run.run("migrate", statements=statements)
            if "note" in shop.columns(database):
                break
            assert end.code == KILLED, end.output
    assert "remark" not in shop.columns(database)
    return made


@pytest.mark.slow
def test_a_migration_edited_half_way_is_refused(database: Database, tmp_path: Path) -> None:
    made = _die_half_way(database, tmp_path)
    edited = shop.COLUMN.replace("TextField(null=True)", "IntegerField(null=True)")
    made.migration("shop", "0002_second", shop.second(edited, *HALF[1:]))
    for command in (("migrate",), ("migrate", "--back", "1")):
        refused = made.manage(*command, check=False)
        assert refused.returncode == 1
        assert "TextField" in refused.stderr
        assert "IntegerField" in refused.stderr
        assert "shop.0002_second" in refused.stderr
        assert "Traceback" not in refused.stderr
    assert shop.recorded(database) == ["0001_initial"]
    made.migration("shop", "0002_second", shop.second(*HALF)).manage("migrate")
    assert shop.columns(database)[-2:] == ["note", "remark"]
    assert damage(database) == {}


@pytest.mark.slow
def test_an_operation_that_was_not_begun_may_be_edited(database: Database, tmp_path: Path) -> None:
    made = _die_half_way(database, tmp_path)
    made.migration("shop", "0002_second", shop.second(shop.COLUMN, ROWS)).manage("migrate")
    assert shop.recorded(database) == ["0001_initial", "0002_second"]
    assert damage(database) == {}


@pytest.mark.slow
def test_an_app_that_the_code_no_longer_has(database: Database, tmp_path: Path) -> None:
    made = _die_half_way(database, tmp_path)
    made.app("other", migrations={"0001_initial": shop.INITIAL.replace("shop.item", "other.item")})
    made.without("shop").manage("migrate")
    assert shop.columns(database, "other_item") == ["id", "name"]
    assert "0001_initial" in made.manage("migrate", "--back", "1").stdout
    assert shop.columns(database, "other_item") == []
    assert "note" in shop.columns(database)


def _backend(database: Database, application: str = "") -> int:
    """The backend of the run's own connection: the one that planned the step."""
    with database.connect() as connection:
        row = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend' AND application_name = %s",
            [application],
        ).fetchone()
        assert row is not None
        return int(row[0])


@pytest.mark.slow
def test_the_connection_is_terminated(database: Database, tmp_path: Path) -> None:
    made = shop.shop(database, tmp_path, shop.COLUMN)
    with holding(database, shop.HOLD), made.popen("migrate") as run:
        eventually(lambda: shop.planned(database))
        database.psql(f"SELECT pg_terminate_backend({_backend(database)})")
        output = run.communicate(timeout=300)[0]
    assert run.returncode == 1, output
    assert "migrate again" in output
    assert "Traceback" not in output
    made.manage("migrate")
    assert damage(database) == {}


@pytest.mark.slow
def test_the_heartbeat_alone_is_terminated(database: Database, tmp_path: Path) -> None:
    made = shop.shop(database, tmp_path, shop.COLUMN, extra="LIVEMIGRATIONS_LEASE_TTL_S = 2")
    with holding(database, shop.HOLD) as holder, made.popen("migrate") as run:
        eventually(lambda: shop.planned(database))
        first = _backend(database, "livemigrations lease")
        database.psql(f"SELECT pg_terminate_backend({first})")
        eventually(lambda: _beats_again(database, first))
        holder.rollback()
        output = run.communicate(timeout=300)[0]
    assert run.returncode == 0, output
    assert damage(database) == {}


def _beats_again(database: Database, first: int) -> bool:
    with database.connect() as connection:
        row = connection.execute("SELECT backend_pid FROM livemigrations_lease").fetchone()
        return row is not None and row[0] != first


@pytest.mark.slow
def test_interrupted_from_the_keyboard(database: Database, tmp_path: Path) -> None:
    made = shop.shop(database, tmp_path, shop.COLUMN, shop.INDEX)
    with holding(database, shop.HOLD), made.popen("migrate") as run:
        eventually(lambda: shop.planned(database))
        run.send_signal(signal.SIGINT)
        output = run.communicate(timeout=300)[0]
    assert run.returncode not in (0, None)
    assert "run migrate again" in output
    assert "Traceback" not in output
    made.manage("migrate")
    assert damage(database) == {}


ASLEEP = """
import os, signal, threading


def leave(editor):
    editor.connection.connection.pgconn.send_query(b"SELECT pg_sleep(600)")
    raise KeyboardInterrupt


def in_a_statement(apps, editor):
    leave(editor)


def in_the_commit(apps, editor):
    editor.connection._commit = lambda: leave(editor)


def before_the_server_reads_it(apps, editor):
    pid = editor.connection.connection.info.backend_pid
    os.kill(pid, signal.SIGSTOP)
    threading.Timer(0.4, os.kill, (pid, signal.SIGCONT)).start()
    leave(editor)
"""


@pytest.mark.slow
@pytest.mark.parametrize("code", ["in_a_statement", "in_the_commit", "before_the_server_reads_it"])
@pytest.mark.parametrize("empty", [False, True], ids=["populated", "empty"])
def test_interrupted_before_an_answer_is_awaited(database: Database, tmp_path: Path, empty: bool, code: str) -> None:
    """Nothing more can be sent then: that complaint of the driver's is not what is told, and nothing goes on running."""
    made = project(database, tmp_path).app("shop", migrations={"0001_initial": shop.INITIAL})
    if not empty:
        made.manage("migrate", "-v0")
    operations = shop.second(shop.COLUMN, f"migrations.RunPython({code})")
    made.migration("shop", "0002_second", ASLEEP + operations)
    done = made.manage("migrate", check=False)
    assert done.returncode == 130, done.stdout + done.stderr
    assert "run migrate again" in done.stdout
    assert "autocommit" not in done.stdout + done.stderr
    eventually(lambda: active(database, "pg_sleep") == [])
    with database.connect() as connection:
        outcomes = connection.execute("SELECT outcome FROM livemigrations_run ORDER BY id DESC LIMIT 1").fetchall()
        assert outcomes == [("failed",)]
    made.migration("shop", "0002_second", f"def {code}(apps, editor):\n    pass\n{operations}")
    made.manage("migrate")
    assert damage(database) == {}


EARLY = """
from django.db.models.signals import pre_migrate


def stop(**keywords):
    raise KeyboardInterrupt


pre_migrate.connect(stop)
"""


@pytest.mark.slow
def test_interrupted_before_the_first_step(database: Database, tmp_path: Path) -> None:
    made = project(database, tmp_path).app("shop", models=EARLY, migrations={"0001_initial": shop.INITIAL})
    done = made.manage("migrate", check=False)
    assert done.returncode == 130
    assert "Interrupted. Nothing was changed." in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_interrupted_while_a_concurrent_index_waits(database: Database, tmp_path: Path) -> None:
    made = shop.shop(database, tmp_path, shop.INDEX)
    snapshot = ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1 FROM shop_order LIMIT 1")
    with holding(database, *snapshot), made.popen("migrate") as run:
        eventually(lambda: shop.indexes(database).get("item_name") is False)
        run.send_signal(signal.SIGINT)
        output = run.communicate(timeout=300)[0]
    assert "run migrate again" in output
    made.manage("migrate")
    assert shop.indexes(database)["item_name"]
    assert damage(database) == {}


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A server that this test may crash."""
    fleet = Fleet.create()
    try:
        yield fleet
    finally:
        fleet.stop()


@pytest.mark.slow
def test_the_server_crashes(own_server: Fleet, tmp_path: Path) -> None:
    """A backend that is killed makes the postmaster throw everybody out and recover from the log."""
    server = own_server.server(newest())
    with fresh(server) as database:
        made = shop.shop(database, tmp_path, shop.COLUMN, shop.INDEX)
        database.psql("CHECKPOINT")  # or a crash takes back the sequences of a copied database, which are logged ahead
        with holding(database, shop.HOLD) as holder, made.popen("migrate") as run:
            eventually(lambda: shop.planned(database))
            os.kill(holder.info.backend_pid, signal.SIGKILL)
            output = run.communicate(timeout=300)[0]
            holder.close()
        eventually(lambda: _is_up(database))
        assert run.returncode == 1, output
        assert "migrate again" in output
        assert "Traceback" not in output
        made.manage("migrate")
        assert "note" in shop.columns(database)
        assert shop.indexes(database)["item_name"]
        assert damage(database) == {}


def _is_up(database: Database) -> bool:
    try:
        database.connect().close()
    except psycopg.OperationalError:
        time.sleep(0.1)
        return False
    return True
