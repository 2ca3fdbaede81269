"""What belongs to a model that is deleted goes with it, as with plain Django."""

from __future__ import annotations

import pytest

from tests.livemigrations.faithful.twins import Twins

BOUND = {
    "column of the row type": """
        CREATE TABLE rowt (id int, d shop_dish); INSERT INTO rowt SELECT 1, d FROM shop_dish d WHERE id = 1;""",
    "function that takes a row": """
        CREATE FUNCTION takes(d shop_dish) RETURNS text LANGUAGE sql AS 'SELECT $1.name';""",
    "function that returns rows": """
        CREATE FUNCTION gives() RETURNS SETOF shop_dish LANGUAGE sql AS 'SELECT * FROM shop_dish';""",
    "policy of another table": """
        CREATE TABLE ext (id int); CREATE POLICY pp ON ext USING (EXISTS (SELECT 1 FROM shop_dish));""",
    "view": "CREATE VIEW cheap AS SELECT id FROM shop_dish WHERE price < 10;",
    "materialized view": "CREATE MATERIALIZED VIEW cheap AS SELECT id FROM shop_dish WHERE price < 10;",
    "foreign key of another table": "CREATE TABLE ext (dish bigint REFERENCES shop_dish);",
    "default from its sequence": "CREATE TABLE ext (id bigint DEFAULT nextval('shop_dish_id_seq'));",
    "rule of another table": """
        CREATE TABLE ext (id int); CREATE RULE r AS ON INSERT TO ext DO ALSO DELETE FROM shop_dish WHERE id = new.id;""",
    "aggregate over its rows": """
        CREATE FUNCTION step(int, shop_dish) RETURNS int LANGUAGE sql AS 'SELECT 1';
        CREATE AGGREGATE summed(shop_dish) (sfunc = step, stype = int, initcond = 0);""",
}


@pytest.mark.slow
@pytest.mark.parametrize("bound", BOUND.values(), ids=[name.replace(" ", "-") for name in BOUND])
def test_what_is_bound_to_a_deleted_model(pair: Twins, bound: str) -> None:
    pair.sql(bound).migration('migrations.DeleteModel("Dish"),')
    pair.faithful(may_refuse=True)


@pytest.mark.slow
@pytest.mark.parametrize("bound", BOUND.values(), ids=[name.replace(" ", "-") for name in BOUND])
def test_a_restored_model_has_its_rows(pair: Twins, bound: str) -> None:
    """A rollback brings the rows back. It may do more than plain Django does there, and never less."""
    rows = pair.live.state().rows["shop_dish"]
    pair.sql(bound).migration('migrations.DeleteModel("Dish"),')
    if pair.live.run().code == 0:
        live = pair.live.run("shop", "0001")
        assert live.code == 0, live.output
        assert live.state.rows["shop_dish"] == rows


@pytest.mark.slow
@pytest.mark.parametrize("bound", BOUND.values(), ids=[name.replace(" ", "-") for name in BOUND])
def test_discarding_preserved_rows_changes_nothing_else(pair: Twins, bound: str) -> None:
    pair.sql(bound).migration('migrations.DeleteModel("Dish"),')
    if pair.live.run().code == 0:
        before = pair.live.state()
        pair.live.site.manage("migrations", "kept", "--discard", "all", "--no-input")
        assert pair.live.state().differences(before) == []
