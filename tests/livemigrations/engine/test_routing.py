"""What database routers keep away from a database is neither planned nor run, and takes no lock."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.livemigrations.site import Site
from tests.support.catalogs import catalog, differences
from tests.support.database import Database

pytestmark = pytest.mark.slow
THINGS = """
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True)),
    ("name", models.CharField(max_length=20, null=True))]),
migrations.CreateModel("Gone", [("id", models.BigAutoField(primary_key=True))]),
"""
OWN = """
class Own(migrations.operations.base.Operation):
    reversible = True
    def state_forwards(self, app, state): pass
    def database_forwards(self, app, editor, before, after):
        if router.allow_migrate(editor.connection.alias, app, kind="own"):
            editor.execute("UPDATE shop_thing SET n = 5")
    database_backwards = database_forwards
    def describe(self): return "Own operation"


def change(apps, editor):
    editor.execute("UPDATE shop_thing SET n = 6")


class Migration("""
AWAY = {
    "add field": 'migrations.AddField("Thing", "x", models.IntegerField(default=3)),',
    "add unique field": 'migrations.AddField("Thing", "y", models.UUIDField(default=uuid.uuid4, unique=True, null=True)),',
    "fill": 'live.FillColumn("Thing", "n", Value(3)),',
    "alter field": 'migrations.AlterField("Thing", "n", models.BigIntegerField()),',
    "change type": 'live.ChangeColumnType("Thing", "n", models.BigIntegerField(null=True)),',
    "create model": 'migrations.CreateModel("New", [("id", models.BigAutoField(primary_key=True))]),',
    "index": 'migrations.AddIndex("Thing", models.Index(fields=["n"], name="thing_n")),',
    "constraint": 'migrations.AddConstraint("Thing", models.CheckConstraint(condition=Q(n__gt=0), name="c")),',
    "sql": 'migrations.RunSQL("UPDATE shop_thing SET n = 4", "SELECT 1", hints={"kind": "sql"}),',
    "python": "migrations.RunPython(change, change, hints={'kind': 'python'}),",
    "own operation": "Own(),",
    "function": 'live.CreateFunction("f", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$"),',
    "trigger": """pgtrigger.migrations.AddTrigger("thing", pgtrigger.compiler.Trigger(name="keep",
        sql=pgtrigger.compiler.UpsertTriggerSql(func="RETURN NULL;", hash="h", operation="UPDATE", pgid="pgtrigger_keep_1",
        table="shop_thing", when="AFTER"))),""",
    "separate": """migrations.SeparateDatabaseAndState(database_operations=[
        migrations.AddField("Thing", "z", models.IntegerField(null=True)), migrations.RunPython(change, change)]),""",
    "remove field": 'migrations.RemoveField("Thing", "name"),',
    "delete model": 'migrations.DeleteModel("Gone"),',
    "rename model": 'migrations.RenameModel("Thing", "Other"),',
}
ROUTER = """
class Router:
    def allow_migrate(self, db, app_label, model_name=None, **hints):
        return {answer}
"""
ROWS = "INSERT INTO shop_thing (n) SELECT g FROM generate_series(1, 3000) g; INSERT INTO shop_gone DEFAULT VALUES;"


def _routed(site: Site, operation: str, answer: str) -> Site:
    site.shop(THINGS, operation)
    path = site.folder / "shop" / "migrations" / "0002_step.py"
    text = path.read_text().replace("\nclass Migration(", OWN, 1)
    path.write_text("import uuid\n\nimport pgtrigger, pgtrigger.migrations\nfrom django.db import router\n" + text)
    site.install("pgtrigger", "shop")
    site.migrate("shop", "0001", "-v0")
    site.database.psql(ROWS)
    (site.folder / "routers.py").write_text(ROUTER.format(answer=answer))
    site.set('DATABASES["default"]["OPTIONS"] = {"options": "-c lock_timeout=4s"}')
    return site.set('DATABASE_ROUTERS = ["routers.Router"]')


def test_nothing_is_planned_and_no_lock_is_taken(site: Site) -> None:
    _routed(site, "".join(AWAY.values()), 'app_label != "shop"')
    with site.database.connect() as connection:
        before = catalog(connection)
    planned = site.manage("migrations", "plan").stdout
    # Nobody can ask the operation of the project's own before it runs; the separate one has two operations.
    assert planned.count("a database router keeps this away from default") == len(AWAY) - 1 + 1
    assert "ACCESS EXCLUSIVE" not in planned
    with site.database.connect(autocommit=False) as holder:
        holder.execute("LOCK shop_thing, shop_gone IN ACCESS EXCLUSIVE MODE")
        site.migrate("-v0")
        site.migrate("shop", "0001", "-v0")
        holder.rollback()
    with site.database.connect() as connection:
        assert differences(catalog(connection), before) == []
        assert connection.execute("SELECT min(n), max(n) FROM shop_thing").fetchone() == (1, 3000)


def test_hints_reach_the_router(site: Site) -> None:
    steps = "".join(AWAY[name] for name in ("sql", "python", "own operation", "index"))
    _routed(site, steps, '"kind" not in hints')
    planned = site.manage("migrations", "plan").stdout
    assert planned.count("a database router keeps this away from default") == 2
    with site.database.connect() as connection:
        site.migrate("-v0")
        assert connection.execute("SELECT min(n), max(n) FROM shop_thing").fetchone() == (1, 3000)
        assert "indexes thing_n" in catalog(connection)


def test_an_empty_database(tmp_path: Path, database: Database) -> None:
    site = Site(tmp_path, database).shop(THINGS, AWAY["add field"], AWAY["sql"]).install("shop")
    (site.folder / "routers.py").write_text(ROUTER.format(answer='app_label != "shop"'))
    site.set('DATABASE_ROUTERS = ["routers.Router"]').migrate("-v0")
    with database.connect() as connection:
        assert catalog(connection) == {}
