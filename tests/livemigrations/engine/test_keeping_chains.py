"""Several things that one way drops, or that one run drops, makes again and drops again: none of them is lost."""

from __future__ import annotations

import pytest

from tests.livemigrations.engine.test_keeping import kept_tables, one, rows
from tests.livemigrations.site import Site
from tests.support.roles import role

NOTHING = 'migrations.RunSQL("SELECT 1", "SELECT 1"),'
THING = """
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True)),
    ("note", models.CharField(max_length=30))]),
"""
TWO = 'migrations.AddField("Thing", "two", models.CharField(max_length=30, null=True)),'
GONE = 'migrations.DeleteModel("Thing"),'
NO_NOTE = 'migrations.RemoveField("Thing", "note"),'
ROWS = "INSERT INTO shop_thing (n, note) SELECT g, 'x' || g FROM generate_series(1, 3000) g;"

pytestmark = pytest.mark.slow


def sql(forwards: str, back: str) -> str:
    return f"migrations.RunSQL({forwards!r}, {back!r}),"


@pytest.mark.parametrize("target", ["zero", "0001"])
def test_a_table_that_the_same_run_put_back_is_kept_again(site: Site, target: str) -> None:
    site.shop(THING, TWO, GONE)
    site.migrate("shop", "0002", "-v0")
    site.database.psql(ROWS + "UPDATE shop_thing SET two = n::text")
    before = rows(site.database, "shop_thing")
    site.migrate("-v0")
    site.migrate("shop", target, "-v0")
    assert kept_tables(site.database) == (2 if target == "zero" else 1)
    site.migrate("shop", "0002", "-v0")
    assert rows(site.database, "shop_thing") == before
    assert kept_tables(site.database) == 0


def test_a_table_between_that_the_same_run_makes_and_drops_again(site: Site) -> None:
    """Its key to a table with rows is no reason to lock it: it goes before the locks are taken."""
    other = 'migrations.CreateModel("Other", [("id", models.BigAutoField(primary_key=True))]),'
    more = 'migrations.AddField("Thing", "others", models.ManyToManyField("Other")),'
    site.shop(other, THING + more, 'migrations.RemoveField("Thing", "others"),')
    site.migrate("-v0")
    site.database.psql(ROWS)
    before = rows(site.database, "shop_thing")
    site.migrate("shop", "0001", "-v0")
    assert kept_tables(site.database) == 1
    site.migrate("-v0")
    assert rows(site.database, "shop_thing") == before


def test_rows_of_a_table_that_this_run_made_are_kept(site: Site) -> None:
    fill = sql("INSERT INTO shop_thing (n, note) VALUES (1, 'one')", "")
    site.shop(NOTHING, THING, fill, NO_NOTE, GONE)
    site.migrate("-v0")
    assert kept_tables(site.database) == 2
    site.migrate("shop", "0003", "-v0")
    assert one(site.database, "SELECT n || note FROM shop_thing") == "1one"


@pytest.mark.parametrize("operations", [[NO_NOTE], [NO_NOTE, GONE]], ids=["column", "column_and_table"])
def test_a_column_that_takes_no_null_and_has_no_default_returns(site: Site, operations: list[str]) -> None:
    site.shop(THING, "\n".join(operations))
    site.migrate("shop", "0001", "-v0")
    site.database.psql(ROWS)
    before = rows(site.database, "shop_thing")
    site.migrate("-v0")
    site.migrate("shop", "0001", "-v0")
    assert rows(site.database, "shop_thing") == before
    strict = "SELECT attnotnull FROM pg_attribute WHERE attrelid = 'shop_thing'::regclass AND attname = 'note'"
    assert one(site.database, strict)
    assert one(site.database, "SELECT count(*) FROM pg_constraint WHERE conname LIKE '%live_not_null'") == 0
    assert kept_tables(site.database) == 0


