"""What a migration drops is kept in the schema ``rolled_back`` and returns with it."""

from __future__ import annotations

import os
import pty
import sys
from contextlib import suppress
from typing import Any

import psycopg
import pytest

from tests.livemigrations.site import Site
from tests.support.database import Database

BASE = """
migrations.CreateModel("Place", [("id", models.BigAutoField(primary_key=True)), ("city", models.CharField(max_length=9))]),
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField()),
    ("place", models.ForeignKey("Place", models.CASCADE))]),
"""
NOTE = 'migrations.AddField("Thing", "note", models.CharField(max_length=30, db_default="none")),'
REVIEW = """
migrations.CreateModel("Review", [("id", models.BigAutoField(primary_key=True)), ("stars", models.IntegerField()),
    ("thing", models.ForeignKey("Thing", models.CASCADE)), ("tags", models.ManyToManyField("Place")),
    ("answers", models.ForeignKey("self", models.CASCADE, null=True))],
    options={"indexes": [models.Index(fields=["stars"], name="review_stars")]}),
"""
ROWS = """
INSERT INTO shop_place (city) SELECT 'c' || g FROM generate_series(1, 10) g;
INSERT INTO shop_thing (n, place_id) SELECT g, g % 10 + 1 FROM generate_series(1, 3000) g;
"""
WRITTEN = """
UPDATE shop_thing SET note = 'it''s ' || n WHERE n % 3 = 0;
INSERT INTO shop_review (stars, thing_id) SELECT g % 5, g FROM generate_series(1, 2500) g;
UPDATE shop_review SET answers_id = id + 1 WHERE id < 2000;
INSERT INTO shop_review_tags (review_id, place_id) SELECT g, g % 10 + 1 FROM generate_series(1, 2500) g;
DELETE FROM shop_review WHERE id > 2400 AND NOT EXISTS (SELECT 1 FROM shop_review_tags t WHERE t.review_id = shop_review.id);
"""


def rows(database: Database, *tables: str) -> dict[str, list[Any]]:
    with database.connect() as connection:
        return {
            table: connection.execute(f"SELECT to_jsonb(t) FROM {table} t ORDER BY id, to_jsonb(t)::text").fetchall()
            for table in tables
        }


def one(database: Database, sql: str) -> Any:
    with database.connect() as connection:
        row = connection.execute(sql).fetchone()
        return row[0] if row else None


def kept_tables(database: Database) -> int:
    sql = "SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace('rolled_back') AND relkind IN ('r', 'S', 'p')"
    return int(one(database, sql))


@pytest.fixture
def filled(any_site: Site) -> Site:
    any_site.shop(BASE, NOTE, REVIEW)
    any_site.migrate("shop", "0001", "-v0")
    any_site.database.psql(ROWS)
    any_site.migrate("-v0")
    any_site.database.psql(WRITTEN)
    return any_site


TABLES = ("shop_place", "shop_thing", "shop_review", "shop_review_tags")


@pytest.mark.slow
@pytest.mark.postgres_matrix
def test_every_value_returns(filled: Site) -> None:
    before = rows(filled.database, *TABLES)
    filled.migrate("shop", "0001", "-v0")
    assert one(filled.database, "SELECT to_regclass('shop_review') IS NULL")
    assert kept_tables(filled.database) == 3
    filled.migrate("-v0")
    assert rows(filled.database, *TABLES) == before
    assert kept_tables(filled.database) == 0
    assert one(filled.database, "SELECT count(*) FROM livemigrations_kept") == 0
    filled.database.psql("INSERT INTO shop_review (stars, thing_id) VALUES (1, 1)")
    assert one(filled.database, "SELECT max(id) FROM shop_review") == 2501
    filled.migrate("shop", "zero", "-v0")
    filled.migrate("-v0")
    assert len(rows(filled.database, "shop_thing")["shop_thing"]) == 3000
    assert kept_tables(filled.database) == 0


@pytest.mark.slow
def test_what_traffic_did_meanwhile(site: Site) -> None:
    site.shop(BASE, NOTE, REVIEW)
    site.migrate("-v0")
    site.database.psql(ROWS + WRITTEN)
    site.migrate("shop", "0001", "-v0")
    site.database.psql(
        "DELETE FROM shop_thing WHERE id = 3; INSERT INTO shop_thing (n, place_id) VALUES (9999, 1);"
        " UPDATE shop_thing SET n = -1 WHERE id = 6"
    )
    done = site.migrate()
    assert "found no place" in done.stdout, done.stdout
    assert one(site.database, "SELECT note FROM shop_thing WHERE n = 9999") == "none"
    assert one(site.database, "SELECT note || n FROM shop_thing WHERE id = 6") == "it's 6-1"
    assert one(site.database, "SELECT count(*) FROM shop_review WHERE thing_id = 3") == 0
    assert one(site.database, "SELECT count(*) FROM shop_review") == 2497  # the two that answered it, one by way of one
    listed = site.manage("migrations", "kept").stdout
    assert "shop_review" in listed
    assert "put back" in listed
    assert site.manage("migrations", "kept", "--discard", "nothing", check=False).returncode == 1
    site.manage("migrations", "kept", "--discard", "all", "--no-input")
    assert kept_tables(site.database) == 0


