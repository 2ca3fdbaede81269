"""Names that Django gives at the end of a migration are the same after a run that stopped in its middle."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.livemigrations.site import Site
from tests.support.catalogs import Catalog, catalog, differences
from tests.support.database import Database, fresh
from tests.support.postgres import PgServer

CREATED = """
migrations.CreateModel("Late", [("id", models.BigAutoField(primary_key=True)), ("title", models.CharField(max_length=9, db_index=True)),
    ("n", models.IntegerField()), ("to", models.ForeignKey("self", models.CASCADE, null=True))],
    options={"unique_together": {("title", "n")}}),
migrations.RunSQL("INSERT INTO needed VALUES (1)", "DELETE FROM needed"),
"""
RENAMED = """
migrations.AlterModelTable("Late", "shop_later"),
migrations.RenameField("Late", "title", "head"),
migrations.RenameField("Late", "to", "onto"),
"""


def read(database: Database) -> Catalog:
    with database.connect() as connection:
        return catalog(connection)


@pytest.fixture
def truth(tmp_path: Path, pg_server: PgServer) -> Catalog:
    """What plain Django leaves behind."""
    (tmp_path / "plain").mkdir()
    with fresh(pg_server) as database:
        database.psql("CREATE TABLE needed (n int)")
        Site(tmp_path / "plain", database, live=False).shop(CREATED + RENAMED).migrate()
        return read(database)


def test_names_after_a_rename_in_the_same_migration(site: Site, truth: Catalog) -> None:
    site.database.psql("DROP TABLE older; CREATE TABLE needed (n int)")
    site.shop(CREATED + RENAMED).migrate()
    assert differences(read(site.database), truth) == []


def test_names_when_the_rename_comes_in_another_run(site: Site, truth: Catalog) -> None:
    assert "needed" in site.shop(CREATED + RENAMED).refused()
    site.database.psql("DROP TABLE older; CREATE TABLE needed (n int)")
    site.migrate()
    assert differences(read(site.database), truth) == []


def test_a_script_gives_the_same_names(site: Site, truth: Catalog) -> None:
    site.database.psql("DROP TABLE older; CREATE TABLE needed (n int)")
    site.database.psql(site.shop(CREATED + RENAMED).migrate("--sql").stdout)
    assert differences(read(site.database), truth) == []
