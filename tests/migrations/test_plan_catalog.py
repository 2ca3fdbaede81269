"""Migrated databases have exactly the catalog of the plan's SQL, whatever they started from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.migrations.catalog_rows import Catalog, catalog
from tests.support.database import Database, fresh
from tests.support.postgres import PgServer

DATA = Path(__file__).resolve().parents[1] / "data"
LEGACY = ["customers", "bookings", "payments", "payment_methods"]
TABLES = [
    *LEGACY,
    *("locations", "booking_reminders", "recurring_bookings", "deposits", "loyalty_points", "loyalty_transactions"),
    *("roles", "admin_users", "admin_user_roles", "admin_config"),
]
DEPOSITS = "SELECT id, booking_id, amount, currency, status, paid_at, created_at, updated_at FROM deposits ORDER BY id"

pytestmark = pytest.mark.slow


def read(database: Database, tables: list[str] = TABLES) -> Catalog:
    with database.connect() as connection:
        return catalog(connection, tables)


def load_legacy(database: Database, *, bookings: int = 200, deposits: bool = False) -> None:
    database.psql(DATA / "legacy_schema.sql")
    database.psql(f"\\set bookings {bookings}\n" + (DATA / "legacy_data.sql").read_text())
    if deposits:
        database.psql(DATA / "legacy_deposits.sql")


def fetch(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.connect() as connection:
        return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def plan(any_pg_server: PgServer) -> Iterator[Catalog]:
    """What psql makes of the legacy schema and the plan's SQL."""
    with fresh(any_pg_server) as database:
        database.psql(DATA / "legacy_schema.sql")
        database.psql(DATA / "plan_sprints_1_2.sql")
        yield read(database)


@pytest.mark.parametrize("start", ["empty", "legacy", "deposits"])
def test_every_start_ends_at_the_plan(plan: Catalog, any_database: Database, start: str) -> None:
    if start != "empty":
        load_legacy(any_database, deposits=start == "deposits")
    any_database.manage("migrate", "--sprint", "2", "--no-input")
    made = read(any_database)
    assert len(plan.columns) > 120
    assert made.columns == plan.columns
    assert made.indexes == plan.indexes
    assert made.constraints == plan.constraints
    assert made.triggers == plan.triggers == []


def test_legacy_rows_are_kept(any_database: Database) -> None:
    load_legacy(any_database, deposits=True)
    before = fetch(any_database, DEPOSITS)
    assert len(before) == 200
    counted = [f"SELECT count(*), sum(hashtext(id::text)) FROM {table}" for table in LEGACY]
    rows = [fetch(any_database, query) for query in counted]
    any_database.manage("migrate", "--sprint", "2", "--no-input")
    assert fetch(any_database, DEPOSITS) == before
    assert [fetch(any_database, query) for query in counted] == rows
    assert fetch(any_database, "SELECT DISTINCT metadata_json, stripe_payment_method_id FROM deposits") == [({}, None)]


def test_the_seed_is_the_plans(database: Database) -> None:
    database.manage("migrate", "--sprint", "2", "--no-input")
    seeded = fetch(database, "SELECT name, description, permissions_json FROM roles")
    assert seeded == [("superuser", "Full system access", ["*"])]


def test_each_sprint_stops_where_it_ends(database: Database) -> None:
    load_legacy(database)
    before = read(database, LEGACY)
    exists = "SELECT to_regclass('locations'), to_regclass('loyalty_points'), to_regclass('leads')"
    database.manage("migrate", "--sprint", "0", "--no-input")
    assert fetch(database, exists) == [(None, None, "leads")]
    assert read(database, LEGACY) == before
    database.manage("migrate", "--sprint", "1", "--no-input")
    assert fetch(database, exists) == [("locations", None, "leads")]


def test_the_way_back_leaves_the_legacy_database_as_it_was(database: Database) -> None:
    load_legacy(database, deposits=True)
    tables = [*LEGACY, "deposits"]
    before, deposits = read(database, tables), fetch(database, DEPOSITS)
    database.manage("migrate", "--sprint", "2", "--no-input")
    middle = read(database)
    database.manage("migrate", "--back", "all", "--no-input")
    assert read(database, tables) == before
    assert fetch(database, DEPOSITS) == deposits
    left = "SELECT relname FROM pg_class WHERE relname = ANY (%s)"
    with database.connect() as connection:
        gone = connection.execute(left, [sorted({*TABLES, "leads", "booking_overview"} - {*tables})]).fetchall()
    assert gone == []
    database.manage("migrate", "--sprint", "2", "--no-input")
    assert read(database) == middle
