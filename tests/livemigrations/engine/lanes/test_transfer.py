"""Rows on their way back meet what has happened meanwhile."""

from __future__ import annotations

import time

import pytest

from tests.livemigrations.engine.test_keeping import kept_tables, one, rows
from tests.livemigrations.site import Site

NOTHING = 'migrations.RunSQL("SELECT 1", "SELECT 1"),'
THING = """
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True))]),
"""
NOTE = 'migrations.AddField("Thing", "note", models.CharField(max_length=30, null=True)),'
ROWS = "INSERT INTO shop_thing (n) SELECT g FROM generate_series(1, 3000) g;"
ON_DDL = """
CREATE FUNCTION traffic() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN {} END $$;
CREATE EVENT TRIGGER traffic ON ddl_command_end WHEN TAG IN ('{}') EXECUTE FUNCTION traffic();
"""

pytestmark = pytest.mark.slow


def test_what_traffic_wrote_since_the_column_is_there_stays(site: Site) -> None:
    site.shop(THING, NOTE)
    site.migrate("-v0")
    site.database.psql(ROWS + "UPDATE shop_thing SET note = 'old'")
    site.migrate("shop", "0001", "-v0")
    there = "IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'shop_thing'::regclass AND attname = 'note') THEN"
    site.database.psql(
        ON_DDL.format(f"{there} UPDATE shop_thing SET note = 'new' WHERE id = 7; END IF;", "ALTER TABLE")
    )
    assert "1 of what was kept of shop_thing.note found no place" in site.migrate().stdout
    assert one(site.database, "SELECT note FROM shop_thing WHERE id = 7") == "new"
    assert one(site.database, "SELECT count(*) FROM shop_thing WHERE note = 'old'") == 2999
    assert kept_tables(site.database) == 1


def test_a_column_whose_default_the_catalog_writes_otherwise_than_a_cast(site: Site) -> None:
    site.shop(
        THING,
        """
        migrations.AddField("Thing", "yes", models.BooleanField(default=False)),
        migrations.AddField("Thing", "no", models.BooleanField(db_default=True)),
        migrations.AddField("Thing", "address", models.GenericIPAddressField(db_default="10.0.0.1")),
        migrations.AddField("Thing", "tags", fields.ArrayField(models.TextField(), default=list)),
        migrations.RunSQL("ALTER TABLE shop_thing ADD code char(5) DEFAULT 'a'", "ALTER TABLE shop_thing DROP code"),""",
    )
    site.migrate("shop", "0001", "-v0")
    site.database.psql(ROWS)
    site.migrate("-v0")
    site.database.psql(
        "UPDATE shop_thing SET yes = true, no = n % 2 = 0, address = '10.0.0.2', tags = ARRAY[n::text, 'x y'],"
        " code = 'b' WHERE n % 3 = 0"
    )
    before = rows(site.database, "shop_thing")
    site.migrate("shop", "0001", "-v0")
    site.migrate("-v0")
    assert rows(site.database, "shop_thing") == before
    assert kept_tables(site.database) == 0


def test_values_from_which_others_were_computed_return(site: Site) -> None:
    """By a statement on a small table and by ChangeColumnType; a row that is gone by then keeps its value."""
    small = "CREATE TABLE small (id int PRIMARY KEY, note text)"
    length = "ALTER TABLE small ALTER note TYPE integer USING length(note)"
    site.shop(
        f"{THING.replace('IntegerField', 'BigIntegerField')} migrations.RunSQL({small!r}, 'DROP TABLE small'),",
        f"""
        migrations.RunSQL({length!r}, "ALTER TABLE small ALTER note TYPE text USING note::text"),
        live.ChangeColumnType("Thing", "n", models.IntegerField(null=True), using=F("n") / 10),""",
    )
    site.migrate("shop", "0001", "-v0")
    site.database.psql(ROWS + "INSERT INTO small SELECT g, 'x' || g FROM generate_series(1, 200) g")
    before = rows(site.database, "shop_thing", "small")
    site.migrate("-v0")
    assert (
        one(site.database, "SELECT concat(n, ' ', note) FROM shop_thing JOIN small USING (id) WHERE id = 77") == "7 3"
    )
    site.database.psql("DELETE FROM shop_thing WHERE id = 77; DELETE FROM small WHERE id = 77")
    assert "1 of what was kept of small.note found no place" in site.migrate("shop", "0001").stdout
    expected = {table: [row for row in found if row[0]["id"] != 77] for table, found in before.items()}
    assert rows(site.database, "shop_thing", "small") == expected
    assert kept_tables(site.database) == 2
    assert site.manage("migrations", "kept", "--put-back", "all", check=False).stdout.count("the row is gone") == 2


