"""A script means what it means in one transaction: savepoints, temporary tables, cursors, settings, constraints."""

from __future__ import annotations

import pytest

from tests.livemigrations.faithful.twins import Twins
from tests.livemigrations.faithful.witness import Query

SETUP = """
CREATE TABLE link (id int PRIMARY KEY, next int REFERENCES link DEFERRABLE INITIALLY IMMEDIATE, n int DEFAULT 0);
INSERT INTO link SELECT g, g, 0 FROM generate_series(1, 3000) g;
"""
SCRIPTS = {
    "rolled back to a savepoint": """
        SAVEPOINT a; UPDATE shop_dish SET note = 'wrong' WHERE id = 1; ROLLBACK TO SAVEPOINT a;
        UPDATE shop_dish SET note = 'right' WHERE id = 2; RELEASE SAVEPOINT a""",
    "schema rolled back to a savepoint": """
        SAVEPOINT a; ALTER TABLE shop_dish ADD COLUMN wrong int; ROLLBACK TO a;
        ALTER TABLE shop_dish ADD COLUMN correct int""",
    "temporary table": """
        CREATE TEMPORARY TABLE picked ON COMMIT DROP AS SELECT id FROM shop_dish WHERE price < 40;
        UPDATE shop_dish SET note = 'picked' WHERE id IN (SELECT id FROM picked)""",
    "temporary table that stays": """
        CREATE TEMP TABLE picked AS SELECT id FROM shop_dish WHERE price < 40;
        ALTER TABLE shop_dish ADD COLUMN is_picked boolean;
        UPDATE shop_dish SET is_picked = true WHERE id IN (SELECT id FROM picked); DROP TABLE picked""",
    "deferred constraints": """
        SET CONSTRAINTS ALL DEFERRED; UPDATE link SET next = 9999 WHERE id = 1;
        INSERT INTO link VALUES (9999, 1)""",
    "cursor": """
        DECLARE c CURSOR FOR SELECT id FROM shop_dish WHERE id < 3 ORDER BY id FOR UPDATE; MOVE c;
        UPDATE shop_dish SET note = 'current' WHERE CURRENT OF c; CLOSE c""",
    "setting of the transaction": """
        SET LOCAL search_path = pg_temp, public; SET LOCAL work_mem = '8MB';
        UPDATE shop_dish SET note = current_setting('work_mem') WHERE id = 1""",
    "setting by a function": """
        SELECT set_config('app.user', 'migration', true);
        UPDATE shop_dish SET note = coalesce(current_setting('app.user', true), 'nobody') WHERE id = 1""",
    "role of the transaction": """
        SET LOCAL ROLE pg_read_all_data; RESET ROLE; UPDATE shop_dish SET note = current_user WHERE id = 1""",
    "advisory lock": """
        SELECT pg_advisory_xact_lock(42); UPDATE shop_dish SET note = (SELECT count(*)::text FROM pg_locks
            WHERE locktype = 'advisory' AND objid = 42 AND pid = pg_backend_pid()) WHERE id = 1""",
    "one clock": """
        UPDATE shop_dish SET note = now()::text WHERE id = 1; ALTER TABLE shop_menu ADD COLUMN extra int;
        UPDATE shop_dish SET price = (SELECT count(*) FROM shop_dish WHERE id = 1 AND note = now()::text)
            WHERE id = 2; UPDATE shop_dish SET note = '' WHERE id = 1""",
    "one transaction number": """
        CREATE TEMP TABLE mark AS SELECT pg_current_xact_id()::text AS x; ALTER TABLE shop_menu ADD COLUMN extra int;
        UPDATE shop_dish SET price = -7 WHERE id = 2 AND EXISTS (SELECT 1 FROM mark
            WHERE x = pg_current_xact_id()::text); DROP TABLE mark""",
    "prepared statement": """
        PREPARE p AS UPDATE shop_dish SET note = 'prepared' WHERE id = 1; EXECUTE p; DEALLOCATE p""",
    "data-modifying query": """
        WITH moved AS (DELETE FROM shop_menu WHERE id < 10 RETURNING id)
        INSERT INTO shop_dish (name, note, price) SELECT 'moved', '', id FROM moved""",
    "notification": "NOTIFY faithful, 'x'; UPDATE shop_dish SET note = 'told' WHERE id = 1",
}
FAILING = {
    "at the commit": """
        UPDATE shop_dish SET note = 'wrong' WHERE id = 1; SET CONSTRAINTS ALL DEFERRED;
        UPDATE link SET next = 8888 WHERE id = 1""",
    "after a column": "ALTER TABLE shop_dish ADD COLUMN q int; UPDATE shop_dish SET q = 1 / (price - 5)",
    "after rows": "UPDATE shop_dish SET price = price + 1000; UPDATE shop_dish SET price = 1 / (price - 1005)",
    "after a dropped table": "DROP TABLE shop_menu; SELECT 1 / 0",
    "in a DO block": """
        DO $$ BEGIN UPDATE shop_dish SET price = 0 WHERE id = 1; PERFORM 1 / 0; END $$""",
    "after a sequence": "UPDATE shop_dish SET note = 'x' WHERE id = 3; SELECT nosuchfunction()",
}
LOOKS = (
    Query("columns", "SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('shop_dish') AND attnum > 0"),
    Query("notes", "SELECT note FROM shop_dish WHERE id IN (1, 2) ORDER BY id"),
    Query("menus", "SELECT count(*) FROM shop_menu"),
)


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=[name.replace(" ", "-") for name in SCRIPTS])
def test_a_script_is_one_transaction(pair: Twins, script: str) -> None:
    pair.sql(SETUP).look(*LOOKS).run_sql(script).faithful(may_refuse=True)


