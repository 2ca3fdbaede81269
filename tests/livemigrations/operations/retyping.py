"""A shop whose columns get other types: tables, rows and the changes, for the tests of ``ChangeColumnType``."""

from __future__ import annotations

import re
from typing import Any

from tests.livemigrations.site import Site
from tests.support.catalogs import Catalog, catalog
from tests.support.database import Database

BASE = """
migrations.CreateModel("Place", [("id", models.AutoField(primary_key=True)), ("city", models.CharField(max_length=9))]),
migrations.CreateModel("Thing", [
    ("id", models.AutoField(primary_key=True)),
    ("n", models.IntegerField(db_default=7, db_comment="how many")),
    ("price", models.DecimalField(max_digits=9, decimal_places=2, null=True)),
    ("code", models.CharField(max_length=20, unique=True)),
    ("note", models.CharField(max_length=20, null=True, db_index=True)),
    ("at", models.DateTimeField(null=True)),
    ("size", models.PositiveIntegerField(default=1)),
    ("place", models.ForeignKey("Place", models.DB_CASCADE)),
    ("parent", models.ForeignKey("self", models.CASCADE, null=True)),
    ("tags", models.ManyToManyField("Place", related_name="tagged")),
], options={
    "indexes": [models.Index(fields=["n"], name="thing_n"), models.Index(F("n") + F("size"), name="thing_sum"),
                models.Index(fields=["-n", "price"], name="thing_few", condition=Q(n__gt=5), include=["size"])],
    "constraints": [models.CheckConstraint(condition=Q(n__gte=0), name="thing_n_check"),
                    models.UniqueConstraint(fields=["n", "code"], name="thing_n_code", deferrable=models.Deferrable.DEFERRED)],
}),
"""
ROWS = """
INSERT INTO shop_place (city) SELECT 'c' || g FROM generate_series(1, 10) g;
INSERT INTO shop_thing (n, price, code, note, at, size, place_id, parent_id)
SELECT g, g * 1.25, g::text, CASE WHEN g % 3 > 0 THEN g::text END, timestamptz '2026-01-02 03:04Z' + g * interval '1 h',
       g % 90, g % 10 + 1, CASE WHEN g > 1 THEN g / 2 END FROM generate_series(1, 3000) g;
INSERT INTO shop_thing_tags (thing_id, place_id) SELECT g, g % 10 + 1 FROM generate_series(1, 3000) g;
"""


def retype(name: str, field: str, *, model: str = "Thing", more: str = "") -> str:
    """The text of a ChangeColumnType."""
    return f'live.ChangeColumnType("{model}", "{name}", models.{field}{more}),'


def plain(text: str) -> str:
    """The same for plain Django."""
    return text.replace("live.ChangeColumnType(", "migrations.AlterField(")


def site_of(site: Site, text: str) -> Site:
    """The shop with its rows, and with ``text`` as the operations of 0002, pending."""
    site.shop(BASE, text)
    site.migrate("shop", "0001", "-v0")
    site.database.psql(ROWS)
    return site


def levelled(database: Database) -> Catalog:
    """The catalog without the places of columns: a column that took another's place is the last one."""
    with database.connect() as connection:
        found = catalog(connection)
    level = {key: re.sub(r" place=\d+$", "", text) for key, text in found.items()}
    return {key: re.sub(r"(owner=\w+)\.\d+$", r"\1", text) for key, text in level.items()}


def values(database: Database, column: str, table: str = "shop_thing") -> list[Any]:
    """The values of a column in the order of the rows."""
    with database.connect() as connection:
        return [row[0] for row in connection.execute(f'SELECT "{column}" FROM {table} ORDER BY id::bigint')]
