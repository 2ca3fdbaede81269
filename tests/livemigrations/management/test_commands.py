"""The commands: status and history, Django's own options, routers, other aliases, schemas and names."""

from __future__ import annotations

import json

import pytest

from tests.livemigrations.site import Site, settings_for
from tests.support.catalogs import catalog
from tests.support.database import fresh

BASE = """
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True))]),
"""
INDEX = 'live.AddIndex("Thing", models.Index(fields=["n"], name="thing_n")),'
COLUMN = 'migrations.AddField("Thing", "m", models.IntegerField(null=True)),'
ROWS = "INSERT INTO shop_thing (n) SELECT g FROM generate_series(1, 3000) g"


def relation(site: Site, name: str) -> bool:
    with site.database.connect() as connection:
        row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [name]).fetchone()
        return bool(row and row[0])


def status(site: Site) -> tuple[int, dict[str, object]]:
    done = site.manage("migrations", "status", "--json", check=False)
    return done.returncode, json.loads(done.stdout)


@pytest.mark.slow
def test_status(site: Site) -> None:
    site.shop(
        BASE, INDEX, f"{COLUMN}\nmigrations.RunSQL('SELECT 1 / 0', ''),", m0002="sprint = 1", m0003="atomic = False"
    )
    code, found = status(site)
    assert code == 1
    assert found["applied_count"] == 0
    site.migrate("shop", "0001", "-v0")
    code, found = status(site)
    assert (code, found["current_revision"], found["sprints"]) == (1, "shop.0001_step", {"1": "pending"})
    assert "half done" in (site.refused() and site.manage("migrations", "status", check=False).stdout)
    code, found = status(site)
    assert (code, found["half_applied"]) == (2, ["shop.0003_step"])
    site.migrate("shop", "0002", "-v0")
    assert status(site)[0] == 1
    (site.folder / "shop" / "migrations" / "0003_step.py").unlink()
    code, found = status(site)
    assert (code, found["exit_code"], found["pending_migrations"]) == (0, 0, [])
    assert site.manage("migrations", "status", "-v0").stdout == ""
    with site.database.connect() as connection:
        connection.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'thing_n'::regclass")
    done = site.manage("migrations", "status", check=False)
    assert done.returncode == 2
    assert "invalid index thing_n" in done.stdout


@pytest.mark.slow
def test_history(site: Site) -> None:
    assert "Nothing is applied" in site.manage("migrations", "history").stdout
    site.shop(BASE, INDEX, m0002="sprint = 3")
    site.migrate("-v0")
    newest, oldest = json.loads(site.manage("migrations", "history", "--json").stdout)
    assert (newest["revision"], oldest["revision"]) == ("shop.0002_step", "shop.0001_step")
    assert newest["sprint"] == 3
    assert newest["steps"][0]["state"] == "done"
    assert "sprint 3  shop.0002_step" in site.manage("migrations", "history", "-v2").stdout


@pytest.mark.slow
def test_an_alias_that_does_not_exist(site: Site) -> None:
    done = site.manage("migrations", "status", "--database", "nowhere", check=False)
    assert done.returncode == 2
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_options_of_django(site: Site) -> None:
    site.shop(BASE, INDEX)
    before = site.migrate("--plan").stdout
    assert "shop.0001_step" in before
    assert site.migrate("--check", check=False).returncode == 1
    assert not relation(site, "livemigrations_lease")
    assert not relation(site, "shop_thing")
    assert "FAKED" in site.migrate("--fake", "shop", "0001").stdout
    assert not relation(site, "shop_thing")
    assert "FAKED" in site.migrate("--fake", "shop", "zero").stdout
    site.migrate("-v0")
    assert site.migrate("--check", check=False).returncode == 0
    assert "No migrations to apply." in site.migrate().stdout
    (site.folder / "shop" / "migrations" / "0002_step.py").unlink()
    assert "Pruning shop.0002_step OK" in site.migrate("--prune", "shop").stdout


@pytest.mark.slow
def test_fake_initial(site: Site) -> None:
    site.shop(BASE, INDEX, m0001="initial = True")
    with site.database.connect() as connection:
        connection.execute("CREATE TABLE shop_thing (id bigint PRIMARY KEY, n int)")
        done = site.migrate("--fake-initial").stdout
        assert "Applying shop.0001_step... FAKED" in done
        assert "Applying shop.0002_step... OK" in done
        assert "indexes thing_n" in catalog(connection)


@pytest.mark.slow
def test_faking_settles_what_was_half_done(site: Site) -> None:
    """``--fake`` says that a person saw to the rest: the migration is neither half done nor pending afterwards."""
    site.shop(BASE, f"{INDEX}\nmigrations.RunSQL('SELECT 1 / 0', ''),").migrate("shop", "0001")
    site.database.psql("INSERT INTO shop_thing (n) VALUES (1)")
    site.refused()
    assert status(site)[0] == 2
    site.migrate("--fake")
    assert status(site)[0] == 0
    assert "No migrations to apply." in site.migrate().stdout


@pytest.mark.slow
def test_run_syncdb(site: Site) -> None:
    site.app("bare", models="class Bare(models.Model):\n    n = models.IntegerField()", migrations={})
    for file in (site.folder / "bare" / "migrations").iterdir():
        file.unlink()
    (site.folder / "bare" / "migrations").rmdir()
    site.migrate("--run-syncdb")
    assert relation(site, "bare_bare")


