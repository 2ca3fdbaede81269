"""Migrations that override ``apply()`` and ``unapply()``, as some packages do, run as under plain Django."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.livemigrations.site import Site
from tests.support.catalogs import catalog, differences
from tests.support.database import Database, fresh
from tests.support.postgres import PgServer

pytestmark = pytest.mark.slow
THING = """
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(unique=True))]),
"""
LOOSER = """
migrations.AlterField("Thing", "n", models.IntegerField()),
migrations.AddField("Thing", "m", models.IntegerField(null=True)),
"""
ROWS = "INSERT INTO shop_thing (n) SELECT g FROM generate_series(1, 3000) g;"
SKIPS = """
    def apply(self, project_state, schema_editor, collect_sql=False):
        return project_state

    def unapply(self, project_state, schema_editor, collect_sql=False):
        return project_state
"""
MORE = """
    def apply(self, project_state, schema_editor, collect_sql=False):
        project_state = super().apply(project_state, schema_editor, collect_sql)
        schema_editor.execute("INSERT INTO seen VALUES ('forward')")
        schema_editor.execute("CREATE VIEW things AS SELECT n FROM shop_thing")
        return project_state

    def unapply(self, project_state, schema_editor, collect_sql=False):
        schema_editor.execute("INSERT INTO seen VALUES ('back')")
        schema_editor.execute("DROP VIEW things")
        return super().unapply(project_state, schema_editor, collect_sql)
"""
FORWARD_ONLY = MORE.partition("\n    def unapply")[0].replace(
    'schema_editor.execute("CREATE VIEW things AS SELECT n FROM shop_thing")', "pass"
)
MIXIN = "class Mixin:" + MORE


def _site(folder: Path, database: Database, text: str, *, live: bool = True, mixin: bool = False) -> Site:
    folder.mkdir()
    site = Site(folder, database, live=live).shop(THING, LOOSER)
    path = folder / "shop" / "migrations" / "0002_step.py"
    migration = path.read_text()
    if mixin:
        migration = migration.replace("class Migration(", f"{MIXIN}\n\nclass Migration(Mixin, ")
    else:
        migration += text
    path.write_text(migration)
    return site.install("shop")


@pytest.mark.parametrize("state", ["populated", "empty table", "empty database"])
@pytest.mark.parametrize("kind", ["skips", "more", "mixin"])
def test_the_schema_is_that_of_plain_django(tmp_path: Path, pg_server: PgServer, kind: str, state: str) -> None:
    found, text = {}, {"skips": SKIPS, "more": MORE, "mixin": ""}[kind]
    for live in (False, True):
        with fresh(pg_server) as database:
            site = _site(tmp_path / f"live {live}", database, text, live=live, mixin=kind == "mixin")
            if state == "empty database":
                database.psql("CREATE SCHEMA elsewhere; CREATE TABLE seen (what text)" if kind != "skips" else "")
            else:
                database.psql("CREATE TABLE seen (what text)")
            if state == "populated":
                site.migrate("shop", "0001", "-v0")
                database.psql(ROWS)
            site.migrate("-v0")
            with database.connect() as connection:
                up = catalog(connection)
                site.migrate("shop", "0001", "-v0")
                down = catalog(connection)
                seen = connection.execute("SELECT what FROM seen").fetchall() if kind != "skips" else []
            found[live] = (up, down, seen)
    for one, other in zip(found[True][:2], found[False][:2], strict=True):
        assert differences(one, other) == []
    assert found[True][2] == found[False][2] == ([] if kind == "skips" else [("forward",), ("back",)])


def test_the_commands_say_so(tmp_path: Path, database: Database) -> None:
    database.psql("CREATE TABLE seen (what text)")
    site = _site(tmp_path / "site", database, MORE)
    site.migrate("shop", "0001", "-v0")
    database.psql(ROWS)
    planned = site.manage("migrations", "plan").stdout
    assert "apply() of the migration, overridden by shop.migrations.0002_step.Migration" in planned
    assert "Alter field" not in planned
    assert "is Python and cannot be written as SQL" in site.refused("--sql")
    assert "apply() of the migration" in site.manage("migrations", "trace", check=False).stdout
    done = site.migrate()
    assert "overrides apply(): the engine calls it in one transaction" in done.stdout
    assert [step["label"][:24] for step in site.steps("0002")] == ["apply() of the migration"]
    lint = site.manage("migrations", "lint", check=False)
    assert "LM409" not in lint.stdout + lint.stderr


def test_a_failure_takes_all_of_it_back(tmp_path: Path, database: Database) -> None:
    site = _site(tmp_path / "site", database, MORE)  # the table that it writes to is missing
    site.migrate("shop", "0001", "-v0")
    database.psql(ROWS)
    with database.connect() as connection:
        before = catalog(connection)
        assert 'relation "seen" does not exist' in site.refused()
        assert catalog(connection) == before
        database.psql("CREATE TABLE seen (what text)")
        site.migrate("-v0")
        assert connection.execute("SELECT count(*) FROM seen").fetchone() == (1,)


def test_it_waits_for_its_lock_and_tries_again(tmp_path: Path, database: Database) -> None:
    database.psql("CREATE TABLE seen (what text)")
    site = _site(tmp_path / "site", database, MORE)
    site.migrate("shop", "0001", "-v0")
    database.psql(ROWS)
    with database.connect(autocommit=False) as holder:
        holder.execute("SELECT 1 FROM shop_thing LIMIT 1")
        with site.popen("migrate", "--no-input") as process, database.connect() as other:
            other.execute("SET statement_timeout = '20s'")
            for number in range(20):
                other.execute("INSERT INTO shop_thing (n) VALUES (%s)", [10_000 + number])
            assert process.poll() is None
            holder.rollback()
            process.communicate(timeout=120)
            assert process.returncode == 0
    with database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM seen").fetchone() == (1,)


def test_the_way_back_of_one_that_overrides_only_apply_keeps_what_it_drops(tmp_path: Path, database: Database) -> None:
    database.psql("CREATE TABLE seen (what text)")
    site = _site(tmp_path / "site", database, FORWARD_ONLY)
    site.migrate("shop", "0001", "-v0")
    database.psql(ROWS)
    site.migrate("-v0")
    database.psql("UPDATE shop_thing SET m = n")
    site.migrate("shop", "0001", "-v0")
    with database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM livemigrations_kept").fetchone() == (1,)