@pytest.mark.slow
def test_discard_data(filled: Site) -> None:
    filled.migrate("shop", "0001", "-v0", "--discard-data")
    assert kept_tables(filled.database) == 0
    filled.migrate("-v0")
    assert one(filled.database, "SELECT count(*) FROM shop_review") == 0


@pytest.mark.slow
def test_a_removed_field_returns(site: Site) -> None:
    site.shop(BASE, NOTE, 'migrations.RemoveField("Thing", "note"),', 'migrations.DeleteModel("Thing"),')
    site.migrate("shop", "0002", "-v0")
    site.database.psql(ROWS + "UPDATE shop_thing SET note = n::text")
    before = rows(site.database, "shop_thing")
    site.migrate("-v0")
    assert kept_tables(site.database) == 2
    site.migrate("shop", "0002", "-v0")
    assert rows(site.database, "shop_thing") == before


@pytest.mark.slow
def test_another_column_of_that_name_gets_nothing(site: Site) -> None:
    site.shop(BASE, NOTE, 'migrations.RemoveField("Thing", "note"),', NOTE.replace("none", "new"))
    site.migrate("shop", "0002", "-v0")
    site.database.psql(ROWS + "UPDATE shop_thing SET note = 'old'")
    site.migrate("-v0")
    assert one(site.database, "SELECT string_agg(DISTINCT note, ',') FROM shop_thing") == "new"


@pytest.mark.slow
def test_no_right_to_keep(site: Site) -> None:
    site.shop(BASE, NOTE)
    site.migrate("-v0")
    site.database.psql(ROWS + "UPDATE shop_thing SET note = 'mine'")
    role = f"r_{site.database.name}"
    site.database.psql(
        f"CREATE ROLE {role} LOGIN; GRANT CREATE ON SCHEMA public TO {role}; DO $$ DECLARE t text; BEGIN FOR t IN"
        " SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP EXECUTE format('ALTER TABLE %I OWNER TO"
        f" {role}', t); END LOOP; END $$"
    )
    try:
        site.set(f'DATABASES["default"]["USER"] = "{role}"')
        said = site.refused("shop", "0001")
        assert "CREATE SCHEMA rolled_back AUTHORIZATION" in said
        assert "--discard-data" in said
        assert one(site.database, "SELECT count(*) FROM shop_thing WHERE note = 'mine'") == 3000
        site.migrate("shop", "0001", "--discard-data")
    finally:
        site.database.psql(f"REASSIGN OWNED BY {role} TO CURRENT_USER; DROP OWNED BY {role}; DROP ROLE {role}")


@pytest.mark.slow
def test_no_key_to_keep_by(site: Site) -> None:
    site.shop(BASE, NOTE)
    site.migrate("-v0")
    site.database.psql(ROWS + "ALTER TABLE shop_thing DROP CONSTRAINT shop_thing_pkey CASCADE")
    assert "has no key" in site.refused("shop", "0001")


@pytest.mark.slow
def test_writes_while_a_column_is_copied(site: Site) -> None:
    """Sessions write the column until it goes; what they wrote last is what returns."""
    site.shop(BASE, NOTE)
    site.migrate("-v0")
    site.database.psql(
        ROWS + "INSERT INTO shop_thing (n, place_id, note) SELECT g, 1, 'x' FROM generate_series(1, 60000) g"
    )
    with site.database.connect() as writer, site.popen("migrate", "--no-input", "shop", "0001") as process:
        last = 0
        while process.poll() is None:
            last += 1
            try:
                writer.execute("UPDATE shop_thing SET note = 'w' || %s WHERE mod(id, 500) = 7", [last])
                wrote = last
            except psycopg.errors.UndefinedColumn:
                break
        assert process.wait(300) == 0
    site.migrate("-v0")
    assert wrote > 1
    assert one(site.database, "SELECT string_agg(DISTINCT note, ',') FROM shop_thing WHERE id % 500 = 7") == f"w{wrote}"


@pytest.mark.slow
def test_a_script_keeps_as_well(site: Site) -> None:
    site.shop(BASE, NOTE, REVIEW)
    site.migrate("-v0")
    site.database.psql(ROWS + WRITTEN)
    before = rows(site.database, *TABLES)
    script = site.migrate("shop", "0001", "--sql").stdout
    assert "Only manage.py migrate puts them back" in script
    site.database.psql(script)
    assert kept_tables(site.database) == 3
    assert "which a script cannot" in site.refused("--sql").replace("\n", " ")
    site.migrate("-v0")
    assert rows(site.database, *TABLES) == before


