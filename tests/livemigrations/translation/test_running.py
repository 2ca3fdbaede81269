"""Operations that are taken apart when they run: plain Django's catalog, resumed in the middle, taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.livemigrations.site import Site
from tests.support.catalogs import catalog, differences
from tests.support.crashes import KILLED, assassin, damage
from tests.support.database import fresh
from tests.support.postgres import PgServer
from tests.support.waiting import wait_until

BASE = """
migrations.CreateModel("Place", [("id", models.BigAutoField(primary_key=True))]),
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True)),
    ("m", models.IntegerField(null=True)), ("k", models.IntegerField(null=True)),
    ("code", models.CharField(max_length=20, null=True)), ("spare", models.UUIDField(db_default=functions.RandomUUID()))]),
"""
ROWS = """
INSERT INTO shop_place SELECT FROM generate_series(1, 10);
INSERT INTO shop_thing (n, m, k, code)
SELECT nullif(g % 5, 0), nullif(g % 5, 0), nullif(g % 5, 0), 'c' || g FROM generate_series(1, 4500) g;
"""
TAKEN_APART = {
    "a default of each row's own": (
        'migrations.AddField("Thing", "u", models.UUIDField(db_default=functions.RandomUUID())),',
        "SELECT count(DISTINCT u) = 4500 FROM shop_thing",
    ),
    "that may be null, indexed": (
        'migrations.AddField("Thing", "v", models.UUIDField(db_default=functions.RandomUUID(), null=True, db_index=True)),',
        "SELECT count(DISTINCT v) = 4500 FROM shop_thing",
    ),
    "unique, with a check": (
        """migrations.AddField("Thing", "w", models.PositiveBigIntegerField(unique=True,
            db_default=models.Func(models.Value("shop_place_id_seq"), function="nextval"))),""",
        "SELECT count(DISTINCT w) = 4500 FROM shop_thing",
    ),
    "not null with a default": (
        'migrations.AlterField("Thing", "m", models.IntegerField(default=7)),',
        "SELECT count(*) = 900 FROM shop_thing WHERE m = 7",
    ),
    "not null with a default of the database": (
        'migrations.AlterField("Thing", "k", models.IntegerField(db_default=7)),',
        "SELECT count(*) = 900 FROM shop_thing WHERE k = 7",
    ),
    "filled by hand": (
        'live.FillColumn("thing", "n", F("id") * 2, batch_size=700), live.SetNotNull("thing", "n", models.IntegerField()),',
        "SELECT count(*) = 900 FROM shop_thing WHERE n = id * 2",
    ),
}


def prepared(site: Site, *operations: str, rows: str = ROWS) -> Site:
    site.shop(BASE, *operations)
    site.migrate("shop", "0001", "-v0")
    site.database.psql(rows)
    return site


@pytest.mark.slow
def test_the_same_catalog_and_every_row_has_its_value(site: Site, tmp_path: Path, pg_server: PgServer) -> None:
    operations = [operation for operation, _ in TAKEN_APART.values()]
    prepared(site, *operations)
    site.migrate("-v0")
    with fresh(pg_server) as other:
        plain = Site(tmp_path / "plain", other, live=False)
        plain.folder.mkdir()
        plain.install().shop(BASE, *operations)
        plain.migrate("-v0")
        with other.connect() as connection:
            connection.execute("CREATE TABLE older (id int)")
            truth = catalog(connection)
    with site.database.connect() as connection:
        for _, question in TAKEN_APART.values():
            assert connection.execute(question).fetchone() == (True,), question
        after = catalog(connection)
        assert differences(after, truth) == []
        for number in range(2, 2 + len(operations)):
            filling = [step for step in site.steps(f"{number:04}") if step["fill"]]
            assert [(step["lane"], step["transactional"]) for step in filling] == [("batch", False)]
        site.migrate("shop", "0001", "-v0")
        site.migrate("-v0")
        assert catalog(connection) == after


@pytest.mark.slow
def test_killed_in_the_middle_it_goes_on(site: Site) -> None:
    """After each death either the run goes on to its end, or what was done is taken back."""
    prepared(site, TAKEN_APART["unique, with a check"][0])
    with (
        site.database.connect() as connection,
        assassin(site.database, cwd=site.folder, environment=site.environment()) as run,
    ):
        before = catalog(connection)
        for statements in range(6, 60, 9):
            if run.run("migrate", "--no-input", statements=statements).code != KILLED:
                site.migrate("shop", "0001", "-v0")
                continue
            site.migrate("shop", "0001", "-v0")
            assert catalog(connection) == before
        assert run.until_done("migrate", "--no-input", seed=3, lives=(8, 30)) > 0
        assert connection.execute(TAKEN_APART["unique, with a check"][1]).fetchone() == (True,)
    assert damage(site.database, passages=20) == {}


@pytest.mark.slow
@pytest.mark.parametrize("kept", [True, False])
def test_the_way_back_of_a_removal_fills_in_batches_too(site: Site, kept: bool) -> None:
    site.set(f"LIVEMIGRATIONS_KEEP_DROPPED = {kept}")
    prepared(site, 'migrations.RemoveField("Thing", "spare"),')
    with site.database.connect() as connection:
        before = catalog(connection)
        values = connection.execute("SELECT array_agg(spare ORDER BY id) FROM shop_thing").fetchone()
        site.migrate("-v0")
        site.migrate("shop", "0001", "-v0")
        assert differences(_without_places(catalog(connection)), _without_places(before)) == []
        assert connection.execute("SELECT count(DISTINCT spare) FROM shop_thing").fetchone() == (4500,)
        after = connection.execute("SELECT array_agg(spare ORDER BY id) FROM shop_thing").fetchone()
        assert (after == values) is kept
        assert [step["lane"] for step in site.steps("0002", "back") if step["fill"]] == ["batch"]


def _without_places(found: dict[str, str]) -> dict[str, str]:
    return {name: text.split(" place=")[0] for name, text in found.items()}


@pytest.mark.slow
def test_values_that_python_makes(site: Site) -> None:
    prepared(site, 'live.FillColumn("thing", "n", __import__("itertools").count(1000).__next__, batch_size=100),')
    site.migrate("-v0")
    with site.database.connect() as connection:
        found = connection.execute("SELECT count(*), min(n), max(n) FROM shop_thing WHERE n >= 1000").fetchone()
    assert found == (900, 1000, 1899)


@pytest.mark.slow
def test_a_script_fills_in_batches(site: Site) -> None:
    prepared(site, TAKEN_APART["a default of each row's own"][0], TAKEN_APART["filled by hand"][0])
    script = site.manage("migrate", "--sql").stdout
    assert "END LOOP" in script
    site.database.psql(script)
    with site.database.connect() as connection:
        assert connection.execute(TAKEN_APART["a default of each row's own"][1]).fetchone() == (True,)
        assert connection.execute(TAKEN_APART["filled by hand"][1]).fetchone() == (True,)
    assert "No migrations to apply" in site.migrate().stdout


@pytest.mark.slow
def test_a_row_that_somebody_holds_is_waited_for(site: Site) -> None:
    site.set("LIVEMIGRATIONS_DATA_LOCK_TIMEOUT_MS = 50")
    prepared(site, 'live.FillColumn("thing", "n", 1, batch_size=500),')
    with site.database.connect(autocommit=False) as holder, site.database.connect() as connection:
        holder.execute("SELECT FROM shop_thing WHERE id = 4000 FOR UPDATE")
        running = site.popen("migrate", "--no-input")
        left = "SELECT count(*) FROM shop_thing WHERE n IS NULL AND id <= 1500"
        wait_until(lambda: connection.execute(left).fetchone() == (0,))
        assert running.poll() is None
        holder.rollback()
        assert running.wait(300) == 0
        assert connection.execute("SELECT count(*) FROM shop_thing WHERE n IS NULL").fetchone() == (0,)
        running.communicate()


@pytest.mark.slow
def test_a_refusal_shows_the_code_for_this_field(site: Site) -> None:
    prepared(site, 'migrations.AlterField("Thing", "code", models.IntegerField(null=True, db_index=True)),')
    said = site.refused()
    assert "live.ChangeColumnType(" in said
    assert "name='code'" in said
    assert "field=models.IntegerField(db_index=True, null=True)" in said
    assert "…" not in said.partition("Write instead:")[2].partition("or, in a window")[0]
