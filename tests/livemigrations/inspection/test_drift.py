"""Drift: everything that a hand can change behind the migrations' back is found, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from livemigrations.inspection import drift as inspected
from tests.livemigrations.inspection.quick import QuickSite, quick_site
from tests.livemigrations.site import Site
from tests.support.catalogs import catalog
from tests.support.database import Database

SHOP = """
migrations.CreateModel("Place", [("id", models.BigAutoField(primary_key=True, serialize=False)), ("code", models.CharField(max_length=9, unique=True))]),
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True, serialize=False)), ("n", models.IntegerField(null=True)),
    ("name", models.CharField(max_length=20, db_index=True)), ("place", models.ForeignKey("shop.place", models.CASCADE)),
    ("places", models.ManyToManyField("shop.place", related_name="stock"))],
    options={"indexes": [models.Index(fields=["n"], name="thing_n")],
        "constraints": [models.CheckConstraint(condition=Q(n__gt=0), name="thing_check")]}),
migrations.CreateModel("Legacy", [("id", models.BigAutoField(primary_key=True, serialize=False))],
    options={"managed": False, "db_table": '"public"."legacy"'}),
live.CommentIndexes({"thing_n": "by number"}),
live.CreateFunction("touch", "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"),
live.CreateTrigger("Place", "place_touch", "BEFORE UPDATE", "touch()"),
live.CreateView("codes", "SELECT code FROM shop_place"),
migrations.RunSQL("CREATE SEQUENCE numbers; CREATE TYPE pair AS (x int, y text)", "DROP SEQUENCE numbers; DROP TYPE pair"),
live.CreateTrigger("Place", "place_second", "AFTER UPDATE", "touch()"),
live.CreateView("one", "SELECT 1 AS one"),
migrations.RunSQL(["CREATE TABLE hand (t text, at timestamptz DEFAULT CURRENT_TIMESTAMP)", "CREATE TABLE days (d date) PARTITION BY RANGE (d)"], ""),
"""
MODELS = """
class Place(models.Model):
    id = models.BigAutoField(primary_key=True)
    code = models.CharField(max_length=9, unique=True)


class Thing(models.Model):
    id = models.BigAutoField(primary_key=True)
    n = models.IntegerField(null=True)
    name = models.CharField(max_length=20, db_index=True)
    place = models.ForeignKey(Place, models.CASCADE)
    places = models.ManyToManyField(Place, related_name="stock")

    class Meta:
        indexes = [models.Index(fields=["n"], name="thing_n")]
        constraints = [models.CheckConstraint(condition=models.Q(n__gt=0), name="thing_check")]


class Legacy(models.Model):
    id = models.BigAutoField(primary_key=True)

    class Meta:
        managed = False
        db_table = '"public"."legacy"'
"""


CLEAN = {
    "database": "default",
    "objects": [],
    "unmigrated": [],
    "unknown": [],
    "half_applied": [],
    "pending": 0,
    "ignored": 0,
    "exit_code": 0,
}
TOUCHED = """
ALTER TABLE shop_thing ALTER name TYPE varchar(30), ALTER n SET NOT NULL, DROP CONSTRAINT thing_check,
    ADD COLUMN extra int, ADD CONSTRAINT more CHECK (extra > 0);
