"""``migrate --verify``: a run that leaves the database worse than before fails, and can take itself back."""

from __future__ import annotations

import json

import pytest

from tests.livemigrations.site import Site
from tests.support.catalogs import catalog

THINGS = """
migrations.CreateModel("Place", [("id", models.BigAutoField(primary_key=True))]),
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField()),
    ("place", models.ForeignKey("Place", models.CASCADE))]),
"""
ROWS = "INSERT INTO shop_place SELECT; INSERT INTO shop_thing (n, place_id) SELECT g, 1 FROM generate_series(1, 100) g;"
COLUMN = 'migrations.AddField("Thing", "note", models.TextField(null=True)),'
ORPHANS = """
migrations.RunSQL("ALTER TABLE shop_thing DISABLE TRIGGER ALL; UPDATE shop_thing SET place_id = 7 WHERE n < 4;"
    " ALTER TABLE shop_thing ENABLE TRIGGER ALL",
    "UPDATE shop_thing SET place_id = 1 WHERE place_id = 7"),
"""
UNVALIDATED = """
migrations.RunSQL("ALTER TABLE shop_thing ADD CONSTRAINT positive CHECK (n > 5) NOT VALID",
    "ALTER TABLE shop_thing DROP CONSTRAINT positive"),
"""
FEWER = """
migrations.RunSQL("DELETE FROM shop_thing WHERE n = 7", "INSERT INTO shop_thing (n, place_id) VALUES (7, 1)"),
"""


@pytest.fixture
def shop(site: Site) -> Site:
    site.shop(THINGS).migrate("-v0")
    site.database.psql(ROWS)
    return site


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        (ORPHANS, "3 rows refer to no row of public.shop_place"),
        (UNVALIDATED, "public.shop_thing.positive: is not validated; 5 rows break it"),
        (FEWER, "public.shop_thing: had 100 rows and has 99"),
    ],
    ids=["orphans", "not validated", "fewer rows"],
)
def test_a_run_that_makes_something_worse_takes_itself_back(shop: Site, operation: str, said: str) -> None:
    shop.shop(THINGS, COLUMN, operation)
    with shop.database.connect() as connection:
        before = catalog(connection)
        output = shop.refused("--verify", "--rollback-on-failure", "--allow-long-locks")
        assert said in output
        assert "was taken back" in output
        assert catalog(connection) == before
        assert connection.execute("SELECT count(*), count(*) FILTER (WHERE place_id = 1) FROM shop_thing").fetchone() == (100, 100)  # fmt: skip
        names = connection.execute("SELECT name FROM django_migrations").fetchall()
        outcomes = connection.execute("SELECT outcome FROM livemigrations_run ORDER BY id").fetchall()
    assert names == [("0001_step",)]
    assert outcomes[-2:] == [("failed",), ("finished",)]


def test_without_taking_back_what_was_done_is_kept(shop: Site) -> None:
    shop.shop(THINGS, FEWER)
    done = shop.migrate("--verify", "--json", check=False)
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert (report["outcome"], report["applied"], report["verified"]) == ("failed", ["shop.0002_step"], None)
    assert "had 100 rows and has 99" in report["error"]
    assert shop.manage("migrations", "status", check=False).returncode == 0


def test_what_was_wrong_before_is_not_held_against_the_run(shop: Site) -> None:
    """A renamed table keeps its rows, and those of a dropped one are preserved."""
    shop.database.psql(
        "ALTER TABLE shop_thing ADD CONSTRAINT older CHECK (n > 5) NOT VALID; CREATE TABLE other (id int)"
    )
    renamed = 'migrations.RenameModel("Thing", "Dish"), migrations.DeleteModel("Dish"),'
    shop.shop(THINGS, COLUMN, renamed)
    assert "Verified: no new orphans" in shop.migrate("shop", "0002", "--verify").stdout
    assert json.loads(shop.migrate("--verify", "--json").stdout)["verified"] is True


def test_looking_runs_nothing_to_verify(shop: Site) -> None:
    assert "--verify verifies a run" in shop.refused("--verify", "--plan", code=2)
    assert "--sql runs nothing" in shop.refused("--verify", "--sql", code=2)
