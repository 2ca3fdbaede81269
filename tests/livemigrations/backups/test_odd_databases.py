"""Databases that are not plain: what stands in them is backed up, proved and put back like anything else."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests.livemigrations.backups.shop import Shop
from tests.support.database import fresh
from tests.support.postgres import PgServer

KINDS = {
    "inherited": """
        CREATE TABLE parent (a int); CREATE TABLE child (b int) INHERITS (parent); ALTER TABLE parent ADD COLUMN c text;
        INSERT INTO child VALUES (1, 2, 'three')""",
    "attached": """
        CREATE TABLE whole (a int, b text) PARTITION BY LIST (a); CREATE TABLE piece (b text, gone int, a int);
        ALTER TABLE piece DROP COLUMN gone; ALTER TABLE whole ATTACH PARTITION piece FOR VALUES IN (1);
        CREATE INDEX whole_b ON ONLY whole (b); -- invalid until the pieces have theirs
        INSERT INTO whole VALUES (1, 'x')""",
    "quoting": """
        CREATE SCHEMA "S %s"; CREATE TABLE "S %s"."100% ""odd"" {x} 'é
" (id int, "C %s" text);
        INSERT INTO "S %s"."100% ""odd"" {x} 'é
" VALUES (1, 'x'); CREATE SEQUENCE "S %s"."Q %s"; SELECT nextval('"S %s"."Q %s"');
        CREATE MATERIALIZED VIEW "S %s"."M %s" AS SELECT 1 AS x""",
    "referenced": """
        CREATE TABLE whole (id int PRIMARY KEY) PARTITION BY RANGE (id);
        CREATE TABLE second PARTITION OF whole FOR VALUES FROM (10) TO (20);
        CREATE TABLE refers (id int REFERENCES whole);
        CREATE TABLE first PARTITION OF whole FOR VALUES FROM (0) TO (10); -- the dump makes it before its sibling""",
    "unlogged": "CREATE UNLOGGED TABLE u (id int); INSERT INTO u VALUES (1)",
    "generated": """
        CREATE TABLE g (a int, b int GENERATED ALWAYS AS (a * 2) STORED, c text DEFAULT 'x'); INSERT INTO g (a) VALUES (4)""",
    "event trigger": """
        CREATE FUNCTION look() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no ddl'; END $$;
        CREATE EVENT TRIGGER looking ON ddl_command_start EXECUTE FUNCTION look()""",
    "foreign": """
        CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER s FOREIGN DATA WRAPPER nowhere;
        CREATE FOREIGN TABLE f (id int) SERVER s""",
    "publication": "CREATE PUBLICATION p FOR ALL TABLES; CREATE PUBLICATION q FOR TABLE customer WHERE (id > 3)",
    "row security": """
        ALTER TABLE customer ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON customer USING (id < 3)""",
    "invalid index": """
        CREATE TABLE half (id int); INSERT INTO half VALUES (1), (1)""",
    "collation": """CREATE TABLE c (s text COLLATE "C", t text COLLATE "ucs_basic"); INSERT INTO c VALUES ('ä', 'ö')""",
    "domain": """
        CREATE DOMAIN short AS text CHECK (length(VALUE) < 9); CREATE TYPE pair AS (a short, b int[]);
        CREATE TABLE d (p pair, r int4range, x xid, o oid, rc regclass);
        INSERT INTO d VALUES (ROW('x', '{1,2}'), '[1,3)', '7', 'd'::regclass::oid, 'd')""",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_objects(shop: Shop, kind: str) -> None:
    shop.sql(KINDS[kind])
    if kind == "invalid index":
        with pytest.raises(psycopg.errors.UniqueViolation):
            shop.sql("CREATE UNIQUE INDEX CONCURRENTLY half_id ON half (id)")
    shop.backup("create")
    checked = shop.json("verify")
    assert checked["ok"] is True
    assert checked["notes"] == (["the invalid index half_id is not part of it"] if kind == "invalid index" else [])
    shop.backup("restore", "latest", "--no-input", "--drop-old")
    if kind == "event trigger":
        with pytest.raises(psycopg.errors.RaiseException, match="no ddl"):
            shop.sql("CREATE TABLE more (id int)")


def test_a_child_that_no_longer_inherits_is_a_loss_and_no_fault(shop: Shop) -> None:
    """The columns that were noted need not be there any more when the losses are counted."""
    shop.sql(KINDS["inherited"])
    shop.backup("create")
    shop.sql("ALTER TABLE child NO INHERIT parent; ALTER TABLE child DROP COLUMN c")
    assert "there is no terminal to ask. 1 of its tables" in shop.refused("restore", "latest")


def test_a_frozen_database(shop: Shop) -> None:
    """Read-only by default, as one would make it before a restore, and a template; it is so again afterwards."""
    name = shop.site.database.name
    with shop.site.database.server.connect() as admin:
        admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        admin.execute(f"ALTER DATABASE {name} IS_TEMPLATE true")
        try:
            shop.backup("create")
            shop.backup("verify")
            shop.backup("restore", "latest", "--no-input", "--drop-old")
        finally:
            admin.execute(f"ALTER DATABASE {name} IS_TEMPLATE false")
    assert shop.databases() == []
    with shop.site.database.connect() as connection:
        assert connection.execute("SHOW default_transaction_read_only").fetchone() == ("on",)


@pytest.mark.parametrize(
    ("major", "how", "text"),
    [
        (18, "ENCODING 'SQL_ASCII' LOCALE 'C'", "SET client_encoding = SQL_ASCII; INSERT INTO odd VALUES (E'a\\xe9b')"),
        (18, "ENCODING 'LATIN1' LOCALE 'C'", "INSERT INTO odd VALUES ('äé')"),
        (
            15,
            "ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'de-DE' LOCALE 'C.UTF-8'",
            "INSERT INTO odd VALUES ('äé')",
        ),
    ],
    ids=["bytes", "latin", "icu"],
)
def test_encodings_and_locales(request: pytest.FixtureRequest, open_shop: Any, major: int, how: str, text: str) -> None:
    server: PgServer = request.getfixturevalue("pg_server" if major == 18 else f"pg_server_{major}")
    query = "SELECT encoding, datlocprovider, datcollate, datctype FROM pg_database WHERE datname = %s"
    with fresh(server) as database, server.connect() as admin:
        admin.execute(f"DROP DATABASE {database.name}")
        admin.execute(f"CREATE DATABASE {database.name} TEMPLATE template0 {how}")
        before = admin.execute(query, [database.name]).fetchone()
        shop = open_shop(database)
        shop.sql(f"CREATE TABLE odd (s text); {text}")
        shop.backup("create")
        shop.backup("verify")
        shop.backup("restore", "latest", "--no-input", "--drop-old")
        assert admin.execute(query, [database.name]).fetchone() == before
        shop.connection.close()


def test_a_template_and_its_subscription(shop: Shop) -> None:
    """A template stays one; a subscription is named as lost, and does not let the old database be dropped."""
    name = shop.site.database.name
    subscribe = "CREATE SUBSCRIPTION news CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false, slot_name = 's')"
    with shop.site.database.server.connect() as admin:
        shop.sql(subscribe)
        admin.execute(f"ALTER DATABASE {name} IS_TEMPLATE true")
        try:
            shop.backup("create", "--name", "good")
            shop.backup("create", "--name", "bad")
            path = shop.folder / "bad" / "manifest.json"
            path.write_text(path.read_text().replace('"rows": 5000', '"rows": 5001'))
            assert "instead of 5,001" in shop.refused("restore", "bad", "--no-input")
            assert shop.databases() == [], "nothing half restored that its subscription would hold"
            done = shop.json("restore", "good", "--no-input", "--drop-old")
            assert "the subscription news: CREATE SUBSCRIPTION it again" in done["notes"][0]
            assert "could not be dropped" in done["notes"][1]
            assert shop.databases() == [done["kept_as"]]
            query = "SELECT datistemplate FROM pg_database WHERE datname = %s"
            assert admin.execute(query, [name]).fetchone() == (True,)
        finally:
            for one in [name, *shop.databases()]:
                admin.execute(f"ALTER DATABASE {one} IS_TEMPLATE false")
                with shop.site.database.server.connect(one) as inside:
                    own = "SELECT 1 FROM pg_subscription s JOIN pg_database d ON d.oid = subdbid WHERE datname = %s"
                    if inside.execute(own, [one]).fetchone():
                        inside.execute("ALTER SUBSCRIPTION news SET (slot_name = NONE)")
                        inside.execute("DROP SUBSCRIPTION news")


def test_the_timeouts_of_a_role_end_neither_a_backup_nor_a_restore(shop: Shop) -> None:
    name = shop.site.database.name
    shop.sql("""
        CREATE FUNCTION slow(bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
            IF current_database() ~ 'restoring' AND $1 = 1 THEN PERFORM pg_sleep(1); END IF; RETURN $1; END $$;
        CREATE INDEX customer_slow ON customer (slow(id))""")
    with shop.site.database.server.connect() as admin:
        admin.execute(f"CREATE ROLE clerk_{name} LOGIN SUPERUSER")
        admin.execute(f"ALTER ROLE clerk_{name} SET statement_timeout = '500ms'")
        admin.execute(f"ALTER ROLE clerk_{name} SET idle_session_timeout = '500ms'")
        admin.execute(f"ALTER ROLE clerk_{name} SET idle_in_transaction_session_timeout = '20ms'")
        try:
            shop.connect_as(f"clerk_{name}")
            shop.backup("create")
            shop.backup("restore", "latest", "--no-input", "--drop-old")
        finally:
            shop.connection.close()
            admin.execute(f"DROP ROLE clerk_{name}")
