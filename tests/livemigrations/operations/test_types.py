"""A column that gets another type while its table is in use: the catalog and the rows of plain Django, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.livemigrations.operations.retyping import levelled, plain, retype, site_of, values
from tests.livemigrations.site import Site
from tests.support.catalogs import differences
from tests.support.database import fresh
from tests.support.postgres import PgServer

WIDER = retype("n", 'BigIntegerField(db_default=7, db_comment="how many")')
CHANGES = "\n".join([
    WIDER,  # with indexes of every kind, a CHECK, a default and a comment
    retype("price", "IntegerField(null=True)"),
    retype("code", "IntegerField(unique=True)"),
    retype("note", "IntegerField(null=True, db_index=True)"),
    retype("at", "DateField(null=True)"),
    retype("size", "SmallIntegerField(default=1)"),  # its CHECK goes
    retype("id", "BigAutoField(primary_key=True)"),  # with keys of its own table, and of others
    retype("id", "BigAutoField(primary_key=True)", model="Place"),
])  # fmt: skip


@pytest.fixture
def twin(tmp_path: Path, any_pg_server: PgServer) -> Iterator[Site]:
    """A second project beside, of plain Django."""
    folder = tmp_path / "twin"
    folder.mkdir()
    with fresh(any_pg_server) as database:
        with database.connect() as connection:
            connection.execute("CREATE TABLE older (id int)")
        yield Site(folder, database, live=False).install()


@pytest.mark.slow
@pytest.mark.postgres_matrix
def test_catalog_of_plain_django(any_site: Site, twin: Site) -> None:
    site_of(any_site, CHANGES)
    site_of(twin, plain(CHANGES))
    for migration in ("0002", "0001", "0002"):
        any_site.migrate("shop", migration, "-v0")
        twin.migrate("shop", migration, "-v0")
        assert differences(levelled(any_site.database), levelled(twin.database)) == []
        for column in ("id", "n", "code", "note", "size", "parent_id"):
            assert values(any_site.database, column) == values(twin.database, column)
    any_site.database.psql("INSERT INTO shop_thing (code, size, place_id) VALUES (0, 1, 1)")
    assert values(any_site.database, "id")[-1] == 3001