@pytest.mark.slow
def test_routers_decide(site: Site) -> None:
    (site.folder / "routing.py").write_text(
        "class Router:\n    def allow_migrate(self, db, app_label, **hints):\n        return app_label != 'shop'\n"
    )
    code = 'live.CreateView("v", "SELECT 1"), live.SeedRows("shop.Thing", ("id",), [{"id": 1}]),'
    site.set('DATABASE_ROUTERS = ["routing.Router"]').shop(BASE, INDEX, code)
    site.migrate()
    assert not relation(site, "shop_thing")
    assert not relation(site, "v")
    site.migrate("shop", "zero")


@pytest.mark.slow
def test_another_alias(site: Site) -> None:
    with fresh(site.database.server) as other:
        settings = {
            key: value
            for key, value in settings_for(other).items()
            if key in ("ENGINE", "NAME", "USER", "HOST", "PORT")
        }
        site.set(f"DATABASES['other'] = {settings!r}").shop(BASE, INDEX)
        with other.connect() as connection:
            connection.execute("CREATE TABLE older (id int)")
            site.migrate("--database", "other", "shop", "0001")
            connection.execute(ROWS)
            site.migrate("--database", "other")
            assert "indexes thing_n" in catalog(connection)
            site.migrate("--database", "other", "--back", "1")
            assert "indexes thing_n" not in catalog(connection)
        assert not relation(site, "shop_thing")
        assert site.manage("migrations", "status", "--database", "other", check=False).returncode == 1


@pytest.mark.slow
def test_another_schema(site: Site) -> None:
    """The search path decides; a table of the same name in public is left alone."""
    site.set("DATABASES['default']['OPTIONS'] = {'options': '-c search_path=tenant,public'}")
    site.shop(BASE, f"{INDEX}\n{COLUMN}")
    with site.database.connect() as connection:
        connection.execute("CREATE SCHEMA tenant")
        public = catalog(connection)
        site.migrate("shop", "0001")
        connection.execute(ROWS.replace("shop_thing", "tenant.shop_thing"))
        before = catalog(connection, "tenant")
        site.migrate()
        assert "indexes thing_n" in catalog(connection, "tenant")
        site.migrate("shop", "0001")
        assert catalog(connection, "tenant") == before
        assert catalog(connection) == public


NAMES = ["Thing", "a thing", "a.thing", "th'ing", "x" * 63, "é" * 31, "select"]
TABLE = """
migrations.CreateModel("M{n}", [("id", models.BigAutoField(primary_key=True)),
    ("n", models.IntegerField(null=True, db_column="N {n}"))], options={{"db_table": {name!r}}}),
"""
CHANGES = """
live.AddIndex("M{n}", models.Index(fields=["n"], name="Index {n}.)")),
migrations.AddField("M{n}", "u", models.IntegerField(null=True, unique=True, db_column="U ({n})")),
live.AddCheck("M{n}", models.CheckConstraint(condition=Q(n__gt=0), name="Check {n}")),
migrations.AddField("M{n}", "me", models.ForeignKey("self", models.CASCADE, null=True)),
live.SetNotNull("M{n}", "n", models.IntegerField(db_column="N {n}")),
"""


@pytest.mark.slow
def test_names_that_need_quotes(site: Site) -> None:
    """Everything that touches a populated table, on tables of difficult names: there, back, and nothing left."""
    tables = [TABLE.format(n=number, name=name) for number, name in enumerate(NAMES)]
    site.shop("\n".join(tables), "\n".join(CHANGES.format(n=number) for number in range(len(NAMES))))
    site.migrate("shop", "0001", "-v0")
    with site.database.connect() as connection:
        for number, name in enumerate(NAMES):
            connection.execute(f'INSERT INTO "{name}" ("N {number}") SELECT g FROM generate_series(1, 3000) g')
        before = catalog(connection)
        site.migrate("-v0")
        after = catalog(connection)
        assert sum(name.startswith("indexes") for name in after) == 4 * len(NAMES)
        assert not [name for name, text in after.items() if "INVALID" in text or text.endswith(" false")]
        site.migrate("shop", "0001", "-v0")
        assert catalog(connection) == before


@pytest.mark.slow
def test_the_editor_of_another_backend_is_used(site: Site) -> None:
    backend = site.folder / "wrapped"
    backend.mkdir()
    (backend / "__init__.py").write_text("")
    (backend / "base.py").write_text(
        "from django.db.backends.postgresql import base, schema\n\n\n"
        "class Editor(schema.DatabaseSchemaEditor):\n"
        "    sql_create_index = 'CREATE INDEX %(name)s ON %(table)s%(using)s (%(columns)s)%(include)s WITH (fillfactor=50)'\n\n\n"
        "class DatabaseWrapper(base.DatabaseWrapper):\n    SchemaEditorClass = Editor\n"
    )
    site.set("DATABASES['default']['ENGINE'] = 'wrapped'").shop(BASE, INDEX)
    site.migrate("shop", "0001", "-v0")
    with site.database.connect() as connection:
        connection.execute(ROWS)
        site.migrate("-v0")
        assert "fillfactor='50'" in catalog(connection)["indexes thing_n"]
    assert site.steps("0002")[0]["lane"] == "online"