def test_a_row_that_came_without_such_a_value_is_named(site: Site) -> None:
    site.shop(THING, NO_NOTE)
    site.migrate("shop", "0001", "-v0")
    site.database.psql(ROWS)
    site.migrate("-v0")
    site.database.psql("INSERT INTO shop_thing (n) VALUES (9999)")
    said = site.refused("shop", "0001")
    assert "1 rows of shop_thing have NULL in note" in said
    assert '"n": 9999' in said
    site.database.psql("UPDATE shop_thing SET note = 'late' WHERE n = 9999")
    site.migrate("shop", "0001", "-v0")
    assert one(site.database, "SELECT count(*) FROM shop_thing WHERE note = 'x' || n") == 3000


def test_tables_that_refer_to_each_other_and_are_dropped_without_cascade(site: Site) -> None:
    counts_down = "id int GENERATED ALWAYS AS IDENTITY (INCREMENT -1) PRIMARY KEY"
    made = f"CREATE TABLE one ({counts_down}); CREATE TABLE two (id int PRIMARY KEY REFERENCES one)"
    site.shop(NOTHING, sql(made, "DROP TABLE two; DROP TABLE one"))
    site.migrate("-v0")
    site.database.psql("INSERT INTO one DEFAULT VALUES; INSERT INTO one DEFAULT VALUES; INSERT INTO two VALUES (-2)")
    site.migrate("shop", "0001", "-v0")
    assert kept_tables(site.database) == 2
    site.migrate("-v0")
    assert rows(site.database, "one", "two") == {"one": [({"id": -2},), ({"id": -1},)], "two": [({"id": -2},)]}
    site.database.psql("INSERT INTO one DEFAULT VALUES")
    assert one(site.database, "SELECT min(id) FROM one") == -3


def test_without_cascade_what_others_need_is_not_dropped(site: Site) -> None:
    site.shop(NOTHING, sql("CREATE TABLE one (id int PRIMARY KEY)", "DROP TABLE one"))
    site.migrate("-v0")
    site.database.psql(
        "INSERT INTO one VALUES (1); CREATE VIEW seen AS SELECT id FROM one; CREATE TABLE two (id int REFERENCES one)"
    )
    said = site.refused("shop", "0001")
    assert "cannot drop table" in said
    assert "view seen" in said
    assert "constraint two_id_fkey on table two" in said
    assert one(site.database, "SELECT count(*) FROM seen") == 1
    assert kept_tables(site.database) == 0
    site.database.psql("DROP VIEW seen; DROP TABLE two")
    site.migrate("shop", "0001", "-v0")
    assert kept_tables(site.database) == 1


def test_what_a_table_is_needed_by_is_found_after_a_restore(site: Site) -> None:
    """The journal keeps the question, and a restored database gives its tables other oids."""
    site.shop(NOTHING, sql("CREATE TABLE one (id int PRIMARY KEY)", "INSERT INTO older VALUES (1); DROP TABLE one"))
    site.migrate("-v0")
    made = "CREATE TABLE one (id int PRIMARY KEY); INSERT INTO one VALUES (1); CREATE VIEW seen AS SELECT id FROM one"
    site.database.psql(f"DROP TABLE one; {made}")
    assert "view seen" in site.refused("shop", "0001")
    site.database.psql(f"DROP TABLE one CASCADE; {made}")
    assert "view seen" in site.refused("shop", "0001")
    site.database.psql("DROP VIEW seen")
    site.migrate("shop", "0001", "-v0")
    assert kept_tables(site.database) == 1
    assert one(site.database, "SELECT count(*) FROM older") == 1


def test_tables_of_one_name_in_two_schemas(site: Site) -> None:
    made = "CREATE TABLE thing (id int PRIMARY KEY); CREATE TABLE other.thing (id int PRIMARY KEY)"
    site.shop(NOTHING, sql(made, "DROP TABLE thing; DROP TABLE other.thing"))
    site.database.psql("CREATE SCHEMA other")
    site.migrate("-v0")
    site.database.psql("INSERT INTO thing VALUES (1), (2); INSERT INTO other.thing VALUES (30)")
    site.migrate("shop", "0001", "-v0")
    site.migrate("-v0")
    assert one(site.database, "SELECT sum(id) FROM thing") == 3
    assert one(site.database, "SELECT sum(id) FROM other.thing") == 30
    assert kept_tables(site.database) == 0


