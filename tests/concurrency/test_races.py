"""Several runs at once, dead holders and lost leases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from livemigrations.catalog.snapshot import differences
from tests.concurrency import shop
from tests.concurrency.watch import eventually, holding
from tests.support.crashes import damage
from tests.support.database import Database
from tests.support.fixtures import Catalog

FOREVER = "LIVEMIGRATIONS_LEASE_TTL_S = 3600"


def _holder(database: Database) -> Any:
    with database.connect() as connection:
        row = connection.execute(
            "SELECT holder FROM livemigrations_lease WHERE token IS NOT NULL AND to_regclass('livemigrations_lease')"
            " IS NOT NULL"
        ).fetchone()
    return row and row[0]


def _migrate_six_times_at_once(database: Database) -> None:
    runs = [database.popen("migrate", "--sprint", "2", "--wait", "--no-input") for _ in range(6)]
    ends = []
    for run in runs:
        with run:
            ends.append((run.communicate(timeout=240), run.returncode))
    assert [code for _, code in ends] == [0] * 6, ends
    assert damage(database) == {}


@pytest.mark.slow
def test_six_at_once_on_an_empty_database(database: Database, new_catalog: dict[str, Any], catalog: Catalog) -> None:
    _migrate_six_times_at_once(database)
    assert differences(catalog(database), new_catalog) == []


@pytest.mark.slow
def test_six_at_once_on_the_legacy_database(
    legacy_database: Database, sprint_2_catalog: dict[str, Any], catalog: Catalog
) -> None:
    _migrate_six_times_at_once(legacy_database)
    assert differences(catalog(legacy_database), sprint_2_catalog) == []


@pytest.mark.slow
def test_the_second_without_wait_says_who_runs(database: Database, tmp_path: Path) -> None:
    made = shop.shop(database, tmp_path, shop.COLUMN)
    with holding(database, shop.HOLD) as holder, made.popen("migrate") as first:
        eventually(lambda: _holder(database))
        second = made.manage("migrate", check=False)
        assert second.returncode == 1
        assert f"process {first.pid}" in second.stderr
        assert "migrate --wait" in second.stderr
        holder.rollback()
        output = first.communicate(timeout=300)[0]
    assert first.returncode == 0, output
    assert damage(database) == {}


@pytest.mark.slow
def test_a_dead_holder_is_taken_over_at_once(database: Database, tmp_path: Path) -> None:
    made = shop.shop(database, tmp_path, shop.COLUMN, extra=FOREVER)
    with holding(database, shop.HOLD):
        with made.popen("migrate") as first:
            eventually(lambda: _holder(database))
            first.kill()
        assert _holder(database)
    made.manage("migrate")
    assert "note" in shop.columns(database)
    assert damage(database) == {}


@pytest.mark.slow
@pytest.mark.parametrize("operation", [shop.COLUMN, shop.INDEX], ids=["instant", "online"])
def test_a_lost_lease_stops_the_zombie(database: Database, tmp_path: Path, operation: str) -> None:
    made = shop.shop(database, tmp_path, operation)
    columns, indexes = shop.columns(database), shop.indexes(database)
    lock = "LOCK TABLE shop_item IN SHARE UPDATE EXCLUSIVE MODE"
    with holding(database, lock) as holder, made.popen("migrate") as zombie:
        eventually(lambda: shop.planned(database))
        database.psql("UPDATE livemigrations_lease SET token = gen_random_uuid()")
        holder.rollback()
        output = zombie.communicate(timeout=300)[0]
    assert zombie.returncode == 1, output
    assert "Another run took over" in output
    assert (shop.columns(database), shop.indexes(database)) == (columns, indexes)
    assert shop.recorded(database) == ["0001_initial"]
    made.manage("migrate")
    assert damage(database) == {}


@pytest.mark.slow
def test_a_zombie_between_two_steps_records_nothing(database: Database, tmp_path: Path) -> None:
    made = shop.shop(database, tmp_path, shop.COLUMN)
    database.psql(
        "CREATE FUNCTION steal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " UPDATE livemigrations_lease SET token = gen_random_uuid(); RETURN NULL; END $$;"
        "CREATE TRIGGER steal AFTER UPDATE ON livemigrations_step FOR EACH ROW"
        " WHEN (NEW.state = 'done' AND OLD.duration_ms IS NULL AND NEW.duration_ms IS NOT NULL)"
        " EXECUTE FUNCTION steal()"
    )
    zombie = made.manage("migrate", check=False)
    assert zombie.returncode == 1
    assert "Another run took over" in zombie.stderr
    assert shop.recorded(database) == ["0001_initial"]
    database.psql("DROP FUNCTION steal() CASCADE")
    made.manage("migrate")
    assert shop.recorded(database) == ["0001_initial", "0002_second"]
    assert damage(database) == {}
