"""Which locks are taken and waited for: others hold conflicting locks, and PostgreSQL logs every wait."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.concurrency import shop
from tests.concurrency.watch import active, eventually, holding, lock_waits
from tests.support.crashes import damage
from tests.support.database import Database

OLD_SNAPSHOT = ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1 FROM django_migrations")
READS = ("SELECT 1 FROM shop_item LIMIT 1", "SELECT 1 FROM shop_order LIMIT 1")
WRITES = ("INSERT INTO shop_item (name) VALUES ('open')", "INSERT INTO shop_order (name, item_id) VALUES ('open', 1)")
BOTH = "LOCK TABLE shop_item, shop_order IN {} MODE"
SOON = "LIVEMIGRATIONS_LOCK_DEADLINE_S = 2"
WITHOUT_LOOKING = f"{shop.UNTIL_LOCKED}; LIVEMIGRATIONS_LOCK_BUDGET_MS = 20"


@pytest.mark.slow
@pytest.mark.parametrize("operation", [shop.INDEX, shop.UNIQUE], ids=["index", "unique"])
def test_an_index_is_built_beside_a_writer(database: Database, tmp_path: Path, operation: str) -> None:
    """The build takes a lock that writers do not conflict with, although it waits for their transactions to end."""
    made = shop.shop(database, tmp_path, operation)
    with lock_waits(database) as waits, holding(database, *WRITES) as holder, made.popen("migrate") as run:
        eventually(lambda: False in shop.indexes(database).values())
        with database.connect() as writer:
            writer.execute("BEGIN; LOCK TABLE shop_item IN ROW EXCLUSIVE MODE NOWAIT; ROLLBACK")
            writer.execute("INSERT INTO shop_item (name) VALUES ('written meanwhile')")
        holder.rollback()
        output = run.communicate(timeout=300)[0]
    assert run.returncode == 0, output
    assert waits.of("AccessExclusiveLock") == []
    assert waits.of("ShareLock") == [], "a writer waited"


@pytest.mark.slow
def test_an_index_stops_nobody_in_its_second_phase(database: Database, tmp_path: Path) -> None:
    made = shop.shop(database, tmp_path, shop.INDEX)
    with holding(database, *OLD_SNAPSHOT) as holder, made.popen("migrate") as run:
        eventually(lambda: shop.indexes(database).get("item_name") is False and active(database, "CONCURRENTLY"))
        with database.connect() as writer:
            writer.execute("BEGIN; LOCK TABLE shop_item IN ROW EXCLUSIVE MODE NOWAIT; ROLLBACK")
            writer.execute("INSERT INTO shop_item (name) VALUES ('written meanwhile')")
        holder.rollback()
        output = run.communicate(timeout=300)[0]
    assert run.returncode == 0, output


@pytest.mark.slow
@pytest.mark.parametrize(
    "operation",
    [shop.KEY, shop.INDEX],
    ids=["key", "index"],
)
def test_a_reader_does_not_delay_what_needs_no_access_exclusive_lock(
    database: Database, tmp_path: Path, operation: str
) -> None:
    """Readers conflict with ACCESS EXCLUSIVE alone: with readers on both tables, nothing else has to wait."""
    made = shop.shop(database, tmp_path, operation, extra=SOON)
    with holding(database, *READS, name="long report"):
        done = made.manage("migrate", check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("operation", [shop.COLUMN, shop.UNIQUE], ids=["column", "unique"])
def test_a_reader_delays_what_needs_an_access_exclusive_lock(
    database: Database, tmp_path: Path, operation: str
) -> None:
    """The positive control of the test above."""
    made = shop.shop(database, tmp_path, operation, extra=SOON)
    with holding(database, *READS, name="long report"):
        stopped = made.manage("migrate", check=False)
    assert stopped.returncode == 1
    assert "long report" in stopped.stderr


@pytest.mark.slow
def test_a_key_is_validated_beside_a_writer(database: Database, tmp_path: Path) -> None:
    """Adding the key needs a moment without writers; its validation needs none."""
    made = shop.shop(database, tmp_path, shop.KEY, extra="LIVEMIGRATIONS_LOCK_DEADLINE_S = 60")
    with holding(database, *WRITES, name="long write") as holder, made.popen("migrate") as run:
        eventually(lambda: shop.planned(database))
        with database.connect() as other:
            other.execute("BEGIN; LOCK TABLE shop_item IN ROW EXCLUSIVE MODE NOWAIT; ROLLBACK")
        holder.rollback()
        holder.execute("SELECT id FROM shop_item LIMIT 1 FOR UPDATE")  # a writer's lock that the validation allows
        output = run.communicate(timeout=300)[0]
    assert run.returncode == 0, output


@pytest.mark.slow
def test_nobody_queues_behind_a_reader(database: Database, tmp_path: Path) -> None:
    """The engine looks first: while the reader stays it does not ask for the lock, so that nobody waits at all."""
    made = shop.shop(database, tmp_path, shop.COLUMN)
    with lock_waits(database) as waits, holding(database, shop.HOLD, name="nightly report") as holder:
        pid = holder.info.backend_pid
        with made.popen("migrate") as run:
            line = eventually(lambda: _says(run, f"pid {pid}"))
            with database.connect() as reader:
                reader.execute("SET lock_timeout = '30s'")
                reader.execute(shop.HOLD)
            assert run.poll() is None
            asked = waits.all()
            holder.rollback()
            output = line + run.communicate(timeout=300)[0]
    assert run.returncode == 0, output
    assert asked == []
    assert "nightly report" in output
    assert shop.HOLD in output
    assert "note" in shop.columns(database)


@pytest.mark.slow
def test_a_request_for_a_lock_is_short_and_the_pauses_are_long(database: Database, tmp_path: Path) -> None:
    """Without the look-ahead the engine asks in vain, each time within the budget, and pauses longer and longer."""
    made = shop.shop(database, tmp_path, shop.COLUMN, extra=WITHOUT_LOOKING)
    with lock_waits(database) as waits, holding(database, shop.HOLD) as holder, made.popen("migrate") as run:
        eventually(lambda: len(waits.timeouts()) >= 3)
        with pytest.raises(AssertionError):
            eventually(lambda: run.poll() is not None, within_s=3)
        holder.rollback()
        output = run.communicate(timeout=300)[0]
    assert run.returncode == 0, output
    assert 3 <= len(waits.timeouts()) <= 40, "three seconds of requests without pauses are more than a hundred"
    with database.connect() as connection:
        row = connection.execute("SELECT max(attempts) FROM livemigrations_step").fetchone()
    assert row is not None
    assert 4 <= row[0] <= 41


def _says(run: subprocess.Popen[str], text: str) -> str:
    """The output of a command up to the first line with this text."""
    assert run.stdout is not None
    lines = []
    for line in run.stdout:
        lines.append(line)
        if text in line:
            return "".join(lines)
    raise AssertionError("".join(lines))


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
    with holding(database, BOTH.format("SHARE UPDATE EXCLUSIVE"), name="by hand"):
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
    held = BOTH.format("SHARE UPDATE EXCLUSIVE")
    waiting = holding(database, held, name="vacuum by hand")
    with lock_waits(database) as waits, waiting as holder, made.popen("migrate") as run:
        said = _says(run, "vacuum by hand")
        assert run.poll() is None
        asked = [wait for wait in waits.all() if wait.mode != "ShareUpdateExclusiveLock"]
        holder.rollback()
        output = said + run.communicate(timeout=300)[0]
    assert run.returncode == 0, output
    assert asked == []
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