def test_a_partition_that_goes_shows_its_rows_no_more(site: Site) -> None:
    whole = (
        "CREATE TABLE whole (id int PRIMARY KEY, n int) PARTITION BY RANGE (id); CREATE INDEX ON whole (n);"
        " CREATE TABLE low PARTITION OF whole FOR VALUES FROM (0) TO (10)"
    )
    high = "CREATE TABLE high PARTITION OF whole FOR VALUES FROM (10) TO (20)"
    site.shop(sql(whole, "DROP TABLE whole"), sql(high, "DROP TABLE high"))
    site.migrate("-v0")
    site.database.psql("INSERT INTO whole SELECT g, g FROM generate_series(1, 19) g")
    site.migrate("shop", "0001", "-v0")
    assert one(site.database, "SELECT count(*) FROM whole") == 9
    site.migrate("-v0")
    assert one(site.database, "SELECT count(*) FROM high") == 10
    assert kept_tables(site.database) == 0


def test_what_has_a_name_of_its_own_or_shows_the_rows_goes_at_once(site: Site) -> None:
    made = (
        "CREATE TABLE thing (id int PRIMARY KEY, a int, b int); CREATE STATISTICS thing_ab ON a, b FROM thing;"
        " CREATE RULE stays AS ON DELETE TO thing DO INSTEAD NOTHING"
    )
    site.shop(NOTHING, sql(made, "DROP TABLE thing"))
    site.migrate("-v0")
    with role(site.database) as name:
        site.database.psql(
            f'INSERT INTO thing VALUES (1, 2, 3); GRANT SELECT ON thing TO "{name}"; GRANT UPDATE (a) ON thing TO'
            f' "{name}"; GRANT INSERT ON thing TO PUBLIC'
        )
        site.migrate("shop", "0001", "-v0")
        kept = one(site.database, "SELECT 'rolled_back.' || quote_ident(kept_as) FROM livemigrations_kept")
        for right in ("SELECT", "INSERT"):
            assert one(site.database, f"SELECT has_table_privilege('{name}', '{kept}', '{right}')") is False
        assert one(site.database, f"SELECT has_any_column_privilege('{name}', '{kept}', 'UPDATE')") is False
    site.migrate("-v0")
    assert one(site.database, "SELECT a + b FROM thing") == 5
    assert kept_tables(site.database) == 0


def test_a_copy_that_is_not_needed_after_all_leaves_nothing(site: Site) -> None:
    site.shop(THING, NO_NOTE)
    site.migrate("shop", "0001", "-v0")
    site.database.psql(
        ROWS + "CREATE FUNCTION no() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS"
        " (SELECT FROM pg_attribute WHERE attrelid = 'shop_thing'::regclass AND attname = 'note') THEN"
        " RAISE EXCEPTION 'not now'; END IF; END $$; CREATE EVENT TRIGGER no ON ddl_command_end EXECUTE FUNCTION no()"
    )
    assert "not now" in site.refused()
    assert kept_tables(site.database) == 1
    site.database.psql("DROP EVENT TRIGGER no")
    site.migrate("shop", "0001", "-v0")
    assert one(site.database, "SELECT count(*) FROM shop_thing WHERE note = 'x' || n") == 3000
    assert kept_tables(site.database) == 0
    assert one(site.database, "SELECT count(*) FROM livemigrations_kept") == 0
    assert one(site.database, "SELECT count(*) FROM pg_proc WHERE pronamespace = to_regnamespace('rolled_back')") == 0


def test_rows_with_columns_that_only_a_child_has_stay_kept(site: Site) -> None:
    site.shop(NOTHING, sql("CREATE TABLE thing (id int PRIMARY KEY)", "DROP TABLE thing CASCADE"))
    site.migrate("-v0")
    site.database.psql("CREATE TABLE child (extra text) INHERITS (thing); INSERT INTO child VALUES (1, 'mine')")
    site.migrate("shop", "0001", "-v0")
    assert "1 of what was kept of thing found no place" in site.migrate().stdout
    assert one(site.database, "SELECT count(*) FROM thing") == 1
    child = one(
        site.database, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhrelid::regclass::text LIKE 'rolled%'"
    )
    assert one(site.database, f"SELECT extra FROM {child}") == "mine"
