"""States between two operations of one migration stay hidden from other sessions."""

from __future__ import annotations

import pytest

from tests.livemigrations.faithful.twins import Twins
from tests.livemigrations.faithful.witness import Query

READ = Query("read", "SELECT count(name || note) FROM shop_dish WHERE id = 7")
VIEW = Query("view", "SELECT count(*) FROM cheap")
SUM = Query("price", "SELECT sum(price) FROM shop_dish")
VIEW_SQL = "CREATE VIEW cheap AS SELECT id, name FROM shop_dish WHERE price < 10"
DROPPED = f'migrations.RunSQL("DROP VIEW cheap", {VIEW_SQL!r}),'
CREATED = f'migrations.RunSQL({VIEW_SQL!r}, "DROP VIEW cheap"),'
SWAP = """
migrations.RenameField("Dish", "name", "swap"),
migrations.RenameField("Dish", "note", "name"),
migrations.RenameField("Dish", "swap", "note"),
"""
BETWEEN = {
    "longer text": 'migrations.AlterField("Dish", "name", models.CharField(max_length=90)),',
    "text": 'migrations.AlterField("Dish", "name", models.TextField()),',
    "column": 'migrations.AddField("Dish", "extra", models.IntegerField(null=True)),',
    "column of another table": 'migrations.AddField("Menu", "extra", models.IntegerField(null=True)),',
    "another type": 'migrations.AlterField("Dish", "price", models.BigIntegerField(null=True)),',
    "check": """
        migrations.AddConstraint("Dish", models.CheckConstraint(condition=Q(price__gt=-1), name="dish_price")),""",
}


@pytest.mark.slow
@pytest.mark.parametrize("between", ["", BETWEEN["column of another table"]], ids=["alone", "with-another-table"])
def test_two_columns_swapped(pair: Twins, between: str) -> None:
    pair.migration(SWAP + between).look(READ)
    pair.faithful()
    pair.faithful("shop", "0001")


@pytest.mark.slow
@pytest.mark.parametrize("between", BETWEEN.values(), ids=[name.replace(" ", "-") for name in BETWEEN])
def test_a_view_dropped_and_created_again(pair: Twins, between: str) -> None:
    pair.sql(VIEW_SQL).migration(DROPPED + between + CREATED).look(VIEW)
    pair.faithful(may_refuse=True)


@pytest.mark.slow
def test_a_view_around_a_longer_text_is_not_refused(pair: Twins) -> None:
    pair.sql(VIEW_SQL).migration(DROPPED + BETWEEN["longer text"] + CREATED).look(VIEW)
    pair.faithful()


@pytest.mark.slow
def test_rows_that_two_operations_move(pair: Twins) -> None:
    """A sum that both operations together keep is never seen in between."""
    code = """
        def take(apps, editor):
            apps.get_model("shop", "Dish").objects.filter(pk=1).update(price=F("price") - 1)

        def give(apps, editor):
            apps.get_model("shop", "Dish").objects.filter(pk=2).update(price=F("price") + 1)
    """
    pair.migration("migrations.RunPython(take, give), migrations.RunPython(give, take),", code=code).look(SUM)
    pair.faithful()
    pair.faithful("shop", "0001")


@pytest.mark.slow
def test_rows_that_two_scripts_move(pair: Twins) -> None:
    pair.migration("""
        migrations.RunSQL("UPDATE shop_dish SET price = price - 1 WHERE id = 1", migrations.RunSQL.noop),
        migrations.RunSQL("UPDATE shop_dish SET price = price + 1 WHERE id = 2", migrations.RunSQL.noop),
    """).look(SUM)
    pair.faithful(may_refuse=True)


@pytest.mark.slow
def test_a_constraint_that_moves_to_another_column(pair: Twins) -> None:
    """No moment lets a row in that both constraints forbid."""
    pair.sql("ALTER TABLE shop_dish ADD CONSTRAINT positive CHECK (price > -5)")
    bad = Query("bad", "INSERT INTO shop_dish (id, name, note, price) VALUES (-1, 'x', 'x', -9)")
    pair.migration("""
        migrations.RunSQL("ALTER TABLE shop_dish DROP CONSTRAINT positive", migrations.RunSQL.noop),
        migrations.RenameField("Dish", "price", "cost"),
        migrations.RunSQL("ALTER TABLE shop_dish ADD CONSTRAINT positive CHECK (cost > -1)", migrations.RunSQL.noop),
    """).look(bad)
    before = pair.live.state()
    plain, live = pair.both()
    assert plain.code == 0
    assert all("ERROR" in found for _, found in live.seen), live.seen
    if live.code == 0:
        assert live.state.differences(plain.state) == []
    else:
        assert live.state.differences(before) == []
