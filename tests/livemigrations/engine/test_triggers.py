"""Columns that triggers of django-pgtrigger name change their type as under its own schema editor."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.livemigrations.site import Site
from tests.support.catalogs import catalog, differences
from tests.support.database import fresh
from tests.support.postgres import PgServer

pytestmark = pytest.mark.slow
DISH = """
migrations.CreateModel("Dish", [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=50)),
    ("price", models.IntegerField(null=True))]),
"""
TRIGGER = """
pgtrigger.migrations.AddTrigger("dish", pgtrigger.compiler.Trigger(name="{name}", sql=pgtrigger.compiler.UpsertTriggerSql(
    func="RAISE EXCEPTION 'kept';", {more}hash="{name}hash", operation="UPDATE{of}", pgid="pgtrigger_{name}_{name}1",
    table="shop_dish", when="BEFORE"))),
"""
ON_NAME = 'condition=\'WHEN (OLD."name" IS DISTINCT FROM (NEW."name"))\', '
TRIGGERS = TRIGGER.format(name="keep", more=ON_NAME, of="") + TRIGGER.format(name="fix", more="", of=' OF \\"name\\"')
LONGER = 'migrations.AlterField("Dish", "name", models.CharField(max_length=80)),'
ROWS = "INSERT INTO shop_dish (name, price) SELECT 'd' || g, g FROM generate_series(1, 3000) g;"
SET = """
COMMENT ON TRIGGER pgtrigger_keep_keep1 ON shop_dish IS 'as it was';
ALTER TABLE shop_dish DISABLE TRIGGER pgtrigger_fix_fix1;
"""


def _site(folder: Path, database: object, *steps: str, live: bool = True) -> Site:
    folder.mkdir()
    site = Site(folder, database, live=live).shop(DISH + TRIGGERS, *steps)  # type: ignore[arg-type]
    for file in (folder / "shop" / "migrations").glob("0*.py"):
        file.write_text(file.read_text().replace("\nclass", "import pgtrigger, pgtrigger.migrations\n\n\nclass", 1))
    return site.install("pgtrigger", "shop")


@pytest.mark.parametrize("rows", [ROWS, ""], ids=["populated", "empty"])
def test_a_longer_column_under_a_condition(tmp_path: Path, pg_server: PgServer, rows: str) -> None:
    found = {}
    for live in (False, True):
        with fresh(pg_server) as database:
            site = _site(tmp_path / f"live {live}", database, LONGER, live=live)
            site.migrate("shop", "0001", "-v0")
            database.psql(rows + SET)
            with database.connect() as connection:
                before = catalog(connection)
                site.migrate("-v0")
                found[live] = catalog(connection)
                if live:
                    comment = "SELECT obj_description(oid, 'pg_trigger') FROM pg_trigger WHERE tgname LIKE '%keep%'"
                    assert connection.execute(comment).fetchone() == ("as it was",)
                    if rows:
                        with pytest.raises(Exception, match="kept"):
                            connection.execute("UPDATE shop_dish SET name = 'x'")
                    site.migrate("shop", "0001", "-v0", "--allow-long-locks")
                    assert differences(catalog(connection), before) == []
    # Plain Django enables a trigger that was disabled; the engine leaves it disabled.
    assert [line.partition(":")[0] for line in differences(found[True], found[False])] == [
        "triggers shop_dish.pgtrigger_fix_fix1"
    ]


def test_a_column_takes_the_place_of_another_under_a_condition(tmp_path: Path, pg_server: PgServer) -> None:
    step = 'live.ChangeColumnType("Dish", "name", models.TextField()), # its table has rows'
    with fresh(pg_server) as database:
        site = _site(
            tmp_path / "site",
            database,
            'live.ChangeColumnType("Dish", "price", models.BigIntegerField(null=True)),',
            step,
        )
        site.migrate("shop", "0001", "-v0")
        database.psql(ROWS)
        with database.connect() as connection:
            connection.execute(
                "CREATE TRIGGER pgtrigger_price BEFORE UPDATE ON shop_dish FOR EACH ROW WHEN (OLD.price IS NULL)"
                " EXECUTE FUNCTION pgtrigger_keep_keep1()"
            )
            before = catalog(connection)
            site.migrate("-v0")
            after = catalog(connection)
            assert "bigint" in after["columns shop_dish.price"]
            of_price = "triggers shop_dish.pgtrigger_price"
            assert after[of_price] == before[of_price]
            assert [name for name in before if name not in after] == []
            site.migrate("shop", "0001", "-v0")
            # PostgreSQL writes down a cast in the condition once the column was text, as under plain Django.
            back = [line.partition(":")[0] for line in differences(catalog(connection), before)]
            assert set(back) <= {"triggers shop_dish.pgtrigger_keep_keep1"}


def test_a_trigger_that_the_migration_drops_stays_dropped(tmp_path: Path, pg_server: PgServer) -> None:
    steps = f"""
        pgtrigger.migrations.RemoveTrigger("dish", "keep"),
        pgtrigger.migrations.RemoveTrigger("dish", "fix"),
        {LONGER}"""
    with fresh(pg_server) as database:
        site = _site(tmp_path / "site", database, steps)
        site.migrate("shop", "0001", "-v0")
        database.psql(ROWS)
        site.migrate("-v0")
        with database.connect() as connection:
            assert [name for name in catalog(connection) if name.startswith("triggers")] == []


def test_other_triggers_are_in_the_way_as_under_plain_django(tmp_path: Path, pg_server: PgServer) -> None:
    with fresh(pg_server) as database:
        site = _site(tmp_path / "site", database, LONGER)
        site.migrate("shop", "0001", "-v0")
        database.psql(
            f"{ROWS} CREATE TRIGGER mine BEFORE UPDATE ON shop_dish FOR EACH ROW WHEN (OLD.name = 'x')"
            " EXECUTE FUNCTION pgtrigger_keep_keep1()"
        )
        with database.connect() as connection:
            before = catalog(connection)
            assert "trigger mine on table shop_dish depends on column" in site.refused()
            assert catalog(connection) == before
