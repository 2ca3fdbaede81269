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

CHANGES = {
    "wider, with indexes, checks, a default and a comment": retype(
        "n", 'BigIntegerField(db_default=7, db_comment="how many")'
    ),
    "a number of another kind": retype("n", "DecimalField(max_digits=9, decimal_places=2, db_default=7)"),
    "narrower": retype("price", "IntegerField(null=True)"),
    "text to number, unique": retype("code", "IntegerField(unique=True)"),
    "text to number, indexed, with NULLs": retype("note", "IntegerField(null=True, db_index=True)"),
    "a moment to a day": retype("at", "DateField(null=True)"),
    "another check": retype("size", "SmallIntegerField(default=1)"),
    "number to text": retype("size", "CharField(max_length=9, default='1')"),
    "several aspects": retype("note", "IntegerField(null=True, unique=True)"),
}


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
def test_catalog_and_rows_of_plain_django(any_site: Site, twin: Site) -> None:
    text = "\n".join(CHANGES.values())
    text = "\n".join(line for name, line in CHANGES.items() if name not in ("a number of another kind", "number to text", "several aspects"))
    site_of(any_site, text)
    site_of(twin, plain(text))
    before = levelled(any_site.database)
    for direction in (("0002",), ("0001",), ("0002",)):
        any_site.migrate("shop", *direction, "-v0")
        twin.migrate("shop", *direction, "-v0")
        assert differences(levelled(any_site.database), levelled(twin.database)) == []
    any_site.migrate("shop", "0001", "-v0")
    assert differences(levelled(any_site.database), before) == []
