"""Operations of one migration that depend on each other, where the engine could move one before another."""

from __future__ import annotations

import pytest

from tests.livemigrations.site import Site

pytestmark = pytest.mark.slow
THING = """
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True)),
    ("note", models.TextField(default=""))]),
"""
ROWS = "INSERT INTO shop_thing (note) SELECT repeat('x', 60) FROM generate_series(1, 3000)"


def one(site: Site, sql: str) -> object:
    with site.database.connect() as connection:
        row = connection.execute(sql).fetchone()
    assert row is not None
    return row[0]


@pytest.fixture
def shop(site: Site) -> Site:
    site.shop(THING).migrate("-v0")
    site.database.psql(ROWS)
    return site


def test_a_check_waits_for_the_backfill_before_it(shop: Site) -> None:
    filled = """
        live.FillColumn("Thing", "n", 7),
        migrations.AddConstraint("Thing", models.CheckConstraint(condition=models.Q(n__isnull=False), name="has_n")),
    """
    shop.shop(THING, filled).migrate("-v0")
    assert one(shop, "SELECT count(*) FROM shop_thing WHERE n = 7") == 3000
    assert one(shop, "SELECT convalidated FROM pg_constraint WHERE conname = 'has_n'") is True


def test_a_setting_holds_for_python_code_behind_an_index(shop: Site) -> None:
    """As in plain Django, where all of it is one transaction."""
    code = (
        "lambda apps, editor: editor.execute(\"UPDATE shop_thing SET note = current_setting('app.who') WHERE id = 1\")"
    )
    operations = f"""
        migrations.RunSQL("SET LOCAL app.who = 'me'", ""),
        live.AddIndex("Thing", models.Index(fields=["n"], name="thing_n")),
        migrations.RunPython({code}, migrations.RunPython.noop),
    """
    shop.shop(THING, operations).migrate("-v0")
    assert one(shop, "SELECT note FROM shop_thing WHERE id = 1") == "me"


def test_a_constraint_that_the_next_script_drops(shop: Site) -> None:
    """The first script's validation must not run behind the second script's transaction."""
    first = "COMMENT ON TABLE shop_thing IS 'a'; DROP VIEW IF EXISTS v; ALTER TABLE shop_thing ADD CONSTRAINT c CHECK (id > 0)"
    second = "ALTER TABLE shop_thing DROP CONSTRAINT c; ALTER TABLE shop_thing ADD CONSTRAINT d CHECK (id > -1)"
    shop.shop(THING, f"migrations.RunSQL({first!r}, ''), migrations.RunSQL({second!r}, ''),").migrate("-v0")
    query = "SELECT string_agg(conname || convalidated, ',') FROM pg_constraint WHERE conname IN ('c', 'd')"
    assert one(shop, query) == "dtrue"