def test_a_key_that_was_deleted_during_the_copy_and_came_again(site: Site) -> None:
    site.shop('migrations.CreateModel("Thing", [("id", models.CharField(max_length=9, primary_key=True))]),',
              'migrations.AddField("Thing", "note", models.CharField(max_length=30, db_default="none")),')  # fmt: skip
    site.migrate("-v0")
    site.database.psql("INSERT INTO shop_thing SELECT g::text, 'x' FROM generate_series(1, 3000) g")
    site.database.psql(ON_DDL.format("DELETE FROM shop_thing WHERE id = '5';", "CREATE TRIGGER"))
    site.migrate("shop", "0001", "-v0")
    site.database.psql("DROP EVENT TRIGGER traffic; INSERT INTO shop_thing (id) VALUES ('5')")
    site.migrate("-v0")
    assert one(site.database, "SELECT note FROM shop_thing WHERE id = '5'") == "none"
    assert one(site.database, "SELECT count(*) FROM shop_thing WHERE note = 'x'") == 2999


def test_a_null_returns_where_a_default_of_python_fills(site: Site) -> None:
    fields = THING.replace(
        "null=True", 'null=True)), ("note", models.CharField(max_length=30, null=True, default="none"'
    )
    site.shop(fields, 'migrations.RemoveField("Thing", "note"),')
    site.migrate("shop", "0001", "-v0")
    site.database.psql(ROWS + "UPDATE shop_thing SET note = 'x' WHERE n % 2 = 0")
    site.migrate("-v0")
    site.migrate("shop", "0001", "-v0")
    assert one(site.database, "SELECT count(*) FROM shop_thing WHERE note IS NULL") == 1500
    assert kept_tables(site.database) == 0


def test_rows_that_the_table_refuses_by_now_stay_kept(site: Site) -> None:
    site.shop(NOTHING, THING)
    site.migrate("-v0")
    site.database.psql(ROWS)
    site.migrate("shop", "0001", "-v0")
    check = 'models.CheckConstraint(condition=~Q(n__in=[50, 2000]), name="n")'
    site.shop(NOTHING, f'{THING.rstrip().removesuffix("),")}, options={{"constraints": [{check}]}}),')
    assert "2 of what was kept of shop_thing found no place" in site.migrate().stdout
    assert one(site.database, "SELECT count(*) FROM shop_thing") == 2998
    assert kept_tables(site.database) == 1


def test_a_table_that_refuses_all_of_them_is_an_error_that_loses_nothing(site: Site) -> None:
    site.shop(NOTHING, THING)
    site.migrate("-v0")
    site.database.psql(ROWS)
    site.migrate("shop", "0001", "-v0")
    site.shop(NOTHING, THING.replace("null=True", ""))
    site.database.psql(
        "UPDATE rolled_back." + str(one(site.database, "SELECT kept_as FROM livemigrations_kept")) + " SET n = NULL"
    )
    said = site.refused()
    assert "violates not-null constraint" in said
    name = one(site.database, "SELECT kept_as FROM livemigrations_kept")
    assert f"migrations kept --discard {name}" in said
    site.database.psql(f"UPDATE rolled_back.{name} SET n = id")
    site.migrate("-v0")
    assert one(site.database, "SELECT count(*) FROM shop_thing") == 3000


def test_another_type_by_now(site: Site) -> None:
    site.shop(NOTHING, THING.replace("IntegerField(", "CharField(max_length=9, "))
    site.migrate("-v0")
    site.database.psql(ROWS)
    site.migrate("shop", "0001", "-v0")
    site.shop(NOTHING, THING)
    site.migrate("-v0")
    assert one(site.database, "SELECT sum(n) FROM shop_thing") == 3000 * 3001 // 2
    assert kept_tables(site.database) == 0


def test_what_was_dropped_by_hand_is_not_waited_for(site: Site) -> None:
    site.shop(NOTHING, THING)
    site.migrate("-v0")
    site.database.psql(ROWS)
    site.migrate("shop", "0001", "-v0")
    site.database.psql("DROP SCHEMA rolled_back CASCADE")
    assert "nothing to put back" in site.migrate().stdout
    assert site.manage("migrations", "kept").stdout.strip() == "Nothing is kept."


