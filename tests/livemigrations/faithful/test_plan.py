"""``migrations plan`` names what will stop ``migrate``, and its remedies can be carried out."""

from __future__ import annotations

import pytest

from tests.livemigrations.faithful.twins import Twins

POLICY = """
CREATE TABLE ext (id int);
CREATE POLICY pp ON ext USING (EXISTS (SELECT 1 FROM shop_dish WHERE shop_dish.price = ext.id));
"""
TRIGGER = """
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TRIGGER of_price BEFORE UPDATE ON shop_dish FOR EACH ROW WHEN (old.price > 3) EXECUTE FUNCTION f();
"""
TYPE = 'migrations.AlterField("Dish", "price", models.BigIntegerField(null=True)),'
REMOVE = 'migrations.RemoveField("Dish", "price"),'
# What blocks, the operation that it blocks, and the name that the plan must say.
BLOCKED = {
    "view and type": (
        "CREATE VIEW cheap AS SELECT id, name FROM shop_dish;",
        'migrations.AlterField("Dish", "name", models.CharField(max_length=90)),',
        "cheap",
    ),
    "view and column": ("CREATE VIEW cheap AS SELECT id, price FROM shop_dish;", REMOVE, "cheap"),
    "materialized view": ("CREATE MATERIALIZED VIEW cheap AS SELECT price FROM shop_dish;", TYPE, "cheap"),
    "policy and column": (POLICY, REMOVE, "pp"),
    "trigger and column": (TRIGGER, REMOVE, "of_price"),
    "trigger and type": (TRIGGER, TYPE, "of_price"),
    "generated column": (
        "ALTER TABLE shop_dish ADD COLUMN twice int GENERATED ALWAYS AS (price * 2) STORED;",
        TYPE,
        "twice",
    ),
    "rule": ("CREATE RULE r AS ON UPDATE TO shop_dish WHERE old.price > 5 DO ALSO NOTHING;", TYPE, "r"),
    "name of a constraint": (
        "CREATE TABLE shop_dish_code_key (id int);",
        'migrations.AddConstraint("Dish", models.UniqueConstraint(fields=["note"], name="shop_dish_code_key")),',
        "shop_dish_code_key",
    ),
    "name of an index": (
        "CREATE INDEX dish_note ON shop_menu (title);",
        'migrations.AddIndex("Dish", models.Index(fields=["note"], name="dish_note")),',
        "dish_note",
    ),
    "name of a table": (
        "CREATE TABLE shop_extra (id int);",
        'migrations.CreateModel("Extra", [("id", models.BigAutoField(primary_key=True))]),',
        "shop_extra",
    ),
    "name of a column": (
        "ALTER TABLE shop_dish ADD COLUMN extra text;",
        'migrations.AddField("Dish", "extra", models.IntegerField(null=True)),',
        "extra",
    ),
}
IDS = [name.replace(" ", "-") for name in BLOCKED]


@pytest.mark.slow
@pytest.mark.parametrize(("setup", "operations", "name"), BLOCKED.values(), ids=IDS)
def test_the_plan_foresees_what_blocks_a_step(pair: Twins, setup: str, operations: str, name: str) -> None:
    pair.sql(setup).migration(operations)
    before = pair.live.state()
    planned = pair.live.site.manage("migrations", "plan", check=False)
    assert pair.live.state().differences(before) == []
    plain, live = pair.both()
    if live.code == 0:
        assert plain.code == 0, f"plain Django refused, the engine did not:\n{live.output}"
        assert planned.returncode == 0, planned.stdout
        assert live.state.differences(plain.state) == []
        return
    assert "Traceback" not in live.output, live.output
    assert live.state.differences(before) == [], live.output
    assert planned.returncode == 1, f"the plan did not foresee:\n{live.output}\n{planned.stdout}"
    assert name in planned.stdout + planned.stderr
    assert plain.code != 0, f"plain Django applied this, the engine did not:\n{live.output}"


@pytest.mark.slow
def test_a_unique_column_after_its_namesake_was_renamed(pair: Twins) -> None:
    """The constraint keeps the name, so that PostgreSQL numbers the next one."""
    code = "models.CharField(max_length=9, null=True, unique=True)"
    pair.migration(f'migrations.AddField("Dish", "code", {code}),')
    pair.migration('migrations.RenameField("Dish", "code", "old"),')
    pair.migration(f'migrations.AddField("Dish", "code", {code}),')
    pair.faithful("shop", "0003")
    planned = pair.live.site.manage("migrations", "plan", check=False)
    plain, live = pair.both()
    assert bool(planned.returncode) == bool(live.code), planned.stdout
    assert bool(live.code) == bool(plain.code), live.output
    if live.code == 0:
        assert live.state.differences(plain.state) == []
