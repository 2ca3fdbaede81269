"""A change of type that leaves the rows as they are, and yet builds indexes or reads every row under a strong lock."""

from __future__ import annotations

import pytest

from tests.livemigrations.filling import fill
from tests.livemigrations.site import Site

TABLE = """
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("plain", models.CharField(max_length=20, db_index=True)),
    ("lower", models.CharField(max_length=20)), ("part", models.CharField(max_length=20)), ("checked", models.CharField(max_length=20)),
    ("free", models.CharField(max_length=20))],
    options={"indexes": [models.Index(Lower("lower"), name="thing_lower"),
        models.Index(fields=["id"], condition=~Q(part=""), name="thing_part")],
    "constraints": [models.CheckConstraint(condition=~Q(checked=""), name="thing_checked")]}),
"""
INSTANT = """
migrations.AlterField("Thing", "plain", models.CharField(max_length=30, db_index=True)),
migrations.AlterField("Thing", "free", models.CharField(max_length=30, db_collation="C")),
"""
REBUILDS = {"lower": "thing_lower", "part": "thing_part", "checked": "thing_checked"}
APART = {
    "lower": """
        migrations.RemoveIndex("Thing", "thing_lower"),
        migrations.AlterField("Thing", "lower", models.CharField(max_length=30)),
        migrations.AddIndex("Thing", models.Index(Lower("lower"), name="thing_lower")),""",
    "part": """
        migrations.RemoveIndex("Thing", "thing_part"),
        migrations.AlterField("Thing", "part", models.CharField(max_length=30)),
        migrations.AddIndex("Thing", models.Index(fields=["id"], condition=~Q(part=""), name="thing_part")),""",
    "checked": """
        migrations.RemoveConstraint("Thing", "thing_checked"),
        migrations.AlterField("Thing", "checked", models.CharField(max_length=30)),
        migrations.AddConstraint("Thing", models.CheckConstraint(condition=~Q(checked=""), name="thing_checked")),""",
}


def filled(site: Site, operation: str) -> Site:
    site.shop(TABLE, operation).migrate("shop", "0001", "-v0")
    with site.database.connect() as connection:
        assert "shop_thing" in fill(connection.cursor())
    return site


def test_nothing_to_build(site: Site) -> None:
    filled(site, INSTANT).migrate()


@pytest.mark.parametrize("column", REBUILDS)
def test_refused_with_a_way_that_works(site: Site, column: str) -> None:
    said = filled(site, f'migrations.AlterField("Thing", "{column}", models.CharField(max_length=30)),').refused()
    assert f"The new type of {column} leaves the rows as they are" in said
    assert REBUILDS[column] in said
    site.shop(TABLE, APART[column]).migrate()
    assert {step["lane"] for step in site.steps("0002")} >= {"instant", "online"}


def test_another_collation_builds_the_indexes(site: Site) -> None:
    field = 'models.CharField(max_length=20, db_index=True, db_collation="C")'
    assert "builds shop_thing_plain" in filled(site, f'migrations.AlterField("Thing", "plain", {field}),').refused()
