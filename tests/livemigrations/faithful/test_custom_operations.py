"""An operation that a project wrote itself runs in the transaction of its migration."""

from __future__ import annotations

import pytest

from tests.livemigrations.faithful.twins import Twins
from tests.livemigrations.faithful.witness import Query

CODE = """
import os, signal


class Both(Operation):
    reversible = reduces_to_sql = True

    def state_forwards(self, app_label, state):
        pass

    def database_forwards(self, app_label, editor, before, after):
        editor.execute("UPDATE shop_dish SET price = price + 1000")
        if os.environ.get("DIE") == "up":
            os.kill(os.getpid(), signal.SIGKILL)
        editor.execute("ALTER TABLE shop_dish ADD COLUMN q int")
        editor.execute("UPDATE shop_dish SET q = 1 / (price - %s)" % os.environ.get("FAIL", "0"))

    def database_backwards(self, app_label, editor, before, after):
        editor.execute("UPDATE shop_dish SET price = price - 1000")
        if os.environ.get("DIE") == "down":
            os.kill(os.getpid(), signal.SIGKILL)
        editor.execute("ALTER TABLE shop_dish DROP COLUMN q")
        if os.environ.get("FAIL") == "down":
            raise RuntimeError("on purpose")
"""
LOOKS = (
    Query("least price", "SELECT min(price) FROM shop_dish"),
    Query("columns", "SELECT count(*) FROM pg_attribute WHERE attrelid = 'shop_dish'::regclass AND NOT attisdropped"),
)
COLUMN = 'migrations.AddField("Menu", "extra", models.IntegerField(null=True)),'
SHAPES = {"alone": "Both(),", "after a column": f"{COLUMN} Both(),", "before a column": f"Both(), {COLUMN}"}
IDS = [name.replace(" ", "-") for name in SHAPES]


@pytest.fixture
def custom(pair: Twins) -> Twins:
    """Both databases, and another session that looks at the prices and the columns."""
    return pair.look(*LOOKS)


@pytest.mark.slow
@pytest.mark.parametrize("operations", SHAPES.values(), ids=IDS)
def test_killed_in_the_middle(custom: Twins, operations: str) -> None:
    custom.migration(operations, code=CODE)
    assert_turned_around(custom, (), env={"DIE": "up"}, back=("shop", "0001"))
    custom.faithful()
    assert_turned_around(custom, ("shop", "0001"), env={"DIE": "down"}, back=())
    custom.faithful("shop", "0001")


def assert_turned_around(custom: Twins, way: tuple[str, ...], *, env: dict[str, str], back: tuple[str, ...]) -> None:
    """Stop ``migrate`` in the middle and turn it around: everything is as before.

    Columns that lock a table in use commit before an operation of unknown duration, so that a stop may lie between them.
    """
    before = custom.live.state()
    plain, live = custom.both(*way, env=env)
    assert plain.code
    assert live.code
    custom.live.run(*back)
    assert custom.live.state().differences(before) == []


@pytest.mark.slow
@pytest.mark.parametrize("operations", SHAPES.values(), ids=IDS)
def test_failed_in_the_middle(custom: Twins, operations: str) -> None:
    custom.migration(operations, code=CODE)
    assert_turned_around(custom, (), env={"FAIL": "1001"}, back=("shop", "0001"))
    custom.faithful()


@pytest.mark.slow
def test_failed_on_the_way_back(custom: Twins) -> None:
    custom.migration("Both(),", code=CODE)
    custom.faithful()
    before = custom.live.state()
    plain, live = custom.both("shop", "0001", env={"FAIL": "down"})
    assert plain.code != 0
    assert live.code != 0
    assert live.state.differences(before) == []
    custom.faithful("shop", "0001")


@pytest.mark.slow
def test_in_a_migration_that_is_not_atomic(custom: Twins) -> None:
    """Plain Django commits each statement there, and so does the engine."""
    custom.migration("Both(),", code=CODE, atomic=False)
    plain, live = custom.both()
    assert (plain.code, live.code) == (0, 0), live.output
    assert live.state.differences(plain.state) == []


@pytest.mark.slow
def test_it_waits_for_a_lock_no_longer_than_the_lock_timeout(custom: Twins) -> None:
    """Its statements have a lock timeout: a reader that comes after it is not kept waiting for the holder."""
    code = """
        class Timeout(Operation):
            reversible = True

            def state_forwards(self, app_label, state):
                pass

            def database_forwards(self, app_label, editor, before, after):
                with editor.connection.cursor() as cursor:
                    cursor.execute("SELECT current_setting('lock_timeout')")
                    value = cursor.fetchone()[0]
                    cursor.execute("UPDATE shop_menu SET title = %s WHERE id = 1", [value])

            database_backwards = database_forwards
    """
    custom.migration("Timeout(),", code=code)
    live = custom.live.run()
    assert live.code == 0, live.output
    with custom.live.site.database.connect() as connection:
        row = connection.execute("SELECT title FROM shop_menu WHERE id = 1").fetchone()
    assert row != ("0",), "a custom operation ran without a lock timeout"
