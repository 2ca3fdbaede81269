"""The same catalog and the same rows as plain Django, story by story, up and down, without rows and with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.livemigrations.schema.stories import BUNCHES, STORIES
from tests.livemigrations.schema.story import Story
from tests.livemigrations.site import Site
from tests.livemigrations.test_same_catalog import compare, walked
from tests.support import loud
from tests.support.catalogs import Catalog, catalog, differences
from tests.support.database import fresh
from tests.support.postgres import MAJORS, PgServer
from tests.support.sampling import ALL_STORIES, sample

INSTALLED = ("django.contrib.postgres", "pgtrigger")
KNOWN = [bunch for bunch in BUNCHES if all(story.since <= min(MAJORS) for story in bunch)]  # to each version
OLDER = {
    server: BUNCHES if ALL_STORIES else sample(server, KNOWN, 1, complete=False)
    for server in ("pg_server_16", "pg_server_15")
}
SETTINGS = 'TEST_SWAP_MODEL = "elsewhere.Fake"\n'


@contextmanager
def told(stories: list[Story], folder: Path, server: PgServer, *, live: bool, empty: bool = False) -> Iterator[Site]:
    """A project with these stories on a fresh database; unless ``empty``, it has a table of somebody else."""
    folder.mkdir()
    with fresh(server) as database:
        site = Site(folder, database, extra=SETTINGS + "\n".join(story.settings for story in stories), live=live)
        for story in stories:
            site.app(story.app, migrations=story.migrations())
        site.install(*INSTALLED, *(story.app for story in stories))
        if not empty:
            with database.connect() as connection:
                connection.execute("CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.older (id int)")
        yield site


def check(stories: list[Story], folder: Path, server: PgServer) -> None:
    """Walk stories three times: plain Django with rows, the engine without and with them."""
    stops = [story.walked(8) for story in stories]
    with told(stories, folder / "plain", server, live=False) as site:
        truth = walked(site, "rows", *stops)
    with told(stories, folder / "without_rows", server, live=True) as site:
        found = walked(site, *(story.walked(8, every=3) for story in stories))
        assert found["refused"] == found["failed"] == {}
        compare(found, truth)
    with told(stories, folder / "with_rows", server, live=True) as site:
        found = walked(site, "rows", *stops)
    compare(found, truth)
    same_rows(found, truth)
    for story in stories:
        same_failures(found, truth, story)
        assert titles(found["refused"], story) == story.refused


def same_rows(found: dict[str, Any], truth: dict[str, Any]) -> None:
    """Forwards the rows are the same, to the value; back, no table has fewer than plain Django leaves."""
    assert found["filled"] == truth["filled"]
    for key, tables in truth["rows up"].items():
        assert found["rows up"][key] == tables, key
    for key, tables in truth["rows down"].items():
        left = found["rows down"][key]
        fewer = {table: left[table][0] for table, (count, _) in tables.items() if left[table][0] < count}
        assert fewer == {}, key


def same_failures(found: dict[str, Any], truth: dict[str, Any], story: Story) -> None:
    """What rows forbid plain Django they forbid the engine, which may know a way back where plain Django has none."""
    failed = titles(found["failed"], story)
    assert titles(truth["failed"], story) == story.failed
    assert {step for step in story.failed if step.startswith("up")} <= failed <= story.failed
    changed = titles({key: said for key, said in found["refused"].items() if said["changed"]}, story)
    assert changed & {f"{way} {title}" for way in ("up", "down") for title in story.single} == set()


def titles(keys: Iterable[str], story: Story) -> frozenset[str]:
    """Steps as the story names them: "up the step"."""
    known = {f"{story.app}.{name}": title for title, name in story.names.items()}
    pairs = [key.split(" ", 1) for key in keys]
    return frozenset(f"{way} {known[name]}" for way, name in pairs if name in known)


def _named(bunch: list[Story]) -> str:
    return "-".join(story.app for story in bunch)


@pytest.mark.slow
@pytest.mark.parametrize("bunch", BUNCHES, ids=_named)
def test_the_catalog_is_that_of_plain_django(bunch: list[Story], tmp_path: Path, pg_server: PgServer) -> None:
    if too_new := [story.app for story in bunch if story.since > pg_server.version]:
        loud.skip(f"{', '.join(too_new)}: PostgreSQL {pg_server.version} is too old for them")
    check(bunch, tmp_path, pg_server)


@pytest.mark.slow
@pytest.mark.postgres_matrix
@pytest.mark.parametrize(
    ("server", "bunch"),
    [pytest.param(server, bunch, id=f"{server}-{_named(bunch)}") for server, part in OLDER.items() for bunch in part],
)
def test_on_older_servers(server: str, bunch: list[Story], tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Some stories on each older version; all that it can tell with TEPPAN_STORIES=all."""
    older: PgServer = request.getfixturevalue(server)
    if told_there := [story for story in bunch if story.since <= older.version]:
        check(told_there, tmp_path, older)


@pytest.mark.slow
def test_with_extensions(tmp_path: Path, pg_server_15: PgServer) -> None:
    (story,) = [story for story in STORIES if story.needs]
    with pg_server_15.connect() as connection:
        there = {row[0] for row in connection.execute("SELECT name FROM pg_available_extensions")}
    if missing := set(story.needs) - there:
        loud.skip(f"PostgreSQL 15 has no extension {', '.join(sorted(missing))}")
    check([story], tmp_path, pg_server_15)


@pytest.mark.slow
def test_all_at_once_on_an_empty_database(tmp_path: Path, pg_server: PgServer) -> None:
    stories = [story for story in STORIES if not story.needs and story.since <= pg_server.version]
    found: list[Catalog] = []
    for live in (False, True):
        with told(stories, tmp_path / str(live), pg_server, live=live, empty=True) as site:
            site.migrate("-v0", "--skip-checks")
            with site.database.connect() as connection:
                found.append(catalog(connection))
    assert len(found[0]) > 1000
    assert differences(*found) == []
