"""A site with two populated tables and migrations pending that meet them; what a review may leave behind."""

from __future__ import annotations

from collections.abc import Callable

from tests.livemigrations.site import Site
from tests.support.database import Database

TABLES = """
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True))]),
migrations.CreateModel("Part", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True))]),
migrations.CreateModel("Bare", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True))]),
"""
ROWS = 5000

Populated = Callable[..., Site]


def populate(site: Site, *operations: str) -> Site:
    """Apply ``TABLES``, fill Thing and Part, and leave the operations pending, a migration each."""
    site.install().shop(TABLES, *operations)
    site.migrate("shop", "0001", "-v0")
    with site.database.connect() as connection:
        for table in ("thing", "part"):
            connection.execute(f"INSERT INTO shop_{table} (n) SELECT g FROM generate_series(1, {ROWS}) g")
        connection.execute("ANALYZE")
    return site


def written(database: Database) -> list[tuple[str, int]]:
    """What was ever inserted into the catalogs that every new relation goes into, rolled back or not."""
    with database.connect() as connection:
        return connection.execute(
            "SELECT relname, n_tup_ins FROM pg_stat_sys_tables"
            " WHERE relname IN ('pg_class', 'pg_attribute', 'pg_type', 'pg_index') ORDER BY 1"
        ).fetchall()
