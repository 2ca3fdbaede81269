"""Roles: an ordinary owner needs nothing more, and whoever lacks something is told all of it before the first step."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState

from livemigrations import operations as live
from livemigrations.engine.rights import _makes
from tests.livemigrations.site import Site
from tests.support.catalogs import catalog
from tests.support.roles import give, role

BASE = """
migrations.CreateModel("Place", [("id", models.BigAutoField(primary_key=True))]),
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True)),
    ("code", models.CharField(max_length=9, default=""))]),
"""
CHANGES = """
live.AddIndex("Thing", models.Index(fields=["n"], name="thing_n")),
migrations.AlterField("Place", "id", models.BigAutoField(primary_key=True, verbose_name="number")),
migrations.CreateModel("New", [("id", models.BigAutoField(primary_key=True)),
    ("place", models.ForeignKey("Place", models.CASCADE))]),
migrations.AddField("New", "thing", models.ForeignKey("Thing", models.CASCADE, null=True)),
migrations.RunSQL("ALTER TABLE older ADD COLUMN x int", "ALTER TABLE older DROP COLUMN x"),
"""
INDEX = 'migrations.AlterField("Thing", "n", models.IntegerField(null=True, db_index=True)),'
ROWS = "INSERT INTO shop_thing (n, code) SELECT g, 'c' || g FROM generate_series(1, 3000) g"


CHECK = models.CheckConstraint(condition=models.Q(n__gt=0), name="thing_c")
UNIQUE = models.UniqueConstraint(fields=["n"], name="thing_u")
KEY = models.ForeignKey("Thing", models.CASCADE, null=True)
MAKES: dict[str, tuple[Operation, bool]] = {
    "column": (migrations.AddField("Thing", "x", models.IntegerField(null=True)), False),
    "indexed column": (migrations.AddField("Thing", "x", models.IntegerField(null=True, db_index=True)), True),
    "unique column": (migrations.AddField("Thing", "x", models.IntegerField(null=True, unique=True)), True),
    "key": (migrations.AddField("Thing", "x", KEY), True),
    "many to many": (migrations.AddField("Thing", "x", models.ManyToManyField("Thing")), True),
    "index on a column": (migrations.AlterField("Thing", "n", models.IntegerField(null=True, db_index=True)), True),
    "index there already": (migrations.AlterField("Thing", "i", models.BigIntegerField(db_index=True)), False),
    "check": (live.AddCheck("Thing", CHECK), False),
    "unique": (live.AddUnique("Thing", UNIQUE), True),
    "unique together": (migrations.AlterUniqueTogether("Thing", {("n", "i")}), True),
    "another name of an index": (migrations.RenameIndex("Thing", "new", old_name="old"), True),
    "another name of a table": (migrations.RenameModel("Thing", "Item"), True),
    "another name of a column": (migrations.RenameField("Thing", "n", "m"), False),
    "another table": (migrations.AlterModelTable("Thing", "things"), True),
    "view": (live.CreateView("v", "SELECT 1"), True),
    "function": (live.CreateFunction("f", "CREATE FUNCTION f() …"), True),
    "fill": (live.FillColumn("Thing", "n", models.Value(1)), False),
    "sql": (migrations.RunSQL("ALTER TABLE a ADD b int; CREATE INDEX i ON a (b)"), True),
    "sql elsewhere": (migrations.RunSQL("CREATE TABLE other.a (id int); ALTER TABLE c ADD b int"), False),
}


@pytest.mark.parametrize(("operation", "makes"), MAKES.values(), ids=MAKES)
def test_what_needs_a_place_in_the_schema(operation: Operation, makes: bool) -> None:
    """The owner of a table may change it, but each index and each new name is checked against its schema as well."""
    state = ProjectState()
    fields: list[tuple[str, models.Field[Any, Any]]] = [
        ("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True)),
        ("i", models.IntegerField(db_index=True)),
    ]  # fmt: skip
    state.add_model(ModelState("shop", "Thing", fields))
    assert _makes(operation, "shop", state, backwards=False) == makes


def connect_as(site: Site, name: str) -> Site:
    return site.set(f"DATABASES['default']['USER'] = {name!r}")


@pytest.mark.slow
def test_all_at_once_and_then_it_works(site: Site) -> None:
    """Everything is named before anything is changed; what the message says to grant is enough."""
    site.shop(BASE, CHANGES)
    site.migrate("shop", "0001", "-v0")
    with role(site.database) as name, site.database.connect() as connection:
        connection.execute(ROWS)
        connect_as(site, name)
        before = catalog(connection, books=True)
        said = site.refused()
        assert "DELETE, INSERT, SELECT, UPDATE on django_migrations, which belongs to teppan" in said
        books = re.findall(r"^    (GRANT .*;)$", said, re.MULTILINE)
        assert len(books) >= 5
        for grant in books[:-1]:
            connection.execute(grant)
        said = site.refused()
        assert "CREATE on the schema public" in said
        assert "shop_thing belongs to teppan: only its owner may change it" in said
        assert "older belongs to teppan: only its owner may change it" in said
        assert "REFERENCES, SELECT on shop_place, which belongs to teppan" in said
        assert "DELETE, INSERT, SELECT, UPDATE on livemigrations_unseeded, which belongs to teppan" in said
        assert "shop_place belongs to teppan: only" not in said
        assert "Nothing was changed." in said
        assert catalog(connection, books=True) == before

        grants = re.findall(r"^    (GRANT .*;)$", said, re.MULTILINE)
        assert f'GRANT teppan TO "{name}";' in grants
        owner = f"Owner {site.database.name}"
        connection.execute(f'CREATE ROLE "{owner}"')
        for table in ("shop_thing", "older"):
            connection.execute(f'ALTER TABLE {table} OWNER TO "{owner}"')
        connection.execute(f'GRANT CREATE ON SCHEMA public TO "{owner}"')
        for grant in grants:
            connection.execute(grant.replace("GRANT teppan TO", f'GRANT "{owner}" TO'))
        try:
            site.migrate("-v0")
            assert "indexes thing_n" in catalog(connection)
        finally:
            connection.execute(f'REASSIGN OWNED BY "{owner}" TO CURRENT_USER')
            connection.execute(f'DROP OWNED BY "{owner}"')
            connection.execute(f'DROP ROLE "{owner}"')


@pytest.mark.slow
def test_an_owner_without_a_place(site: Site) -> None:
    """It owns the tables and may make nothing, or is a member of the owner that does not inherit: foreseen as well."""
    drops = 'migrations.RemoveField("Thing", "code"),'
    site.shop(BASE, 'migrations.AddField("Place", "x", models.IntegerField(null=True)),', f"{INDEX}\n{drops}")
    site.migrate("shop", "0001", "-v0")
    owner = f"Owner {site.database.name}"
    with role(site.database) as name, site.database.connect() as connection:
        connection.execute(ROWS)
        connection.execute(f'CREATE ROLE "{owner}"')
        try:
            give(connection, name)
            connection.execute(
                f'ALTER TABLE shop_thing OWNER TO "{owner}"; GRANT "{owner}" TO "{name}" WITH INHERIT FALSE'
            )
            connection.execute(f'ALTER SCHEMA public OWNER TO teppan; GRANT USAGE ON SCHEMA public TO "{name}"')
            before = catalog(connection, books=True)
            said = connect_as(site, name).refused()
            assert "CREATE on the schema public" in said
            assert "may not make the schema rolled_back, which keeps what is dropped" in said
            assert f'shop_thing belongs to "{owner}": this role is a member of it and does not inherit' in said
            assert catalog(connection, books=True) == before
            for grant in re.findall(r"^    (\w[^;\n]*;)", said.partition("Remedy")[2], re.MULTILINE):
                connection.execute(grant)
            site.migrate("-v0")
        finally:
            connection.execute(
                f'REASSIGN OWNED BY "{owner}" TO CURRENT_USER; DROP OWNED BY "{owner}"; DROP ROLE "{owner}"'
            )


@pytest.mark.slow
def test_no_place_for_the_books(site: Site) -> None:
    """The first run of a role that may not create tables; looking and faking need less."""
    site.shop(BASE)
    with role(site.database) as name, site.database.connect() as connection:
        connect_as(site, name)
        before = catalog(connection, books=True)
        said = site.refused()
        assert "CREATE on the schema public, where the journal of migrations is kept too" in said
        assert f'GRANT CREATE ON SCHEMA public TO "{name}";' in said
        assert "shop.0001_step" in site.migrate("--plan").stdout
        assert site.manage("migrations", "status", check=False).returncode == 1
        assert catalog(connection, books=True) == before


@pytest.mark.slow
def test_what_is_no_change_for_the_database_needs_nothing(site: Site) -> None:
    """Only the state changes: another role's tables are in nobody's way."""
    same = """
    migrations.AlterField("Thing", "n", models.IntegerField(null=True, help_text="how many")),
    migrations.AlterModelOptions("Thing", {"verbose_name": "thing"}),
    migrations.SeparateDatabaseAndState([], [migrations.RemoveField("Thing", "code")]),
    """
    site.shop(BASE, same)
    site.migrate("shop", "0001", "-v0")
    with role(site.database) as name, site.database.connect() as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND (relname LIKE 'livemigrations%' OR relname = 'django_migrations')"
        ).fetchall()
        for (table,) in tables:
            connection.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO "{name}"')
        connect_as(site, name).migrate("-v0")


@pytest.mark.slow
def test_python_that_may_not(site: Site) -> None:
    """What no state tells is met at its step: named there, the rest kept, and gone on with afterwards."""
    read = 'migrations.RunPython(lambda apps, editor: apps.get_model("shop", "Thing").objects.count(), migrations.RunPython.noop),'
    site.shop(BASE, 'migrations.RunSQL("CREATE TABLE own (id int)", "DROP TABLE own"),', read)
    site.migrate("shop", "0001", "-v0")
    with role(site.database) as name, site.database.connect() as connection:
        connection.execute(f'GRANT CREATE ON SCHEMA public TO "{name}"')
        for (table,) in connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND (relname LIKE 'livemigrations%' OR relname = 'django_migrations')"
        ).fetchall():
            connection.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO "{name}"')
        said = connect_as(site, name).refused()
        assert "shop.0003_step, operation 1: Raw Python operation" in said
        assert "permission denied for table shop_thing" in said
        connection.execute(f'GRANT SELECT ON shop_thing TO "{name}"')
        site.migrate("-v0")


@pytest.mark.slow
def test_sessions_of_others_that_may_not_be_seen(site: Site) -> None:
    """Without pg_read_all_stats a holder has neither age nor query: it is waited out and named by its process."""
    site.shop(BASE, 'migrations.AddField("Thing", "x", models.IntegerField(null=True)),', CHANGES.splitlines()[1])
    site.set("LIVEMIGRATIONS_LOCK_DEADLINE_S = 1")
    site.migrate("shop", "0001", "-v0")
    with role(site.database, owns=True) as name, site.database.connect() as connection:
        connection.execute(ROWS)
        connect_as(site, name)
        with site.database.connect(autocommit=False) as holder:
            holder.execute("SELECT count(*) FROM shop_thing")
            said = site.refused()
            assert f"pid {holder.info.backend_pid}" in said
            assert "of unknown age" in said
            holder.rollback()
        site.migrate("-v0")
