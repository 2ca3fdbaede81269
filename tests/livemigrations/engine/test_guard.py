"""Work under a strong lock that no statement announces is undone before it commits."""

from __future__ import annotations

import pytest

from tests.livemigrations.site import Site
from tests.support.catalogs import catalog, differences

pytestmark = pytest.mark.slow
THING = """
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True)),
    ("note", models.TextField(default=""))]),
"""
ROWS = "INSERT INTO shop_thing (n, note) SELECT g, repeat('x', 60) FROM generate_series(1, 5000) g"
REWRITES = "ALTER TABLE shop_thing ALTER n TYPE numeric"
OPERATIONS = {
    "a block": f'migrations.RunSQL("DO $$ BEGIN {REWRITES}; END $$", ""),',
    "a function": (
        f'migrations.RunSQL("CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN {REWRITES}; END $$", ""),'
        ' migrations.RunSQL("SELECT f()", ""),'
    ),
    "Python": f'migrations.RunPython(lambda apps, editor: editor.execute("{REWRITES}")),',
}


@pytest.fixture
def shop(site: Site) -> Site:
    site.shop(THING).migrate("-v0")
    site.database.psql(ROWS)
    return site


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_a_rewrite_that_no_statement_shows_is_rolled_back(shop: Site, operation: str) -> None:
    shop.shop(THING, operation)
    with shop.database.connect() as connection:
        before = catalog(connection)
        said = shop.refused()
        assert "rewrote the populated table shop_thing" in said
        assert "allow-long-locks" in said
        assert [found for found in differences(before, catalog(connection)) if "functions" not in found] == []
        shop.migrate("-v0", "--allow-long-locks")
        assert "numeric" in str(catalog(connection)["columns shop_thing.n"])


def test_an_empty_or_small_table_may_be_rewritten(site: Site) -> None:
    site.shop(THING, OPERATIONS["Python"])
    site.migrate("shop", "0001", "-v0")
    site.database.psql("INSERT INTO shop_thing (n, note) VALUES (1, '')")
    site.migrate("-v0")


def test_a_statement_that_takes_too_long_under_a_lock_is_cancelled(shop: Site) -> None:
    script = "ALTER TABLE shop_thing RENAME n TO m; SELECT pg_sleep(3)"
    shop.shop(THING, f"migrations.RunSQL({script!r}, ''),")
    with shop.database.connect() as connection:
        before = catalog(connection)
        assert "ran for more than 1,000 ms" in shop.refused()
        assert differences(before, catalog(connection)) == []


def test_other_tables_are_not_asked_for_their_size(shop: Site) -> None:
    """That would wait for whoever locks them."""
    shop.shop(THING, 'migrations.RunPython(lambda apps, editor: editor.execute("SELECT 1")),')
    with shop.database.connect(autocommit=False) as holder:
        holder.execute("LOCK shop_thing IN ACCESS EXCLUSIVE MODE")
        shop.migrate("-v0")
        holder.rollback()
