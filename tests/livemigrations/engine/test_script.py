"""``migrate --sql`` of migrations that undo what earlier ones in the same script make."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.livemigrations.site import Site
from tests.livemigrations.synthetic import SAFE, TABLES
from tests.support.catalogs import Catalog, catalog, differences
from tests.support.database import fresh
from tests.support.postgres import PgServer

PYTHON = {"python"}
CONCURRENT = {"index together", "index apart"}


def site_of(folder: Path, server: PgServer, *, live: bool) -> Iterator[Site]:
    folder.mkdir()
    with fresh(server) as database:
        texts = {title: text for title, text in SAFE.items() if title not in PYTHON}
        apart = {f"m{number:04}": "atomic = False" for number, title in enumerate(texts, 2) if title in CONCURRENT}
        yield Site(folder, database, live=live).shop(TABLES, *texts.values(), **apart).install("shop")


def migrated(site: Site) -> Catalog:
    with site.database.connect() as connection:
        return catalog(connection)


@pytest.mark.slow
@pytest.mark.parametrize("first", ["zero", "0001", "0020"], ids=["empty", "tables", "half_way"])
def test_the_script_of_everything_gives_plain_djangos_catalog(first: str, tmp_path: Path, pg_server: PgServer) -> None:
    for site in site_of(tmp_path / "plain", pg_server, live=False):
        site.migrate("-v0", "--skip-checks")
        truth = migrated(site)
    for site in site_of(tmp_path / "live", pg_server, live=True):
        if first != "zero":
            site.migrate("shop", first, "-v0", "--skip-checks")
        script = tmp_path / "script.sql"
        script.write_text(site.migrate("--sql", "--skip-checks").stdout)
        site.database.psql(script)
        assert differences(migrated(site), truth) == []
        site.migrate("--check", "--skip-checks")
