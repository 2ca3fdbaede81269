"""Backups of a database in the middle of a migration: what is restored goes on from there, to the same end."""

from __future__ import annotations

import pytest

from tests.livemigrations.engine.test_keeping import kept_tables, rows
from tests.livemigrations.site import Site
from tests.support.crashes import KILLED, Assassin, assassin, damage
from tests.support.database import Database

TABLES = """
migrations.CreateModel("Item", [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=50)),
    ("price", models.CharField(max_length=20, null=True))]),
migrations.CreateModel("Gone", [("id", models.BigAutoField(primary_key=True)), ("text", models.TextField())]),
migrations.RunSQL("CREATE TABLE raw (id int PRIMARY KEY)", "DROP TABLE raw"),
"""
CHANGES = """
migrations.AddField("item", "note", models.TextField(null=True)),
migrations.RunSQL(["UPDATE shop_item SET note = name", "DROP TABLE raw", "UPDATE older SET id = 2"],
    ["UPDATE older SET id = 1", "CREATE TABLE raw (id int PRIMARY KEY)"]),
live.SetNotNull("item", "note", models.TextField()),
live.AddIndex("item", models.Index(fields=["name"], name="item_name")),
live.ChangeColumnType("item", "price", models.IntegerField(null=True)),
migrations.RemoveField("gone", "text"),
migrations.DeleteModel("Gone"),
"""
ROWS = """
INSERT INTO shop_item (name, price) SELECT 'item ' || n, n FROM generate_series(1, 2000) n; INSERT INTO raw VALUES (1);
INSERT INTO shop_gone (text) SELECT 't' || n FROM generate_series(1, 2000) n; INSERT INTO older VALUES (1);
"""
FORWARD, BACK = ("migrate", "--no-input"), ("migrate", "--no-input", "shop", "0001")


def _must(run: Assassin, *argv: str) -> None:
    end = run.run(*argv)
    assert end.code == 0, end.output


@pytest.mark.slow
def test_a_restored_database_goes_on_where_it_was(site: Site, database: Database) -> None:
    """Its oids are others, its lease is that of a dead run, and an index that was being built is not there."""
    site.shop(TABLES, CHANGES).migrate("shop", "0001", "-v0")
    database.psql(ROWS)
    before, deaths = rows(database, "shop_item", "shop_gone", "raw", "older"), 0
    with assassin(database, cwd=site.folder, environment=site.environment()) as run:
        for way, lives in ((FORWARD, 70), (BACK, 85)):
            for _ in range(9):
                end = run.run(*way, statements=lives)
                if end.code != KILLED:
                    break
                deaths += 1
                _must(run, "backup", "create", "-v0")
                _must(run, "backup", "restore", "latest", "--no-input", "--disconnect", "--drop-old", "-v0")
            assert end.code == 0, end.output
            assert damage(database) == {}
    assert deaths > 2
    assert rows(database, "shop_item", "shop_gone", "raw", "older") == before
    assert kept_tables(database) == 1, "the values of note"