ALTER INDEX thing_n RENAME TO thing_number;
CREATE INDEX stray ON shop_thing (extra);
COMMENT ON INDEX thing_number IS NULL;
DROP TABLE shop_thing_places;
CREATE TABLE foreign_table (id int);
CREATE VIEW foreign_view AS SELECT 1;
DROP TRIGGER place_touch ON shop_place;
CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$;
CREATE OR REPLACE VIEW codes AS SELECT code FROM shop_place WHERE id > 0;
ALTER SEQUENCE numbers MAXVALUE 9 CYCLE;
ALTER TYPE pair ADD ATTRIBUTE z int; ALTER TYPE pair DROP ATTRIBUTE z;
ALTER TABLE shop_place DISABLE TRIGGER place_second;
ALTER VIEW one SET (security_barrier);
ALTER TABLE hand ALTER t TYPE text COLLATE "C"; ALTER TABLE hand SET UNLOGGED;
CREATE SCHEMA other; CREATE TABLE other.shop_place (id bigint PRIMARY KEY);
CREATE TYPE mood AS ENUM ('good');
"""


@pytest.fixture
def site(tmp_path: Path, database: Database) -> Iterator[QuickSite]:
    with quick_site(tmp_path, database) as made:
        yield made


def drift(site: Site, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = site.manage("migrations", "drift", "--json", *arguments, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)


def found(site: Site, *arguments: str) -> set[tuple[str, str]]:
    return {(one["change"], one["object"]) for one in drift(site, *arguments)[1]["objects"]}


@pytest.fixture
def shop(site: QuickSite) -> QuickSite:
    """A migrated shop, its models written, that nobody has touched."""
    site.shop(SHOP)
    (site.folder / "shop" / "models.py").write_text(f"from django.db import models\n\n{MODELS}")
    site.migrate("-v0")
    site.database.psql("DROP TABLE older")
    return site


@pytest.mark.slow
def test_every_kind_of_object(shop: QuickSite) -> None:
    assert drift(shop) == (0, CLEAN)
    shop.database.psql(TOUCHED)
    with shop.database.connect() as connection:
        [(key,)] = connection.execute(
            "SELECT quote_ident(conname) FROM pg_constraint WHERE conrelid = 'shop_thing'::regclass AND contype = 'f'"
        ).fetchall()
        connection.execute(f"ALTER TABLE shop_thing DROP CONSTRAINT {key}")
        connection.execute(
            f"ALTER TABLE shop_thing ADD CONSTRAINT {key} FOREIGN KEY (place_id) REFERENCES other.shop_place"
        )
        unproven = set()
        if shop.database.server.version >= 18:
            connection.execute(
                "ALTER TABLE shop_place ALTER code DROP NOT NULL; ALTER TABLE shop_place ADD NOT NULL code NOT VALID"
            )
            unproven = {("different", "column shop_place.code")}
        before = catalog(connection, books=True)
        code, answer = drift(shop)
        assert catalog(connection, books=True) == before
    assert code == answer["exit_code"] == 1
    assert {(one["change"], one["object"]) for one in answer["objects"]} == {
        ("different", "column shop_thing.name"),
        ("different", "column shop_thing.n"),
        ("missing", "constraint shop_thing.thing_check"),
        ("extra", "column shop_thing.extra"),
        ("extra", "constraint shop_thing.more"),
        ("other name", "index shop_thing.thing_n"),
        ("extra", "index shop_thing.stray"),
        ("missing", "comment shop_thing.index thing_n"),
        ("missing", "table shop_thing_places"),
        ("extra", "table foreign_table"),
        ("extra", "view foreign_view"),
        ("missing", "trigger shop_place.place_touch"),
        ("different", "function touch()"),
        ("different", "view codes"),
        ("different", "sequence numbers"),
        ("extra", "type mood"),
        ("different", "trigger shop_place.place_second"),
        ("different", "view one"),
        ("different", "column hand.t"),
        ("different", "table hand"),
        ("different", f"constraint shop_thing.{key.strip('"')}"),
    } | unproven
    text = shop.manage("migrations", "drift", check=False).stdout
    assert "there: character varying(30) NOT NULL" in text
    assert "here:  character varying(20) NOT NULL" in text


@pytest.mark.slow
def test_what_may_be_and_what_is_ignored(shop: QuickSite) -> None:
    """Names that Django finds by column may differ, a serial is an identity, an invalid index is not whole."""
    with shop.database.connect() as connection:
        row = connection.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = 'shop_thing'::regclass AND contype = 'f'"
        ).fetchone()
        assert row
        connection.execute(f'ALTER TABLE shop_thing RENAME CONSTRAINT "{row[0]}" TO some_key')
        connection.execute("ALTER TABLE shop_place ALTER id DROP IDENTITY; CREATE SEQUENCE own OWNED BY shop_place.id")
        connection.execute(
            "ALTER TABLE shop_place ALTER id SET DEFAULT nextval('own'); CREATE TABLE legacy (id bigint)"
        )
        connection.execute("ALTER TABLE hand ALTER at SET DEFAULT now(); CREATE TABLE today PARTITION OF days DEFAULT")
        assert found(shop) == set()
        connection.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'thing_n'::regclass")
        assert found(shop) == {("different", "index shop_thing.thing_n")}
        connection.execute("UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'thing_n'::regclass")
        connection.execute("CREATE TABLE alembic_version (n int); CREATE TABLE report_one (id int PRIMARY KEY)")
        connection.execute("ALTER TABLE shop_thing ADD hint text")
    assert ("extra", "column shop_thing.hint") in found(shop, "--app", "shop")
    assert found(shop, "--app", "livemigrations") == set()
    shop.set("LIVEMIGRATIONS_DRIFT_IGNORE = ['alembic_version', 'report_*', 'shop_thing.hint']")
    code, answer = drift(shop)
    assert (code, answer["objects"]) == (0, [])
    assert answer["ignored"] >= 3
    assert shop.manage("migrations", "drift", "--app", "nowhere", check=False).returncode == 2


@pytest.mark.slow
def test_models_and_pending_migrations(shop: QuickSite) -> None:
    """A pending migration is no drift; a change of a model that no migration has is."""
    shop.migration(
        "shop",
        "0002_more",
        """
        class Migration(migrations.Migration):
            dependencies = [("shop", "0001_step")]
            operations = [migrations.AddField("Place", "note", models.TextField(null=True))]
    """,
    )
    models = shop.folder / "shop" / "models.py"
    changed = MODELS.replace("unique=True)\n", "unique=True)\n    note = models.TextField(null=True)\n")
    models.write_text(f"from django.db import models\n\n{changed}")
    code, answer = drift(shop)
    assert (code, answer["pending"], answer["unmigrated"]) == (0, 1, [])
    models.write_text(f"from django.db import models\n\n{changed.replace('max_length=20', 'max_length=21')}")
    code, answer = drift(shop)
    assert (code, answer["unmigrated"]) == (1, ["shop: Alter field name on thing"])


@pytest.mark.slow
def test_a_migration_that_does_not_run_from_the_beginning_is_named(shop: QuickSite) -> None:
    with shop.database.connect() as connection:
        connection.execute("CREATE TABLE legacy (id int)")
        shop.migration(
            "shop",
            "0002_more",
            """
            class Migration(migrations.Migration):
                dependencies = [("shop", "0001_step")]
                operations = [migrations.RunSQL("ALTER TABLE legacy ADD n int", "")]
        """,
        )
        shop.migrate("-v0")
        done = shop.manage("migrations", "drift", check=False)
        assert done.returncode == 1
        assert "shop.0002_more, operation 1" in done.stderr
        assert "Traceback" not in done.stderr
        assert shop.database.scratches() == []


def test_an_unmanaged_table_in_a_schema_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    meta = SimpleNamespace(db_table='"reporting"."daily"', managed=False, app_label="shop")
    registry = SimpleNamespace(get_models=lambda **options: [SimpleNamespace(_meta=meta)])
    monkeypatch.setattr(inspected, "installed", registry)
    loader: Any = SimpleNamespace(migrated_apps={"shop"})
    history: Any = SimpleNamespace(schemas=["public"])
    assert inspected._left_alone(loader, history) == {"reporting.daily"}
