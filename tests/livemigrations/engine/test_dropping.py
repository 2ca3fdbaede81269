"""A dropped table takes with it what DROP TABLE … CASCADE takes, and brings it back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.livemigrations.site import Site
from tests.support.catalogs import catalog, differences
from tests.support.database import Database, fresh
from tests.support.postgres import PgServer

pytestmark = pytest.mark.slow
DISH = """
migrations.CreateModel("Dish", [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=50))]),
"""
DELETE = 'migrations.DeleteModel("Dish"),'
ROWS = "INSERT INTO shop_dish (name) SELECT 'd' || g FROM generate_series(1, 3000) g;"
# What depends on the table, and on that, by a name for each.
TIED = {
    "function": "CREATE FUNCTION takes(d shop_dish) RETURNS text LANGUAGE sql AS 'SELECT $1.name';",
    "function over rows": "CREATE FUNCTION gives() RETURNS SETOF shop_dish LANGUAGE sql AS 'SELECT * FROM shop_dish';",
    "function over an array": "CREATE FUNCTION many(d shop_dish[]) RETURNS int LANGUAGE sql AS 'SELECT cardinality($1)';",
    "procedure": "CREATE PROCEDURE does(d shop_dish) LANGUAGE sql AS 'SELECT 1';",
    "function with a body": """
        CREATE FUNCTION counts() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM shop_dish; END;""",
    "policy": """CREATE TABLE ext (id int); CREATE POLICY pp ON ext AS RESTRICTIVE FOR UPDATE TO PUBLIC
        USING (EXISTS (SELECT 1 FROM shop_dish)) WITH CHECK (id > 3);""",
    "view": "CREATE VIEW dishes WITH (security_barrier=true) AS SELECT name FROM shop_dish; COMMENT ON VIEW dishes IS 'x';",
    "view of a view": "CREATE VIEW one AS SELECT name FROM shop_dish; CREATE VIEW two AS SELECT name FROM one;",
    "rule": """CREATE TABLE log (n int); CREATE TABLE other (id int);
        CREATE RULE r AS ON INSERT TO other DO ALSO INSERT INTO log SELECT count(*) FROM shop_dish;""",
    "function that a policy calls": """CREATE TABLE ext (id int);
        CREATE FUNCTION takes(d shop_dish) RETURNS bool LANGUAGE sql AS 'SELECT true';
        CREATE POLICY pp ON ext USING (takes(NULL));""",
    "default": """CREATE FUNCTION dish(d shop_dish DEFAULT NULL) RETURNS int LANGUAGE sql AS 'SELECT 1';
        CREATE TABLE ext (id int DEFAULT dish());""",
    "publication": "CREATE PUBLICATION dishes FOR TABLE shop_dish (id, name) WHERE (id > 5);",
    "statistics": "CREATE STATISTICS s ON id, name FROM shop_dish;",
}
SLOW = {
    "foreign key": "CREATE TABLE ext (id bigint REFERENCES shop_dish);",
    "check": """CREATE FUNCTION takes(d shop_dish) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
        CREATE TABLE ext (id int CONSTRAINT c CHECK (takes(NULL)));""",
    "materialized view": "CREATE MATERIALIZED VIEW m AS SELECT name FROM shop_dish; CREATE INDEX mi ON m (name);",
    "index": """CREATE FUNCTION takes(d shop_dish) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
        CREATE TABLE ext (id int); CREATE INDEX i ON ext ((takes(NULL) + id));""",
}
LOST = {
    "column": "CREATE TABLE rowt (id int, d shop_dish); INSERT INTO rowt SELECT 1, d FROM shop_dish d WHERE id = 1;",
    "array column": "CREATE TABLE rowt (id int, d shop_dish[]);",
    "domain": "CREATE DOMAIN dd AS shop_dish;",
    "composite type": "CREATE TYPE both_ AS (n int, d shop_dish);",
    "aggregate": "CREATE FUNCTION f(s shop_dish, d shop_dish) RETURNS shop_dish LANGUAGE sql AS 'SELECT $1';"
    " CREATE AGGREGATE last_dish(shop_dish) (SFUNC = f, STYPE = shop_dish);",
}
PUBLISHED = """
SELECT pubname::text, attnames::text, rowfilter FROM pg_publication_tables WHERE tablename = 'shop_dish'
UNION ALL SELECT polname::text, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid) || polcmd::text FROM pg_policy
UNION ALL SELECT rulename::text, definition, '' FROM pg_rules WHERE schemaname = 'public'
"""


def _site(folder: Path, database: Database, tied: str, *, live: bool = True) -> Site:
    folder.mkdir()
    database.psql("CREATE TABLE older (id int)")
    site = Site(folder, database, live=live).shop(DISH, DELETE).install("shop")
    site.migrate("shop", "0001", "-v0")
    database.psql(ROWS + tied)
    return site


def _everything(database: Database) -> dict[str, str]:
    with database.connect() as connection:
        found = catalog(connection)
        rows = connection.execute(PUBLISHED).fetchall()
        return {**found, **{f"row {row[0]}": str(row[1:]) for row in rows}}


@pytest.mark.parametrize("name", [*TIED, *SLOW])
def test_the_same_goes_as_under_plain_django_and_returns(tmp_path: Path, pg_server: PgServer, name: str) -> None:
    tied = {**TIED, **SLOW}[name]
    with fresh(pg_server) as database:
        site = _site(tmp_path / "plain", database, tied, live=False)
        site.migrate("-v0")
        truth = _everything(database)
    with fresh(pg_server) as database:
        site = _site(tmp_path / "live", database, tied)
        before = _everything(database)
        site.migrate("-v0")
        assert differences(_everything(database), truth) == []
        said = site.migrate("shop", "0001").stdout
        assert _count(database, "shop_dish") == 3000
        if name in SLOW:
            assert "was dropped with the table and is not created again" in said
        elif name != "statistics":
            assert differences(_everything(database), before) == []
        assert _count(database, "livemigrations_kept") == 0


@pytest.mark.parametrize("name", [*TIED, *SLOW])
def test_discarding_drops_nothing_else(tmp_path: Path, database: Database, name: str) -> None:
    site = _site(tmp_path / "live", database, {**TIED, **SLOW}[name])
    site.migrate("-v0")
    before = _everything(database)
    site.manage("migrations", "kept", "--discard", "all", "--no-input")
    assert differences(_everything(database), before) == []
    assert _count(database, "livemigrations_kept") == 0


@pytest.mark.parametrize("name", LOST)
def test_what_nothing_could_restore_is_refused(tmp_path: Path, pg_server: PgServer, name: str) -> None:
    with fresh(pg_server) as database:
        site = _site(tmp_path / "plain", database, LOST[name], live=False)
        site.migrate("-v0")
        truth = _everything(database)
    with fresh(pg_server) as database:
        site = _site(tmp_path / "live", database, LOST[name])
        before = _everything(database)
        planned = site.manage("migrations", "plan", check=False)
        assert planned.returncode == 1
        for said in (site.refused(), planned.stdout, site.refused("--sql")):
            assert "and with it" in said
            assert "Remedy: drop that in a migration before this one (" in said
        assert _everything(database) == before
        site.migrate("-v0", "--discard-data")
        assert differences(_everything(database), truth) == []


@pytest.mark.parametrize("name", ["function", "policy", "view", "foreign key", "column"])
def test_a_drop_without_cascade_fails_as_in_postgresql(tmp_path: Path, database: Database, name: str) -> None:
    database.psql("CREATE TABLE older (id int)")
    site = Site(tmp_path, database).shop(DISH, 'migrations.RunSQL("DROP TABLE shop_dish", "SELECT 1"),').install("shop")
    site.migrate("shop", "0001", "-v0")
    database.psql(ROWS + {**TIED, **SLOW, **LOST}[name])
    before = _everything(database)
    said = site.refused()
    assert "cannot drop table" in said
    assert "because other objects depend on it" in said
    assert _everything(database) == before


def test_what_somebody_builds_on_kept_rows_is_not_dropped_with_them(tmp_path: Path, database: Database) -> None:
    site = _site(tmp_path / "live", database, "")
    site.migrate("-v0")
    with database.connect() as connection:
        [(kept_as,)] = connection.execute("SELECT kept_as FROM livemigrations_kept").fetchall()
    database.psql(f"CREATE VIEW report AS SELECT name FROM rolled_back.{kept_as}")
    done = site.manage("migrations", "kept", "--discard", "all", "--no-input", check=False)
    assert done.returncode == 1
    assert "is needed by view report. Nothing was dropped" in done.stderr
    assert _count(database, "report") == 3000


def _count(database: Database, table: str) -> int:
    return int(database.psql(f"SELECT count(*) FROM {table}"))
