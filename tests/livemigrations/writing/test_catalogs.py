"""What is written leads to plain Django's catalog, forwards and backwards, on empty and on populated tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.livemigrations.filling import fill
from tests.livemigrations.operations.retyping import levelled
from tests.livemigrations.site import Site
from tests.livemigrations.writing.changes import CHANGES, ONE_WAY, REWRITES, TYPES, models_of
from tests.support.catalogs import Catalog, catalog, differences
from tests.support.database import fresh
from tests.support.postgres import PgServer

MADE = ("makemigrations", "--no-input", "-v0")


def written(folder: Path, site: Site, *names: str) -> Site:
    """A project whose models changed: 0001 is applied, what follows is written and pending."""
    site.app("shop", models=models_of(0, *names), migrations={})
    site.manage(*MADE, "shop")
    site.migrate("-v0")
    (folder / "shop" / "models.py").write_text(f"from django.db import models\n\n{models_of(1, *names)}")
    return site


def there_and_back(site: Site) -> tuple[Catalog, Catalog]:
    site.manage(*MADE)
    assert site.manage("makemigrations", "--check", "--no-input").returncode == 0
    site.migrate("-v0")
    with site.database.connect() as connection:
        there = catalog(connection)
        site.migrate("shop", "0001", "-v0", *(["--allow-long-locks"] if site.live else []))
        return there, catalog(connection)


@pytest.mark.slow
def test_all_changes_at_once(tmp_path: Path, pg_server: PgServer) -> None:
    assert len(CHANGES) >= 25
    names = tuple(name for name in CHANGES if name not in REWRITES | ONE_WAY)
    found: dict[str, tuple[Catalog, Catalog]] = {}
    for way in ("plain", "empty", "rows"):
        folder = tmp_path / way
        folder.mkdir()
        with fresh(pg_server) as database:
            site = written(
                folder, Site(folder, database, live=way != "plain").install("django.contrib.postgres"), *names
            )
            if way == "rows":
                with database.connect() as connection:
                    assert len(fill(connection.cursor())) > 40
            found[way] = there_and_back(site)
            if way == "empty":
                _look_at(folder / "shop" / "migrations")
                lint = site.manage("migrations", "lint", "--json", check=False)
                assert json.loads(lint.stdout)["findings"] == [], lint.stdout
    for way in ("empty", "rows"):
        assert differences(found[way][0], found["plain"][0]) == []
        assert differences(found[way][1], found["plain"][1]) == []


@pytest.mark.slow
def test_other_types(tmp_path: Path, pg_server: PgServer) -> None:
    found: dict[str, tuple[Catalog, Catalog]] = {}
    for way in ("plain", "rows"):
        folder = tmp_path / way
        folder.mkdir()
        with fresh(pg_server) as database:
            site = Site(folder, database, live=way != "plain").install("django.contrib.postgres")
            written(folder, site, *TYPES)
            with database.connect() as connection:
                assert len(fill(connection.cursor())) > 5
            site.manage(*MADE)
            if site.live:
                texts = [path.read_text() for path in (folder / "shop" / "migrations").glob("0*.py")]
                assert sum(text.count("live.ChangeColumnType(") for text in texts) == len(TYPES)
                lint = site.manage("migrations", "lint", "--json", check=False)
                assert json.loads(lint.stdout)["findings"] == [], lint.stdout
            site.migrate("-v0")
            there = levelled(database)
            site.migrate("shop", "0001", "-v0")
            found[way] = there, levelled(database)
    assert differences(found["rows"][0], found["plain"][0]) == []
    assert differences(found["rows"][1], found["plain"][1]) == []


def _look_at(folder: Path) -> None:
    files = sorted(path for path in folder.glob("0*.py"))
    assert len(files) > 8
    texts = {path.name: path.read_text() for path in files}
    assert all('"""' in text and "Locks:" in text and "Way back:" in text for text in texts.values())
    contracts = [name for name, text in texts.items() if 'stage = "contract"' in text]
    behind = list(texts)[list(texts).index(contracts[0]) :]
    (waited,) = [name for name in behind if name not in contracts]
    assert "_many" in waited
