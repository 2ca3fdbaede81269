"""The whole life of each operation: planned steps, forwards, backwards, forwards again, and its text."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.migrations.writer import OperationWriter
from django.db.models.functions import Lower

from livemigrations import operations as live
from tests.livemigrations.site import Site
from tests.support.catalogs import catalog

BASE = """
migrations.CreateModel("Place", [("id", models.BigAutoField(primary_key=True))]),
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True)),
    ("code", models.CharField(max_length=20)), ("at", models.DateTimeField(null=True)),
    ("place", models.ForeignKey("Place", models.CASCADE, null=True, db_constraint=False))],
    options={"indexes": [models.Index(fields=["code"], name="thing_old")]}),
"""
ROWS = """
INSERT INTO shop_place SELECT FROM generate_series(1, 10);
INSERT INTO shop_thing (n, code, place_id) SELECT g, 'c' || g, g % 10 + 1 FROM generate_series(1, 3000) g;
"""
ONLINE, INSTANT, BATCH = "online", "instant", "batch"
SHARE_UPDATE, SHARE_ROW, EXCLUSIVE = "SHARE UPDATE EXCLUSIVE", "SHARE ROW EXCLUSIVE", "ACCESS EXCLUSIVE"
TOUCH = "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"


@dataclass(frozen=True)
class Life:
    """An operation as written, and the (lane, lock on shop_thing) of each of its steps on a populated table."""

    text: str
    forward: tuple[tuple[str, str], ...]
    back: tuple[tuple[str, str], ...]


LIVES = {
    "AddIndex": Life(
        'live.AddIndex("Thing", models.Index(fields=["n"], name="thing_n")),',
        ((ONLINE, SHARE_UPDATE),),
        ((ONLINE, SHARE_UPDATE),),
    ),
    "RemoveIndex": Life(
        'live.RemoveIndex("Thing", "thing_old"),', ((ONLINE, SHARE_UPDATE),), ((ONLINE, SHARE_UPDATE),)
    ),
    "AddForeignKey": Life(
        'live.AddForeignKey("Thing", "place", models.ForeignKey("Place", models.DB_CASCADE, null=True)),',
        ((INSTANT, SHARE_ROW), (ONLINE, SHARE_UPDATE)),
        ((INSTANT, EXCLUSIVE),),
    ),
    "AddCheck": Life(
        'live.AddCheck("Thing", models.CheckConstraint(condition=Q(n__gt=0), name="thing_positive")),',
        ((INSTANT, EXCLUSIVE), (ONLINE, SHARE_UPDATE)),
        ((INSTANT, EXCLUSIVE),),
    ),
    "AddUnique": Life(
        'live.AddUnique("Thing", models.UniqueConstraint(fields=["code"], name="thing_code")),',
        ((ONLINE, SHARE_UPDATE), (INSTANT, EXCLUSIVE)),
        ((INSTANT, EXCLUSIVE),),
    ),
    "AddUnique of an expression": Life(
        'live.AddUnique("Thing", models.UniqueConstraint(Lower("code"), name="thing_code")),',
        ((ONLINE, SHARE_UPDATE),),
        ((ONLINE, SHARE_UPDATE),),
    ),
    "SetNotNull": Life(
        'live.SetNotNull("Thing", "n", models.IntegerField()),',
        ((INSTANT, EXCLUSIVE), (ONLINE, SHARE_UPDATE), (INSTANT, EXCLUSIVE)),
        ((INSTANT, EXCLUSIVE),),
    ),
    "CreateTableIfMissing": Life(
        'live.CreateTableIfMissing("New", [("id", models.BigAutoField(primary_key=True)),'
        ' ("thing", models.ForeignKey("Thing", models.CASCADE))]),',
        ((INSTANT, SHARE_ROW),),
        ((INSTANT, EXCLUSIVE),),
    ),
    "AddColumnIfMissing": Life(
        'live.AddColumnIfMissing("Thing", "extra", models.TextField(default="x")),',
        ((INSTANT, EXCLUSIVE),),
        ((INSTANT, SHARE_ROW), (INSTANT, EXCLUSIVE)),
    ),
    "SeedRows": Life(
        'live.SeedRows("shop.Place", ("id",), [{"id": 901}, {"id": 902}]),',
        ((BATCH, ""),),
        ((BATCH, ""),),
    ),
    "CreateFunction": Life(f'live.CreateFunction("touch", "{TOUCH}"),', ((INSTANT, ""),), ((INSTANT, ""),)),
    "CreateTrigger": Life(
        'live.CreateTrigger("Thing", "thing_same", "BEFORE UPDATE OF n", "suppress_redundant_updates_trigger()",'
        ' condition="OLD.n > 0"),',
        ((INSTANT, SHARE_ROW),),
        ((INSTANT, EXCLUSIVE),),
    ),
    "CreateView": Life(
        'live.CreateView("things", "SELECT id, \'50%\' AS half FROM shop_thing"),', ((INSTANT, ""),), ((INSTANT, ""),)
    ),
}


def planned(site: Site, direction: str) -> tuple[tuple[str, str], ...]:
    steps = [step for step in site.steps("0002", direction) if step["sql"]]
    return tuple(
        (step["lane"], "".join(mode for table, mode in step["locks"].items() if table.endswith('"shop_thing"')))
        for step in steps
    )


@pytest.mark.slow
@pytest.mark.parametrize("life", LIVES.values(), ids=LIVES)
def test_on_a_populated_table(site: Site, life: Life) -> None:
    site.shop(BASE, life.text)
    site.migrate("shop", "0001", "-v0")
    site.database.psql(ROWS)
    with site.database.connect() as connection:
        before = catalog(connection)
        site.migrate("-v0")
        assert planned(site, "forward") == life.forward
        after = catalog(connection)
        site.migrate("shop", "0001", "-v0")
        assert planned(site, "back") == life.back
        assert catalog(connection) == before
        site.migrate("-v0")
        assert catalog(connection) == after
        assert (after == before) is life.text.startswith("live.SeedRows")


@pytest.mark.slow
def test_on_empty_tables_everything_is_instant(site: Site) -> None:
    """All of them at once: the same catalog as on a populated table, without anything concurrent."""
    texts = [life.text for name, life in LIVES.items() if name not in ("AddUnique of an expression", "RemoveIndex")]
    site.shop(BASE, "\n".join(texts))
    site.migrate("shop", "0001", "-v0")
    site.migrate("-v0")
    with site.database.connect() as connection:
        connection.execute("TRUNCATE shop_place CASCADE")
        empty = catalog(connection)
    assert all(step["transactional"] and step["lane"] != ONLINE for step in site.steps("0002"))
    site.migrate("shop", "0001", "-v0")
    site.database.psql(ROWS)
    site.migrate("-v0")
    with site.database.connect() as connection:
        assert catalog(connection) == empty


KEY = models.ForeignKey("shop.Place", models.CASCADE)
OPERATIONS: list[Operation] = [
    live.AddIndex("thing", models.Index(fields=["n"], name="i")),
    live.RemoveIndex("thing", "i"),
    live.AddForeignKey("thing", "place", KEY),
    live.SetNotNull("thing", "n", models.IntegerField()),
    live.AddCheck("thing", models.CheckConstraint(condition=models.Q(n__gt=0), name="c")),
    live.AddUnique("thing", models.UniqueConstraint(Lower("code"), name="u")),
    live.CreateTableIfMissing("Thing", [("id", models.BigAutoField(primary_key=True))], {"db_table": "t"}),
    live.AddColumnIfMissing("thing", "n", models.IntegerField(null=True)),
    live.SeedRows("shop.Place", ("id",), [{"id": 1}]),
    live.CreateFunction("f", "CREATE FUNCTION f()", "int", previous="CREATE FUNCTION f() OLD"),
    live.CreateTrigger("thing", "g", "BEFORE UPDATE", "f()", level="STATEMENT", condition="true"),
    live.CreateView("v", "SELECT 1", previous="SELECT 2"),
]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: type(operation).__name__)
def test_its_text_makes_it_again(operation: Operation) -> None:
    text, imports = OperationWriter(operation, indentation=0).serialize()
    names: dict[str, object] = {}
    exec("\n".join(imports), names)  # noqa: S102 - what a migration file would do
    again = eval(text.rstrip(",\n"), names)
    assert type(again) is type(operation)
    assert OperationWriter(again, indentation=0).serialize()[0] == text
    assert operation.reversible
    assert operation.describe() == again.describe() != ""
    assert operation.migration_name_fragment
    assert isinstance(operation, migrations.operations.base.Operation)


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(TypeError, match="CheckConstraint"):
        live.AddCheck("thing", models.UniqueConstraint(fields=["n"], name="u"))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="UniqueConstraint"):
        live.AddUnique("thing", models.CheckConstraint(condition=models.Q(n=1), name="c"))
    with pytest.raises(ValueError, match="same fields"):
        live.SeedRows("shop.Place", ("id",), [{"id": 1}, {"id": 2, "name": "x"}])
    with pytest.raises(ValueError, match="lack the key code"):
        live.SeedRows("shop.Place", ("code",), [{"id": 1}])
