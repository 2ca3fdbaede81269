"""``migrations kept --put-back``: what found no place is tried again, and what still has none is explained."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.livemigrations.engine.test_keeping import kept_tables, one
from tests.livemigrations.site import Site

BASE = """
migrations.CreateModel("Place", [("id", models.BigAutoField(primary_key=True)), ("city", models.CharField(max_length=9))]),
migrations.CreateModel("Other", [("id", models.BigAutoField(primary_key=True))]),
"""
THING = """
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(unique=True)),
    ("place", models.ForeignKey("Place", models.CASCADE))]),
migrations.CreateModel("Part", [("id", models.BigAutoField(primary_key=True)),
    ("thing", models.ForeignKey("Thing", models.CASCADE))]),
"""
NOTE = 'migrations.AddField("Other", "note", models.CharField(max_length=9, null=True)),'
ROWS = """
INSERT INTO shop_place (city) SELECT g FROM generate_series(1, 5) g; INSERT INTO shop_other SELECT FROM generate_series(1, 5);
INSERT INTO shop_thing (n, place_id) SELECT g, g % 5 + 1 FROM generate_series(1, 20) g;
INSERT INTO shop_part (thing_id) SELECT id FROM shop_thing; UPDATE shop_other SET note = 'n' || id;
"""

pytestmark = pytest.mark.slow


def tried(site: Site, name: str = "all", code: int = 0) -> dict[str, Any]:
    done = site.manage("migrations", "kept", "--put-back", name, "--json", check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return {line["what"]: line for line in json.loads(done.stdout)}


@pytest.fixture
def misplaced(site: Site) -> Site:
    """A site where a place, a number and a row went missing while tables and a column were away."""
    site.shop(BASE, THING, NOTE)
    site.migrate("-v0")
    site.database.psql(ROWS)
    site.migrate("shop", "0001", "-v0")
    site.database.psql("DELETE FROM shop_place WHERE id = 3; DELETE FROM shop_other WHERE id = 2")
    assert "--put-back" in site.migrate().stdout
    assert kept_tables(site.database) == 3
    return site


def test_each_reason_is_told_and_what_has_a_place_returns(misplaced: Site) -> None:
    database = misplaced.database
    first = tried(misplaced, code=1)
    assert first["shop_thing"]["reasons"] == [["place_id refers to a row of public.shop_place that is gone", 4, "12"]]
    assert first["shop_part"]["reasons"] == [["thing_id refers to a row of public.shop_thing that is gone", 4, "12"]]
    assert first["shop_other.note"]["reasons"] == [["the row is gone", 1, "2"]]
    database.psql("INSERT INTO shop_place VALUES (3, 'again'); INSERT INTO shop_thing (n, place_id) VALUES (2, 1)")
    said = misplaced.manage("migrations", "kept", "--put-back", "all", check=False)
    assert said.returncode == 1
    assert "3 of shop_thing put back, 1 left" in said.stdout
    assert "1: the table refuses it (one of them: 2)" in said.stdout
    assert "3 of shop_part put back, 1 left" in said.stdout
    database.psql("DELETE FROM shop_thing WHERE id > 20; INSERT INTO shop_other OVERRIDING SYSTEM VALUE VALUES (2)")
    last = tried(misplaced)
    assert {what: line["put_back"] for what, line in last.items()} == {
        "shop_thing": 1, "shop_part": 1, "shop_other.note": 1,
    }  # fmt: skip
    assert one(database, "SELECT count(*) FROM shop_part") == 20
    assert one(database, "SELECT count(*) FROM shop_other WHERE note = 'n' || id") == 5
    assert kept_tables(database) == 0
    assert one(database, "SELECT count(*) FROM livemigrations_lease WHERE token IS NOT NULL") == 0


def test_what_waits_for_its_migration_is_not_taken(misplaced: Site) -> None:
    database = misplaced.database
    misplaced.manage("migrations", "kept", "--discard", "all", "--no-input")
    misplaced.migrate("shop", "0001", "-v0")
    assert tried(misplaced) == {}
    name = one(database, "SELECT kept_as FROM livemigrations_kept WHERE relation = 'shop_thing'")
    said = misplaced.manage("migrations", "kept", "--put-back", name, check=False)
    assert said.returncode == 1
    assert "shop_thing is gone" in said.stderr
    assert "Traceback" not in said.stderr
    assert one(database, f"SELECT state FROM livemigrations_kept WHERE kept_as = '{name}'") == "kept"
    misplaced.migrate("-v0")
    assert kept_tables(database) == 0


def test_many_that_the_table_refuses_can_be_left_there(site: Site) -> None:
    thing = "CREATE TABLE thing (id int PRIMARY KEY, n int{})"
    site.shop('migrations.RunSQL("SELECT 1", "SELECT 1"),', sql(thing.format("")))
    site.migrate("-v0")
    site.database.psql("INSERT INTO thing SELECT g, g FROM generate_series(1, 500) g")
    site.migrate("shop", "0001", "-v0")
    site.shop('migrations.RunSQL("SELECT 1", "SELECT 1"),', sql(thing.format(" CHECK (n < 200)")))
    name = one(site.database, "SELECT kept_as FROM livemigrations_kept")
    assert f"migrations kept --put-back {name}, then migrate again" in site.refused()
    found = tried(site, name, code=1)["thing"]
    assert (found["left"], "thing_n_check" in found["refusal"]) == (301, True)
    assert "301 of what was kept of thing stay" in site.migrate().stdout
    assert one(site.database, "SELECT count(*) FROM thing") == 199
    site.database.psql("ALTER TABLE thing DROP CONSTRAINT thing_n_check")
    assert tried(site)["thing"]["put_back"] == 301
    assert kept_tables(site.database) == 0


def sql(forwards: str) -> str:
    return f"migrations.RunSQL({forwards!r}, 'DROP TABLE thing'),"