@pytest.mark.slow
def test_what_a_narrower_type_cuts_off_returns(site: Site) -> None:
    site.shop(BASE, 'migrations.AddField("Thing", "note", models.CharField(max_length=5, null=True)),',
              'migrations.AlterField("Thing", "note", models.TextField(null=True)),',
              'migrations.AddField("Thing", "price", models.DecimalField(max_digits=9, decimal_places=1, null=True)),',
              'migrations.AlterField("Thing", "price", models.DecimalField(max_digits=9, decimal_places=4, null=True)),')  # fmt: skip
    site.set("LIVEMIGRATIONS_SMALL_TABLE_BYTES = 2**40")
    site.migrate("-v0")
    site.database.psql(ROWS + "UPDATE shop_thing SET note = 'number ' || n, price = n + 0.1234 WHERE n % 2 = 0")
    before = rows(site.database, "shop_thing")
    site.migrate("shop", "0002", "-v0")
    assert one(site.database, "SELECT note FROM shop_thing WHERE n = 10") == "numbe"
    site.database.psql("UPDATE shop_thing SET note = 'new' WHERE n = 10")
    assert "1 of what was kept of shop_thing.note found no place" in site.migrate().stdout
    assert one(site.database, "SELECT note FROM shop_thing WHERE n = 10") == "new"
    site.database.psql("UPDATE shop_thing SET note = 'number 10' WHERE n = 10")
    assert rows(site.database, "shop_thing") == before
    assert site.manage("migrations", "kept", "--put-back", "all").stdout
    assert kept_tables(site.database) == 0


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "left"), [("n", 3000), ("y", 0)])
def test_a_person_is_asked(site: Site, answer: str, left: int) -> None:
    """With the number of what would go, and not where nothing would."""
    spare = 'migrations.AddField("Thing", "spare", models.TextField(null=True)),'
    price = 'migrations.{}Field("Thing", "price", models.DecimalField(max_digits=9, decimal_places={}, null=True)),'
    site.shop(BASE, NOTE + spare + price.format("Add", 1), price.format("Alter", 4))
    site.set("LIVEMIGRATIONS_SMALL_TABLE_BYTES = 2**40")
    site.migrate("-v0")
    site.database.psql(
        ROWS + "UPDATE shop_thing SET note = 'mine', price = CASE WHEN n < 11 THEN n + 0.125 WHEN n < 21 THEN n END"
    )
    said, code = typed(site, f"y\n{answer}\ny\n", "migrate", "--discard-data", "shop", "0001")
    assert "10 values will be lost" in said
    assert "the column public.shop_thing.price: 20 values will be lost" in said
    assert ("3,000 values will be lost" in said) == (answer == "y")
    assert "shop_thing.spare" not in said
    assert code == (0 if answer == "y" else 1)
    exists = one(
        site.database, "SELECT count(*) FROM pg_attribute WHERE attrelid = 'shop_thing'::regclass AND attname = 'note'"
    )
    assert bool(exists) == bool(left)


def typed(site: Site, answers: str, *arguments: str) -> tuple[str, int]:
    """Run a command at a terminal of its own; return what it wrote there and its exit code."""
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(site.folder)
        os.execvpe(sys.executable, site.command(*arguments), site.environment())
    os.write(terminal, answers.encode())
    said = b""
    with suppress(OSError):  # the end of a terminal
        while chunk := os.read(terminal, 4096):
            said += chunk
    os.close(terminal)
    return said.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.slow
def test_a_statement_drops_two_large_columns_in_one_transaction(site: Site) -> None:
    back = "ALTER TABLE shop_place DROP a, DROP b"
    site.shop(BASE, f'migrations.RunSQL("ALTER TABLE shop_place ADD a int DEFAULT 7, ADD b int", "{back}"),').migrate()
    site.database.psql("INSERT INTO shop_place (city, b) SELECT 'c' || g, g FROM generate_series(1, 5000) g")
    before = rows(site.database, "shop_place")
    site.migrate("shop", "0001")
    assert kept_tables(site.database) == 2
    gone = "SELECT count(*)::text || ' ' || count(DISTINCT xmin::text) FROM pg_attribute"
    assert one(site.database, f"{gone} WHERE attrelid = 'shop_place'::regclass AND attisdropped") == "2 1"
    site.migrate()
    assert rows(site.database, "shop_place") == before


@pytest.mark.slow
def test_a_large_column_that_is_replaced_by_another_one_is_kept(site: Site) -> None:
    """Both operations share a transaction: nobody sees the table without the column."""
    text = 'migrations.AddField("Place", "city", models.CharField(max_length=30, default="somewhere")),'
    site.shop(BASE, f'migrations.RemoveField("Place", "city"),\n{text}').migrate("shop", "0001")
    site.database.psql("INSERT INTO shop_place (city) SELECT 'c' || g FROM generate_series(1, 5000) g")
    before = rows(site.database, "shop_place")
    site.migrate()
    assert kept_tables(site.database) == 1
    same = "SELECT count(DISTINCT xmin::text) FROM pg_attribute WHERE attrelid = 'shop_place'::regclass AND attnum IN (2, 3)"
    assert one(site.database, same) == 1
    site.migrate("shop", "0001")
    assert rows(site.database, "shop_place") == before
