"""What SQL sets for the statements behind it, though they run in several transactions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from livemigrations.engine.context import carry, confined
from livemigrations.engine.journal import Operation
from livemigrations.engine.steps import Lane, Step
from livemigrations.engine.units import Part, Unit, sort_of
from tests.livemigrations.site import Site
from tests.support.database import Database

TABLES = """
migrations.RunSQL(\"\"\"
    CREATE TABLE dish (id bigint PRIMARY KEY, note text);
    CREATE TABLE item (id bigint PRIMARY KEY, dish bigint REFERENCES dish DEFERRABLE INITIALLY IMMEDIATE);
    CREATE SCHEMA other;
    INSERT INTO dish SELECT g FROM generate_series(1, 10) g; INSERT INTO item SELECT g, g FROM generate_series(1, 10) g;
\"\"\", ""),
"""


def _steps(*statements: str) -> list[tuple[str, ...]]:
    lanes = {"UPDATE": Lane.BATCH, "VACUUM": Lane.ONLINE}
    steps = [Step(sql, lanes.get(sql.split()[0], Lane.INSTANT), (sql,), unlocked=1) for sql in statements]
    steps = [replace(step, transactional=step.lane != Lane.ONLINE) for step in steps]
    operation = Operation("shop", "0001", 0, "", "")
    parts = [
        Part(operation, "forward", number, confined(step), sort_of(step, from_sql=True))
        for number, step in enumerate(steps)
    ]
    units = [Unit([part]) for part in parts]
    carry(units)
    found = [unit.parts[0].step for unit in units]
    assert all(step.unlocked == len(step.sql) for step in found if step.transactional)
    return [step.sql for step in found]


@pytest.mark.parametrize(
    "sql",
    [
        "SET LOCAL app.who = 'a'",
        "SET CONSTRAINTS ALL DEFERRED",
        "SELECT set_config('app.who', 'a', true)",
    ],
)
def test_what_ends_with_a_transaction_is_given_to_each_later_one(sql: str) -> None:
    assert _steps(sql, "UPDATE a", "VACUUM a", "CREATE TABLE a") == [
        (sql,),
        (sql, "UPDATE a"),
        ("VACUUM a",),
        (sql, "CREATE TABLE a"),
    ]
    assert _steps("UPDATE a", sql) == [("UPDATE a",), (sql,)]


@pytest.mark.parametrize(
    ("sql", "local"),
    [
        ("set search_path = other", "SET LOCAL search_path = other"),
        ("SET SESSION ROLE a", "SET LOCAL ROLE a"),
        ("SET SESSION AUTHORIZATION a", "SET LOCAL SESSION AUTHORIZATION a"),
        (
            "SELECT pg_catalog.set_config('search_path', '', false)",
            "SELECT pg_catalog.set_config('search_path', '', true)",
        ),
    ],
)
def test_whose_rights_and_which_tables_are_never_left_to_the_next_operation(sql: str, local: str) -> None:
    assert _steps(sql, "UPDATE a") == [(local,), ("UPDATE a",)]
    assert _steps(sql) == [(local,)]


@pytest.mark.parametrize(
    "sql",
    [
        "SET work_mem = '1GB'",
        "SET CONSTRAINTS k IMMEDIATE",
        "SELECT set_config('app.who', 'a', false)",
        "SELECT 'SET LOCAL x'",
    ],
)
def test_the_rest_stays_as_it_is(sql: str) -> None:
    assert _steps(sql, "UPDATE a") == [(sql,), ("UPDATE a",)]


@pytest.mark.parametrize(("way", "patience"), [("migrate", "50ms"), ("a script", "5s")])
def test_it_holds_for_its_operation_and_no_longer(site: Site, way: str, patience: str) -> None:
    """As in plain Django, where all of it is one transaction; the engine's books stay within reach."""
    site.shop(
        TABLES,
        """migrations.RunSQL("SET LOCAL app.who = 'me'; UPDATE dish SET note = current_setting('app.who') WHERE id = 1", ""),""",
        """migrations.RunSQL("SET CONSTRAINTS ALL DEFERRED; UPDATE item SET dish = 99 WHERE id = 1; INSERT INTO dish VALUES (99)", ""),""",
        """migrations.RunSQL("CREATE TEMP TABLE chosen ON COMMIT DROP AS SELECT 2 AS id; UPDATE dish SET note = 'temp' WHERE id IN (SELECT id FROM chosen)", ""),""",
        """migrations.RunSQL("SET LOCAL lock_timeout = '9s'; ALTER TABLE dish ADD COLUMN t text DEFAULT current_setting('lock_timeout')", ""),""",
        """migrations.RunSQL("SET search_path = other; CREATE TABLE found (id int); INSERT INTO found VALUES (1)", ""),""",
        """migrations.RunSQL("SELECT set_config('search_path', '', false); CREATE TABLE other.bare (id int)", ""),
        migrations.CreateModel("Plain", [("id", models.BigAutoField(primary_key=True))]),""",
    )
    site.migrate("shop", "0001", "-v0")
    if way == "migrate":
        site.migrate("-v0")
    else:
        site.database.psql(site.migrate("--sql").stdout)
    with site.database.connect() as connection:
        rows = connection.execute("SELECT id, note FROM dish WHERE note IS NOT NULL ORDER BY id").fetchall()
        tables = connection.execute(
            "SELECT relname, relnamespace::regnamespace::text FROM pg_class"
            " WHERE relname IN ('found', 'bare', 'shop_plain') ORDER BY relname"
        ).fetchall()
        [(lock_timeout,)] = connection.execute("SELECT DISTINCT t FROM dish").fetchall()
    assert rows == [(1, "me"), (2, "temp")]
    assert lock_timeout == patience  # who waits for a strong lock for seconds stops everybody behind it
    assert tables == [("bare", "other"), ("found", "other"), ("shop_plain", "public")]


def test_an_empty_database_is_no_exception(tmp_path: Path, database: Database) -> None:
    """Its migrations share a transaction, but those that change what others mean."""
    new = 'migrations.CreateModel("{}", [("id", models.BigAutoField(primary_key=True))]),'
    path = """migrations.RunSQL("CREATE SCHEMA other; SET search_path = other; CREATE TABLE found (id int)", ""),"""
    Site(tmp_path, database).install().shop(new.format("One"), path, new.format("Two")).migrate("-v0")
    with database.connect() as connection:
        found = connection.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relname IN ('found', 'shop_one', 'shop_two') ORDER BY relname"
        ).fetchall()
    assert found == [("other.found",), ("shop_one",), ("shop_two",)]
