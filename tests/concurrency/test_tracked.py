"""A model that django-pghistory tracks is changed through five releases under traffic: each write has one event."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from tests.livemigrations.site import Site
from tests.support.catalogs import catalog, differences
from tests.support.crashes import Assassin, assassin, damage
from tests.support.database import Database, fresh
from tests.support.postgres import PgServer
from tests.support.sampling import ALL_CRASHES, sample

pytestmark = pytest.mark.slow
ROWS, WRITERS, PER_SECOND = 2000, 4, 200
HEAD = """
import pghistory


@pghistory.track()
class Dish(models.Model):
"""
NAME, LONGER = "name = models.CharField(max_length=50)", "name = models.CharField(max_length=80)"
PRICE, COST = "price = models.IntegerField(null=True)", "cost = models.IntegerField(null=True)"
NOTE, GRADE = "note = models.TextField(null=True)", "grade = models.IntegerField(null=True)"
INDEX = 'class Meta:\n        indexes = [models.Index(fields=["name"], name="dish_name")]'
RELEASES = {
    "0001_first": (NAME, PRICE),
    "0002_field_added": (NAME, PRICE, NOTE),
    "0003_field_added_and_removed": (NAME, PRICE, GRADE),
    "0004_field_renamed": (NAME, COST, GRADE),
    "0005_type_altered": (LONGER, COST, GRADE),
    "0006_index_added": (LONGER, COST, GRADE, INDEX),
}
NEW = list(RELEASES)[1:]
GENERATE = """
from django.core.management import call_command
from django.db.migrations.questioner import MigrationQuestioner, NonInteractiveMigrationQuestioner

asked = NonInteractiveMigrationQuestioner
asked.ask_rename = lambda self, model, old, new, field: old == "price"
call_command("makemigrations", "shop", name={name!r}, interactive=False, verbosity=0)
print(json.dumps("made"))
"""
APPS = ("django.contrib.contenttypes", "django.contrib.auth", "pgtrigger", "pghistory", "shop")
KILLS = sample("tracked", range(2, 62, 2), 2, complete=ALL_CRASHES)


@dataclass
class Traffic:
    """What the writers committed, one text for each write, and the errors that they got."""

    written: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@contextmanager
def traffic(database: Database) -> Iterator[Traffic]:
    """Insert and update dishes inside the block, about PER_SECOND transactions a second."""
    seen, done = Traffic(), threading.Event()

    def write(number: int) -> None:
        with database.connect(application_name="test writer") as connection:
            connection.execute("SET statement_timeout = '60s'")
            count, following = 0, time.monotonic()
            while not done.is_set():
                text = f"w{number}-{count}"
                count += 1
                try:
                    if count % 4:
                        dish = 1 + (count * WRITERS + number) % ROWS
                        connection.execute("UPDATE shop_dish SET name = %s WHERE id = %s", [text, dish])
                    else:
                        connection.execute("INSERT INTO shop_dish (name) VALUES (%s)", [text])
                    seen.written.append(text)
                except psycopg.Error as error:
                    seen.errors.append(str(error))
                following += WRITERS / PER_SECOND
                time.sleep(max(0.0, following - time.monotonic()))

    threads = [threading.Thread(target=write, args=[number]) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(0.2)
        yield seen
        time.sleep(0.2)
    finally:
        done.set()
        for thread in threads:
            thread.join()


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory, pg_server: PgServer) -> Iterator[tuple[Path, Database]]:
    """The folder of a project whose migrations makemigrations has written, and its database at the first release."""
    folder = tmp_path_factory.mktemp("releases")
    with fresh(pg_server) as database:
        site = Site(folder, database, live=False)
        site.app("shop", migrations={})
        site.install(*APPS)
        for name, fields in RELEASES.items():
            body = "\n".join(f"    {line}" for line in fields)
            (folder / "shop" / "models.py").write_text(f"from django.db import models\n{HEAD}{body}\n")
            assert site.python(GENERATE.format(name=name[5:])) == "made"
        made = {path.stem for path in (folder / "shop" / "migrations").glob("0*.py")}
        assert made == set(RELEASES)
        site.live = True
        site.install(*APPS).migrate("-v0", "shop", "0001")
        site.migrate("-v0", "pghistory")
        database.psql(f"INSERT INTO shop_dish (name) SELECT 'd' || g FROM generate_series(1, {ROWS}) g; ANALYZE;")
        yield folder, database


@pytest.fixture
def shop(tmp_path: Path, pg_server: PgServer, releases: tuple[Path, Database]) -> Iterator[Site]:
    """A copy of that project and database."""
    folder, template = releases
    shutil.copytree(folder / "shop", tmp_path / "shop", ignore=shutil.ignore_patterns("__pycache__"))
    with fresh(pg_server, template.name) as database:
        yield Site(tmp_path, database).install(*APPS)


def _lost_or_doubled(database: Database, written: list[str]) -> list[tuple[str, int]]:
    """The writes that do not have exactly one event."""
    with database.connect() as connection:
        return connection.execute(
            "SELECT w, count(e.name) FROM unnest(%s::text[]) w LEFT JOIN shop_dishevent e ON e.name = w GROUP BY w"
            " HAVING count(e.name) <> 1",
            [written],
        ).fetchall()


def _at_the_end(shop: Site, seen: Traffic) -> None:
    assert len(seen.written) > 100
    assert seen.errors == []
    assert _lost_or_doubled(shop.database, seen.written) == []
    assert damage(shop.database) == {}


def test_no_event_is_lost(shop: Site, pg_server: PgServer, releases: tuple[Path, Database]) -> None:
    with traffic(shop.database) as seen:
        for name in NEW:
            shop.migrate("shop", name, "-v0")
    _at_the_end(shop, seen)
    with fresh(pg_server) as plain, shop.database.connect() as ours, plain.connect() as theirs:
        plain_site = Site(releases[0], plain, live=False).install(*APPS)
        for app in ("shop", "pghistory"):
            plain_site.migrate(app, "-v0")
        assert differences(catalog(ours), catalog(theirs)) == []


def test_plain_django_loses_none_either(shop: Site) -> None:
    """The positive control: the same traffic and the same count without the engine."""
    shop.live = False
    shop.install(*APPS)
    with traffic(shop.database) as seen:
        for name in NEW:
            shop.migrate("shop", name, "-v0")
    assert len(seen.written) > 100
    assert seen.errors == []
    assert _lost_or_doubled(shop.database, seen.written) == []


def _killed(run: Assassin, statements: int, *words: str) -> None:
    """Kill a run after so many statements, and let the next one go to its end."""
    run.run("migrate", "--no-input", *words, statements=statements)
    end = run.run("migrate", "--no-input", *words)
    assert end.code == 0, end.output


@pytest.mark.parametrize("statements", KILLS)
def test_no_event_is_lost_when_the_run_is_killed(shop: Site, statements: int) -> None:
    with (
        assassin(shop.database, cwd=shop.folder, environment=shop.environment()) as run,
        traffic(shop.database) as seen,
    ):
        for name in NEW:
            _killed(run, statements, "shop", name)
    _at_the_end(shop, seen)


@pytest.mark.parametrize("statements", KILLS)
def test_no_event_is_lost_on_the_way_back(shop: Site, statements: int) -> None:
    shop.migrate("-v0")
    with (
        assassin(shop.database, cwd=shop.folder, environment=shop.environment()) as run,
        traffic(shop.database) as seen,
    ):
        for name in reversed(list(RELEASES)[:-1]):
            _killed(run, statements, "shop", name, "--allow-long-locks")
    _at_the_end(shop, seen)
