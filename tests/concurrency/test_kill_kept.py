"""Rows that go to ``rolled_back`` and return, with the command killed on every stretch of the way and turned round."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.livemigrations.engine.test_keeping import kept_tables, rows
from tests.livemigrations.site import Site
from tests.support.crashes import KILLED, assassin, damage
from tests.support.database import Database

OPERATIONS = (
    'migrations.RunSQL("SELECT 1", "SELECT 1"),',
    """
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True))]),
""",
    'migrations.AddField("Thing", "note", models.CharField(max_length=30, null=True, default="none")),',
    """
migrations.CreateModel("Child", [("id", models.BigAutoField(primary_key=True)),
    ("thing", models.ForeignKey("Thing", models.CASCADE)), ("up", models.ForeignKey("self", models.CASCADE, null=True))]),
""",
)
ROWS = """
INSERT INTO shop_thing (n, note) SELECT g, CASE g % 3 WHEN 0 THEN 'x' || g END FROM generate_series(1, 3000) g;
INSERT INTO shop_child (thing_id) SELECT id FROM shop_thing; UPDATE shop_child SET up_id = id + 1 WHERE id < 2500;
"""
TABLES = ("shop_thing", "shop_child")
FORWARD, BACK = ("migrate", "--no-input"), ("migrate", "--no-input", "shop", "0001")


@pytest.mark.slow
@pytest.mark.parametrize(("way", "other", "every"), [(BACK, FORWARD, 9), (FORWARD, BACK, 13)])
def test_killed_and_turned_round(
    database: Database, tmp_path: Path, way: tuple[str, ...], other: tuple[str, ...], every: int
) -> None:
    database.psql("CREATE TABLE older (id int)")
    site = Site(tmp_path, database).install().shop(*OPERATIONS)
    site.migrate("-v0")
    database.psql(ROWS)
    before = rows(database, *TABLES)
    with assassin(database, cwd=site.folder, environment=site.environment()) as run:
        if way is FORWARD:
            assert run.run(*BACK).code == 0
        for deaths in range(60):
            end = run.run(*way, statements=3 + deaths * every)
            if end.code != KILLED:
                break
            turned = run.run(*other)
            assert turned.code == 0, turned.output
        assert end.code == 0, end.output
        assert deaths > 5
        run.run(*FORWARD)
        assert rows(database, *TABLES) == before
        assert kept_tables(database) == 0
        run.until_done(*BACK, seed=1, lives=(5, 25))
        run.until_done(*FORWARD, seed=2, lives=(5, 25))
    assert rows(database, *TABLES) == before
    assert kept_tables(database) == 0
    assert damage(database, passages=deaths + 3) == {}
