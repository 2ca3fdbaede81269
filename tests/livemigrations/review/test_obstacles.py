"""``migrations plan`` names what would stop a step, and every remedy can be carried out as it is printed."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.livemigrations.site import Site
from tests.support.catalogs import catalog

DISH = """
migrations.CreateModel("Dish", [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=50)),
    ("note", models.TextField()), ("price", models.IntegerField(null=True))]),
"""
LONGER = 'migrations.AlterField("Dish", "name", models.CharField(max_length=90)),'
WITHOUT_PRICE = 'migrations.RemoveField("Dish", "price"),'
ROWS = "INSERT INTO shop_dish (name, note, price) SELECT 'd' || g, 'n' || g, g FROM generate_series(1, 5000) g;"
FUNCTION = "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;"


def plan(site: Site, code: int) -> dict[str, Any]:
    with site.database.connect() as connection:
        before = catalog(connection, books=True)
        done = site.manage("migrations", "plan", "--json", check=False)
        assert catalog(connection, books=True) == before
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["untried"] == ""
    assert site.database.scratches() == []
    return found


def told(found: dict[str, Any]) -> str:
    steps = [s for m in found["migrations"] for o in m["operations"] for s in o["steps"]]
    return "\n".join(step["obstacle"] for step in steps if step["obstacle"])


@pytest.fixture
def shop(site: Site) -> Site:
    site.shop(DISH).migrate("-v0")
    site.database.psql(ROWS)
    return site


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sql", "operation", "said", "remedy"),
    [
        ('CREATE VIEW "Cheap" AS SELECT id, name FROM shop_dish', LONGER, 'view "public"."Cheap"', 'DROP VIEW "public"."Cheap"'),
        ("CREATE MATERIALIZED VIEW cheap AS SELECT id, name FROM shop_dish", LONGER, 'materialized view "public"."cheap"', 'DROP MATERIALIZED VIEW "public"."cheap"'),
        ("CREATE TABLE ext (id int); CREATE POLICY pp ON ext USING (EXISTS (SELECT 1 FROM shop_dish d WHERE d.price = ext.id))", WITHOUT_PRICE, 'policy "pp" of "public"."ext"', 'DROP POLICY "pp" ON "public"."ext"'),
        (f"{FUNCTION} CREATE TRIGGER t BEFORE UPDATE OF name ON shop_dish EXECUTE FUNCTION touch()", LONGER, 'trigger "t" of "public"."shop_dish"', 'DROP TRIGGER "t" ON "public"."shop_dish"'),
        (f"{FUNCTION} CREATE TRIGGER t BEFORE UPDATE OF price ON shop_dish EXECUTE FUNCTION touch()", WITHOUT_PRICE, 'trigger "t" of', 'DROP TRIGGER "t" ON "public"."shop_dish"'),
        ("CREATE TABLE ext (id int); CREATE RULE r AS ON INSERT TO ext WHERE EXISTS (SELECT 1 FROM shop_dish d WHERE d.price = new.id) DO INSTEAD NOTHING", WITHOUT_PRICE, 'rule "r" of "public"."ext"', 'DROP RULE "r" ON "public"."ext"'),
        ("CREATE FUNCTION dear() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(price) FROM shop_dish; END", WITHOUT_PRICE, "function dear()", "DROP ROUTINE dear()"),
        ("ALTER TABLE shop_dish ADD twice int GENERATED ALWAYS AS (price * 2) STORED", WITHOUT_PRICE, 'generated column "twice"', 'ALTER TABLE "public"."shop_dish" DROP COLUMN "twice"'),
        ("CREATE PUBLICATION p FOR TABLE shop_dish (id, price)", WITHOUT_PRICE, "publication p of", 'ALTER PUBLICATION p DROP TABLE "public"."shop_dish"'),
    ],
    ids=["view", "materialized view", "policy", "trigger", "trigger and drop", "rule", "function", "generated", "publication"],
)  # fmt: skip
def test_what_depends_on_a_column(shop: Site, sql: str, operation: str, said: str, remedy: str) -> None:
    shop.database.psql(sql)
    shop.shop(DISH, operation)
    found = plan(shop, 1)
    assert said in told(found)
    assert remedy in told(found)
    assert found["refusals"] == ["shop.0002_step, operation 1"]
    assert remedy in shop.refused()
    shop.database.psql(remedy)
    assert told(plan(shop, 0)) == ""
    shop.migrate("-v0")


def test_two_steps_are_stopped_and_both_are_told(shop: Site) -> None:
    shop.database.psql("CREATE VIEW cheap AS SELECT id, name, price FROM shop_dish")
    shop.shop(DISH, LONGER, WITHOUT_PRICE)
    assert plan(shop, 1)["refusals"] == ["shop.0002_step, operation 1"]
    shop.database.psql("CREATE TABLE ext (id int); CREATE POLICY pp ON ext USING (EXISTS (SELECT 1 FROM shop_dish d WHERE d.price = ext.id))")  # fmt: skip
    assert len(plan(shop, 1)["refusals"]) == 2


def test_what_an_earlier_operation_drops_is_no_obstacle(shop: Site) -> None:
    view = "CREATE VIEW cheap AS SELECT id, name FROM shop_dish"
    shop.database.psql(view)
    drop = 'migrations.RunSQL("DROP VIEW cheap", migrations.RunSQL.noop),'
    again = f'migrations.RunSQL("{view}", migrations.RunSQL.noop),'
    shop.shop(DISH, drop, LONGER, again)
    assert told(plan(shop, 0)) == ""
    shop.migrate("-v0")


UNIQUE = 'migrations.AddField("Dish", "code", models.CharField(max_length=9, null=True, unique=True)),'
INDEX = 'live.AddIndex("Dish", models.Index(fields=["name"], name="dish_name")),'


def carried_out(text: str) -> str:
    """The first statement behind a remedy that renames."""
    found = re.search(r"rename it: (ALTER .*?)(?:; or|\.\s|\.$|$)", text, re.MULTILINE)
    assert found, text
    return found[1]


def test_the_name_of_a_constraint_of_another_column(shop: Site) -> None:
    code = 'migrations.AddField("Dish", "code", models.CharField(max_length=9, null=True)),'
    unique = 'migrations.AddConstraint("Dish", models.UniqueConstraint(fields=["code"], name="dish_code")),'
    shop.database.psql("ALTER TABLE shop_dish ADD COLUMN old varchar(9) CONSTRAINT dish_code UNIQUE")
    shop.shop(DISH, code, unique)
    found = plan(shop, 1)
    for text in (told(found), shop.refused()):
        assert "DROP INDEX" not in text
        assert 'ALTER TABLE "public"."shop_dish" RENAME CONSTRAINT' in text
    shop.database.psql(carried_out(told(found)))
    assert told(plan(shop, 0)) == ""
    shop.migrate("-v0")


def test_the_name_of_an_index_of_another_column(shop: Site) -> None:
    rename = 'migrations.RenameField("Dish", "code", "old"),'
    shop.shop(DISH, UNIQUE, rename).migrate("-v0")
    shop.shop(DISH, UNIQUE, rename, UNIQUE)
    found = plan(shop, 1)
    said = shop.refused()
    for text in (told(found), said):
        assert "by a constraint of" not in text  # PostgreSQL gives the new constraint another name
        assert re.search(r'ALTER INDEX "public"."shop_dish_code_\w+_like" RENAME TO', text)
    assert "Nothing was changed" not in said
    assert "Already done in this operation, and kept: " in said
    for statement in re.findall(r"rename it: (ALTER [^;]*);", told(found)):
        shop.database.psql(statement)
    assert told(plan(shop, 0)) == ""
    shop.migrate("-v0")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sql", "remedy"),
    [
        ("CREATE INDEX dish_name ON shop_dish (note)", 'ALTER INDEX "public"."dish_name" RENAME TO'),
        ("CREATE VIEW dish_name AS SELECT 1", 'ALTER VIEW "public"."dish_name" RENAME TO'),
        ("CREATE SEQUENCE dish_name", 'ALTER SEQUENCE "public"."dish_name" RENAME TO'),
        ("CREATE TABLE dish_name (id int)", 'ALTER TABLE "public"."dish_name" RENAME TO'),
        ("CREATE MATERIALIZED VIEW dish_name AS SELECT 1", 'ALTER MATERIALIZED VIEW "public"."dish_name" RENAME TO'),
        ("ALTER TABLE shop_dish ADD CONSTRAINT dish_name UNIQUE (note)", 'RENAME CONSTRAINT "dish_name" TO'),
    ],
)
def test_the_name_of_an_index_is_taken(shop: Site, sql: str, remedy: str) -> None:
    shop.database.psql(sql)
    shop.shop(DISH, INDEX)
    assert remedy in told(plan(shop, 1))
    said = shop.refused()
    assert remedy in said
    shop.database.psql(carried_out(said))
    assert told(plan(shop, 0)) == ""
    shop.migrate("-v0")


@pytest.mark.parametrize(
    ("sql", "operation", "remedy"),
    [
        ("ALTER TABLE shop_dish ADD CONSTRAINT positive CHECK (id > 0)", 'live.AddCheck("Dish", models.CheckConstraint(condition=Q(price__gt=-1), name="positive")),', 'RENAME CONSTRAINT "positive" TO'),
        ("CREATE VIEW shop_menu AS SELECT 1 AS id", 'migrations.CreateModel("Menu", [("id", models.BigAutoField(primary_key=True))]),', "exists already"),
        ("CREATE TABLE one (id int)", 'migrations.AlterModelTable("Dish", "one"),', 'ALTER TABLE "public"."one" RENAME TO'),
    ],
    ids=["check", "table", "renamed table"],
)  # fmt: skip
def test_other_names_that_are_taken(shop: Site, sql: str, operation: str, remedy: str) -> None:
    shop.database.psql(sql)
    shop.shop(DISH, operation)
    assert remedy in told(plan(shop, 1))
    shop.refused()


def test_a_role_that_may_make_no_copy_is_told(shop: Site) -> None:
    shop.shop(DISH, LONGER)
    shop.set('LIVEMIGRATIONS_SCRATCH_ALIAS = "nowhere"')
    done = shop.manage("migrations", "plan")
    assert "The steps were not tried on a copy of the schema: LIVEMIGRATIONS_SCRATCH_ALIAS" in done.stdout