def test_nobody_waits_behind_a_page_that_waits_itself(site: Site) -> None:
    site.shop(THING, NOTE)
    site.set("LIVEMIGRATIONS_DATA_LOCK_TIMEOUT_MS = 60_000")
    site.migrate("-v0")
    site.database.psql(ROWS + "UPDATE shop_thing SET note = 'x'")
    site.migrate("shop", "0001", "-v0")
    with (
        site.database.connect() as holder,
        site.database.connect() as other,
        site.popen("migrate", "--no-input") as process,
    ):
        while not one(site.database, "SELECT count(*) FROM livemigrations_kept WHERE state = 'putting back'"):
            with holder.transaction():
                holder.execute("UPDATE shop_thing SET n = 0 WHERE id = 900")
            time.sleep(0.01)
        with holder.transaction():
            holder.execute("UPDATE shop_thing SET n = 0 WHERE id = 900")
            other.execute("SET statement_timeout = '10s'")
            until = time.monotonic() + 2
            while time.monotonic() < until:
                other.execute("UPDATE shop_thing SET n = 1 WHERE id IN (1, 2, 3)")
        assert process.wait(300) == 0
    assert one(site.database, "SELECT count(*) FROM shop_thing WHERE note = 'x'") == 3000


TREE = """
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True)),
    ("up", models.ForeignKey("self", models.CASCADE, null=True, related_name="+")),
    ("peer", models.ForeignKey("self", models.CASCADE, null=True, related_name="+")), ("note", models.JSONField())]),
"""


def test_rows_that_refer_to_each_other_return_in_pages(site: Site) -> None:
    """Parents before and behind their page, a ring, and a row whose parent is gone by then, with all below it."""
    site.shop(NOTHING, TREE)
    site.migrate("-v0")
    site.database.psql(
        "INSERT INTO shop_thing (n, up_id, peer_id, note) SELECT g, CASE WHEN g > 1 THEN g / 2 END,"
        " CASE WHEN g % 50 = 0 THEN 5001 - g END, '{}' FROM generate_series(1, 5000) g;"
        " UPDATE shop_thing SET up_id = 4001 WHERE id = 4000; UPDATE shop_thing SET up_id = 4000 WHERE id = 4001"
    )
    before = rows(site.database, "shop_thing")["shop_thing"]
    site.migrate("shop", "0001", "-v0")
    kept = one(site.database, "SELECT 'rolled_back.' || kept_as FROM livemigrations_kept")
    site.database.psql(f"DELETE FROM {kept} WHERE id = 501")
    lost, known = {501}, 0
    while len(lost) > known:
        known = len(lost)
        lost |= {row["id"] for (row,) in before if lost & {row["up_id"], row["peer_id"]}}
    assert 5 < len(lost) < 2500
    done = site.migrate()
    assert f"{len(lost) - 1} of what was kept of shop_thing found no place" in done.stdout
    assert rows(site.database, "shop_thing")["shop_thing"] == [(row,) for (row,) in before if row["id"] not in lost]
    assert one(site.database, "SELECT max(attempts) FROM livemigrations_step WHERE description LIKE 'put back%'") > 3


def test_rows_without_a_key_return_once(site: Site) -> None:
    places = 'migrations.RunSQL("CREATE TABLE place (id int PRIMARY KEY)", "DROP TABLE place"),'
    site.shop(places, 'migrations.RunSQL("CREATE TABLE seen (place int REFERENCES place, x json)", "DROP TABLE seen"),')
    site.migrate("-v0")
    site.database.psql(
        "INSERT INTO place VALUES (1), (2), (3); INSERT INTO seen VALUES (1, '{}'), (1, '{}'), (2, NULL), (3, '{}')"
    )
    site.migrate("shop", "0001", "-v0")
    site.database.psql("DELETE FROM place WHERE id = 3")
    site.database.psql(
        "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid());"
        " RETURN NEW; END $$; CREATE TRIGGER cut BEFORE UPDATE ON livemigrations_kept FOR EACH ROW"
        " WHEN (NEW.state = 'put back') EXECUTE FUNCTION cut()"
    )
    site.refused()
    assert one(site.database, "SELECT count(*) FROM seen") == 3
    site.database.psql("DROP FUNCTION cut() CASCADE")
    assert "1 of what was kept of seen found no place" in site.migrate().stdout
    assert one(site.database, "SELECT count(*) FROM seen") == 3
    assert kept_tables(site.database) == 1
