"""A type that goes on the way back takes nothing with it: what is kept of its values is text, and is read as the type again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.livemigrations.engine.test_keeping import kept_tables, one, rows
from tests.livemigrations.site import Site
from tests.support import loud
from tests.support.database import fresh
from tests.support.postgres import PgServer

NOTHING = 'migrations.RunSQL("SELECT 1", "SELECT 1"),'
TYPES = """
CREATE TYPE mood AS ENUM ('b', 'a'); CREATE DOMAIN small AS int CHECK (VALUE < 10);
CREATE TYPE pair AS (day date, how mood); CREATE SCHEMA zoo; CREATE TYPE zoo.animal AS ENUM ('ape')
"""
GONE = "DROP TYPE pair; DROP DOMAIN small; DROP TYPE mood CASCADE; DROP SCHEMA zoo CASCADE"
TABLE = """
CREATE TABLE thing (id int, m mood, s small, ms mood[], p pair, z zoo.animal, up_id int, up mood,
    PRIMARY KEY (id, m), FOREIGN KEY (up_id, up) REFERENCES thing); CREATE TABLE other (id int PRIMARY KEY)
"""
ROWS = """
INSERT INTO thing VALUES (1, 'b', 3, '{a,b}', '(2026-02-03,a)', 'ape', NULL, NULL),
    (1, 'a', 4, NULL, NULL, NULL, 1, 'b'), (2, 'b', NULL, NULL, NULL, NULL, 1, 'a');
INSERT INTO other VALUES (1, 'a'), (2, 'b'), (3, NULL);
"""

pytestmark = pytest.mark.slow


def sql(forwards: str, back: str) -> str:
    return f"migrations.RunSQL({forwards!r}, {back!r}),"


def test_values_of_types_that_are_dropped_return(site: Site) -> None:
    site.shop(
        sql(TYPES, GONE), sql(TABLE, "DROP TABLE thing; DROP TABLE other"),
        sql("ALTER TABLE other ADD how mood", "ALTER TABLE other DROP how"),
    )  # fmt: skip
    site.migrate("-v0")
    site.database.psql(ROWS)
    before = rows(site.database, "thing", "other")
    site.migrate("shop", "zero", "-v0")
    assert one(site.database, "SELECT to_regtype('mood') IS NULL")
    site.migrate("-v0")
    assert rows(site.database, "thing", "other") == before
    assert kept_tables(site.database) == 0


def test_a_table_and_its_type_in_one_operation(site: Site) -> None:
    made = "CREATE TYPE mood AS ENUM ('a'); CREATE TABLE thing (id int PRIMARY KEY, m mood)"
    site.shop(NOTHING, sql(made, "DROP TABLE thing; DROP TYPE mood"))
    site.migrate("-v0")
    site.database.psql("INSERT INTO thing VALUES (1, 'a')")
    site.migrate("shop", "0001", "-v0")
    site.migrate("-v0")
    assert one(site.database, "SELECT m::text FROM thing") == "a"


def test_a_script_releases_types_too(site: Site) -> None:
    made = "CREATE TYPE mood AS ENUM ('a'); CREATE TABLE thing (id int PRIMARY KEY, m mood)"
    site.shop(NOTHING, sql(made, "DROP TABLE thing; DROP TYPE mood"))
    site.migrate("-v0")
    site.database.psql("INSERT INTO thing VALUES (1, 'a')")
    site.database.psql(site.migrate("shop", "0001", "--sql").stdout)
    site.migrate("-v0")
    assert one(site.database, "SELECT m::text FROM thing") == "a"


def test_a_value_that_the_type_has_no_more_stays_kept(site: Site) -> None:
    table = sql("CREATE TABLE thing (id int PRIMARY KEY, m mood)", "DROP TABLE thing")
    site.shop(sql("CREATE TYPE mood AS ENUM ('a', 'b')", "DROP TYPE mood"), table)
    site.migrate("-v0")
    site.database.psql(
        "INSERT INTO thing SELECT g, CASE g WHEN 5 THEN 'b' ELSE 'a' END::mood FROM generate_series(1, 9) g"
    )
    site.migrate("shop", "zero", "-v0")
    site.shop(sql("CREATE TYPE mood AS ENUM ('a')", "DROP TYPE mood"), table)
    assert "1 of what was kept of thing found no place" in site.migrate().stdout
    assert one(site.database, "SELECT count(*) FROM thing") == 8
    assert kept_tables(site.database) == 1


def test_an_extension_that_goes(tmp_path: Path, pg_server_15: PgServer) -> None:
    with fresh(pg_server_15) as database:
        if not one(database, "SELECT count(*) FROM pg_available_extensions WHERE name = 'citext'"):
            loud.skip("citext is not installed")
        database.psql("CREATE TABLE older (id int)")
        site = Site(tmp_path, database).install()
        made = sql("CREATE TABLE thing (id citext PRIMARY KEY, up citext REFERENCES thing)", "DROP TABLE thing")
        site.shop("operations.CITextExtension(),", made)
        site.migrate("-v0")
        database.psql("INSERT INTO thing VALUES ('Aa', 'aa'), ('b', 'AA')")
        before = rows(database, "thing")
        site.migrate("shop", "zero", "-v0")
        assert one(database, "SELECT count(*) FROM pg_extension WHERE extname = 'citext'") == 0
        site.migrate("-v0")
        assert rows(database, "thing") == before
        assert kept_tables(database) == 0