@pytest.mark.slow
@pytest.mark.parametrize("script", FAILING.values(), ids=[name.replace(" ", "-") for name in FAILING])
def test_a_script_that_fails_leaves_nothing(pair: Twins, script: str) -> None:
    pair.sql(SETUP).look(*LOOKS).run_sql(script).faithful()
    pair.faithful("shop", "0001")


@pytest.mark.slow
@pytest.mark.parametrize("script", FAILING.values(), ids=[name.replace(" ", "-") for name in FAILING])
def test_operations_before_a_script_that_fails_are_undone(pair: Twins, script: str) -> None:
    pair.sql(SETUP).look(*LOOKS).migration(f"""
        migrations.AddField("Menu", "extra", models.IntegerField(null=True)),
        migrations.RunSQL({script!r}, migrations.RunSQL.noop),
    """)
    before = pair.live.state()
    _, live = pair.both()
    assert live.code
    if script == FAILING["after rows"]:  # it writes so many rows that the column commits before it
        pair.live.run("shop", "0001")
    assert pair.live.state().differences(before) == []


@pytest.mark.slow
def test_a_temporary_table_of_an_earlier_operation(pair: Twins) -> None:
    pair.look(*LOOKS).migration("""
        migrations.RunSQL("CREATE TEMP TABLE picked ON COMMIT DROP AS SELECT id FROM shop_dish WHERE price < 40",
            migrations.RunSQL.noop),
        migrations.RunSQL("UPDATE shop_dish SET note = 'picked' WHERE id IN (SELECT id FROM picked)",
            migrations.RunSQL.noop),
    """)
    pair.faithful(may_refuse=True)


@pytest.mark.slow
def test_a_setting_of_an_earlier_operation(pair: Twins) -> None:
    pair.look(*LOOKS).migration("""
        migrations.RunSQL("SET LOCAL app.user = 'migration'", migrations.RunSQL.noop),
        migrations.AddField("Menu", "extra", models.IntegerField(null=True)),
        migrations.RunSQL("UPDATE shop_dish SET note = coalesce(current_setting('app.user', true), 'nobody')"
            " WHERE id = 1", migrations.RunSQL.noop),
    """)
    pair.faithful(may_refuse=True)
