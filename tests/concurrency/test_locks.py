"""Which locks are taken and asked for, as a second session sees them in pg_locks."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.concurrency import shop
from tests.concurrency.watch import STRENGTH, Seen, active, eventually, holding, locks
from tests.support.crashes import damage
from tests.support.database import Database

WEAK = "ShareUpdateExclusiveLock"
OLD_SNAPSHOT = ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1 FROM django_migrations")
BUDGET_S = 0.05
GRACE_S = 1  # a busy server notices the end of a timeout late


def _at_most(mode: str, wanted: str) -> bool:
    return STRENGTH.index(mode) <= STRENGTH.index(wanted)


def _watch(seen: Seen) -> None:
    """Look for longer than a request may wait, and often, however busy the machine is."""
    start, until = seen.samples, time.monotonic() + BUDGET_S + 1.5 * GRACE_S
    eventually(lambda: seen.samples > start + 100 and time.monotonic() > until)


@pytest.mark.slow
@pytest.mark.parametrize("operation", [shop.INDEX, shop.UNIQUE], ids=["index", "unique"])
def test_an_index_stops_nobody(database: Database, tmp_path: Path, operation: str) -> None:
    """A snapshot keeps the build in its second phase, so that the strongest lock of the build is surely seen."""
    made = shop.shop(database, tmp_path, operation)
    with holding(database, *OLD_SNAPSHOT) as holder, made.popen("migrate") as run:
        with locks(database, "shop_item") as seen:
            eventually(lambda: WEAK in seen.modes.get("shop_item", ()) and active(database, "CONCURRENTLY"))
            with database.connect() as writer:
                writer.execute("SET statement_timeout = '30s'")
                writer.execute("INSERT INTO shop_item (name) VALUES ('written meanwhile')")
        holder.rollback()
        output = run.communicate(timeout=300)[0]
    assert run.returncode == 0, output
    assert _at_most(seen.strongest("shop_item"), WEAK), seen.modes


@pytest.mark.slow
def test_a_key_takes_no_access_exclusive_lock(database: Database, tmp_path: Path) -> None:
    made = shop.shop(database, tmp_path, shop.KEY)
    with locks(database, "shop_item", "shop_order") as seen:
        made.manage("migrate")
    assert seen.samples
    assert _at_most(seen.strongest("shop_order"), "ShareRowExclusiveLock"), seen.modes
    assert _at_most(seen.strongest("shop_item"), "ShareRowExclusiveLock"), seen.modes


@pytest.mark.slow
def test_nobody_queues_behind_a_reader(database: Database, tmp_path: Path) -> None:
    made = shop.shop(database, tmp_path, shop.COLUMN)
    with holding(database, shop.HOLD, name="nightly report") as holder, made.popen("migrate") as run:
        with locks(database, "shop_item") as seen:
            eventually(lambda: shop.planned(database))
            _watch(seen)
            with database.connect() as reader:
                reader.execute("SET lock_timeout = '30s'")
                reader.execute(shop.HOLD)
        assert run.poll() is None
        pid = holder.info.backend_pid
        holder.rollback()
        output = run.communicate(timeout=300)[0]
    assert run.returncode == 0, output
    assert seen.longest_wait_s < BUDGET_S + GRACE_S
    assert f"pid {pid}" in output
    assert "nightly report" in output
    assert shop.HOLD in output
    assert "note" in shop.columns(database)


@pytest.mark.slow
def test_a_lock_that_never_comes_free(database: Database, tmp_path: Path) -> None:
    made = shop.shop(database, tmp_path, shop.COLUMN, shop.INDEX, extra="LIVEMIGRATIONS_LOCK_DEADLINE_S = 1")
    with holding(database, shop.HOLD, name="never ends") as holder:
        stopped = made.manage("migrate", check=False)
        pid = holder.info.backend_pid
    assert stopped.returncode == 1
    for word in (f"pid {pid}", "never ends", shop.HOLD, "pg_terminate_backend", "migrate again"):
        assert word in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert "note" not in shop.columns(database)
    made.manage("migrate")
    assert "note" in shop.columns(database)
    assert shop.indexes(database)["item_name"]
    assert damage(database) == {}


@pytest.mark.slow
@pytest.mark.parametrize("operation", [shop.INDEX, shop.KEY], ids=["index", "key"])
def test_the_online_lane_names_its_blocker_and_keeps_the_deadline(
    database: Database, tmp_path: Path, operation: str
) -> None:
    made = shop.shop(database, tmp_path, operation, extra="LIVEMIGRATIONS_LOCK_DEADLINE_S = 1")
    both = "LOCK TABLE shop_item, shop_order IN SHARE UPDATE EXCLUSIVE MODE"
    with holding(database, both, name="by hand"):
        stopped = made.manage("migrate", check=False)
    assert stopped.returncode == 1
    assert "by hand" in stopped.stderr
    made.manage("migrate")
    assert damage(database) == {}


@pytest.mark.slow
@pytest.mark.parametrize("operation", [shop.COLUMN, shop.INDEX, shop.KEY], ids=["column", "index", "key"])
def test_goes_on_when_a_maintenance_lock_ends(database: Database, tmp_path: Path, operation: str) -> None:
    """The lock of VACUUM and ANALYZE: it stops no traffic, and the migration stops none while it waits for it."""
    made = shop.shop(database, tmp_path, operation)
    both = "LOCK TABLE shop_item, shop_order IN SHARE UPDATE EXCLUSIVE MODE"
    with holding(database, both, name="vacuum by hand") as holder, made.popen("migrate") as run:
        with locks(database, "shop_item", "shop_order") as seen:
            eventually(lambda: shop.planned(database))
            _watch(seen)
        assert run.poll() is None
        holder.rollback()
        output = run.communicate(timeout=300)[0]
    assert run.returncode == 0, output
    assert "vacuum by hand" in output
    assert seen.longest_wait_s < BUDGET_S + GRACE_S
    assert damage(database) == {}


@pytest.mark.slow
def test_a_concurrent_index_names_the_snapshot_that_it_waits_for(database: Database, tmp_path: Path) -> None:
    made = shop.shop(database, tmp_path, shop.INDEX)
    with holding(database, *OLD_SNAPSHOT, name="old snapshot") as holder:
        eventually(lambda: _age_s(database, "old snapshot") > 1.2)
        with made.popen("migrate") as run:
            eventually(lambda: shop.indexes(database).get("item_name") is False)
            pid = holder.info.backend_pid
            holder.rollback()
            output = run.communicate(timeout=300)[0]
    assert run.returncode == 0, output
    assert f"pid {pid}" in output
    assert "old snapshot" in output
    assert shop.indexes(database)["item_name"]


def _age_s(database: Database, application: str) -> float:
    with database.connect() as connection:
        row = connection.execute(
            "SELECT extract(epoch FROM clock_timestamp() - xact_start)::float8 FROM pg_stat_activity"
            " WHERE application_name = %s",
            [application],
        ).fetchone()
    return float(row[0]) if row else 0.0


@pytest.mark.slow
def test_the_victim_of_a_deadlock_tries_again(database: Database, tmp_path: Path) -> None:
    update = "migrations.RunSQL(\"UPDATE shop_item SET name = 'migrated' WHERE id IN (1, 2)\", migrations.RunSQL.noop),"
    made = shop.shop(database, tmp_path, update, extra="LIVEMIGRATIONS_DATA_LOCK_TIMEOUT_MS = 60000")
    with holding(database, "SET deadlock_timeout = '60s'") as other:
        other.execute("UPDATE shop_item SET name = 'traffic' WHERE id = 2")
        with made.popen("migrate", "-v", "2") as run:
            eventually(lambda: active(database, "UPDATE shop_item SET name = 'migrated'"))
            other.execute("UPDATE shop_item SET name = 'traffic' WHERE id = 1")
            other.commit()
            output = run.communicate(timeout=300)[0]
    assert run.returncode == 0, output
    with database.connect() as connection:
        assert connection.execute("SELECT max(attempts) FROM livemigrations_step").fetchall() == [(2,)]
        names = connection.execute("SELECT name FROM shop_item WHERE id IN (1, 2)").fetchall()
    assert names == [("migrated",), ("migrated",)]
