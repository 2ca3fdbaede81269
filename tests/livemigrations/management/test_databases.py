"""Several databases: a router that gives each app its own, a replica that is read, one that is not PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.livemigrations.inspection.quick import QuickSite, quick_site
from tests.support.catalogs import catalog
from tests.support.database import Database, fresh
from tests.support.postgres import PgServer

ROUTER = """
HOMES = {"shop": "default", "stock": "other", "pocket": "lite"}


class Router:
    def db_for_read(self, model, **hints):
        home = HOMES.get(model._meta.app_label)
        return "replica" if home == "default" else home

    def db_for_write(self, model, **hints):
        return HOMES.get(model._meta.app_label)

    def allow_migrate(self, db, app_label, **hints):
        return HOMES.get(app_label) == db
"""
SETTINGS = """
DATABASES["other"] = {{**DATABASES["default"], "NAME": {other!r}}}
DATABASES["replica"] = {{**DATABASES["default"], "TEST": {{"MIRROR": "default"}}}}
DATABASES["lite"] = {{"ENGINE": "django.db.backends.sqlite3", "NAME": {folder!r} + "/lite.db"}}
DATABASE_ROUTERS = ["routing.Router"]
LIVEMIGRATIONS_BACKUP_FOLDER = {folder!r} + "/backups"
"""
MODELS = """
class Thing(models.Model):
    id = models.BigAutoField(primary_key=True)
    n = models.IntegerField(null=True)
"""
FIRST = """
class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel(
            "Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True))]
        ),
    ]
"""
SECOND = """
def count(apps, editor):
    if editor.connection.alias == "{home}":
        Thing = apps.get_model("{app}", "Thing")
        Thing.objects.update(n=Thing.objects.count())


class Migration(migrations.Migration):
    dependencies = [("{app}", "0001_first")]
    stage = "expand"
    operations = [
        migrations.AddField("Thing", "name", models.CharField(max_length=20, default="", db_default="")),
        live.AddIndex("Thing", models.Index(fields=["n"], name="{app}_n")),
        migrations.RunPython(count, migrations.RunPython.noop),
    ]
"""
HOMES = {"shop": "default", "stock": "other", "pocket": "lite"}
STOPS = """
from django.db.models.signals import post_migrate


def stop(**keywords):
    raise KeyboardInterrupt


post_migrate.connect(stop)
"""


@pytest.fixture
def other(pg_server: PgServer) -> Iterator[Database]:
    """The second database of the project."""
    with fresh(pg_server) as made:
        with made.connect() as connection:
            connection.execute("CREATE TABLE older (id int)")
        yield made
        with pg_server.connect() as connection:  # what a restore leaves beside it
            query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
            beside = [row[0] for row in connection.execute(query, [f"{made.name}_before_restore"])]
    for name in beside:
        pg_server.drop_database(name)


@pytest.fixture
def several(tmp_path: Path, database: Database, other: Database) -> Iterator[QuickSite]:
    """A project whose first migrations are applied, with rows; the second ones are pending."""
    (tmp_path / "routing.py").write_text(ROUTER)
    with quick_site(tmp_path, database) as site:
        site.extra = SETTINGS.format(other=other.name, folder=str(tmp_path))
        for app in HOMES:
            site.app(app, models=MODELS, migrations={"0001_first": FIRST})
        for alias, place, table in (("default", database, "shop_thing"), ("other", other, "stock_thing")):
            site.migrate("--database", alias, "-v0")
            with place.connect() as connection:
                connection.execute(f"INSERT INTO {table} (n) SELECT g FROM generate_series(1, 3000) g")
                connection.execute("ANALYZE")
        for app, home in HOMES.items():
            site.migration(app, "0002_second", SECOND.format(app=app, home=home))
        yield site


def told(site: QuickSite, *command: str, code: int = 0) -> Any:
    done = site.manage("migrations", *command, "--json", check=False)
    assert done.returncode == code, done.stdout
    return json.loads(done.stdout)


def values(database: Database, table: str) -> list[tuple[Any, ...]]:
    with database.connect() as connection:
        return connection.execute(f"SELECT count(*), min(n), max(n) FROM {table}").fetchall()


@pytest.mark.slow
def test_a_rehearsal_reads_its_copy_where_a_router_sends_reads_to_a_replica(several: QuickSite) -> None:
    """The replica's alias is the copy as well, in the transaction of the migration: it sees what was just done."""
    found = told(several, "trace", "--sample", "40")
    assert found["stopped"] == ""
    [update] = [one for one in found["statements"] if one["sql"].startswith('UPDATE "shop_thing"')]
    assert update["written"] == {"shop_thing": 40}
    assert values(several.database, "shop_thing") == [(3000, 1, 3000)]


@pytest.mark.slow
def test_reviews_look_at_the_models_of_their_own_database(several: QuickSite) -> None:
    found = told(several, "compatible", "--database", "other")
    assert (found["works"], found["untried"]) == (True, [])
    drift = told(several, "drift", "--database", "other", code=1)
    assert {one.partition(":")[0] for one in drift["unmigrated"]} == {"stock"}
    assert [one["object"] for one in drift["objects"]] == ["table older"]
    traced = told(several, "trace", "--database", "other")
    assert [name for name in traced["tables"] if name.endswith("_thing")] == ["stock_thing"]


@pytest.mark.slow
def test_migrating_the_other_database(several: QuickSite, other: Database) -> None:
    """Forwards with a backup, back, and restored: nothing comes into the first database."""
    with several.database.connect() as connection:
        before = catalog(connection, books=True)
    several.migrate("--database", "other", "--backup", "-v0")
    assert values(other, "stock_thing") == [(3000, 3000, 3000)]
    several.migrate("--database", "other", "--back", "1", "-v0")
    assert values(other, "stock_thing") == [(3000, 3000, 3000)]
    [backup] = json.loads(several.manage("backup", "list", "--database", "other", "--json").stdout)["backups"]
    several.manage("backup", "verify", backup["name"], "--database", "other")
    several.manage("backup", "restore", backup["name"], "--database", "other", "--no-input")
    assert values(other, "stock_thing") == [(3000, 1, 3000)]
    several.migrate("--database", "other", "-v0")
    with other.connect() as connection:
        names = [row[0] for row in connection.execute("SELECT relname FROM pg_class WHERE relname ~ '_thing$'")]
    assert names == ["stock_thing"]
    with several.database.connect() as connection:
        assert catalog(connection, books=True) == before


@pytest.mark.slow
def test_a_database_that_is_not_postgresql(several: QuickSite) -> None:
    several.migrate("--database", "lite", "-v0")
    several.migrate("--database", "lite", "--check")
    several.app("pocket", models=f"{MODELS}\n{STOPS}", migrations={})
    stopped = several.migrate("--database", "lite", check=False)
    assert (stopped.returncode, stopped.stderr.splitlines()[-1]) == (130, "Interrupted.")
    several.app("pocket", models=MODELS, migrations={})
    several.migrate("--database", "lite", "pocket", "0001", "-v0")
    for command in (
        ("migrations", "status"),
        ("migrations", "trace"),
        ("backup", "create"),
        ("migrate", "--back", "1"),
        ("migrate", "--rollback-on-failure"),
        ("migrate", "--json"),
    ):
        done = several.manage(*command, "--database", "lite", check=False)
        assert done.returncode == 2, command
        assert "sqlite" in done.stderr
        assert "Traceback" not in done.stderr
