"""Staff fill the tables of Sprint 2; the way back and forth again returns every value, also when it is killed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support import legacy
from tests.support.crashes import assassin, damage
from tests.support.database import Database, fresh
from tests.support.fixtures import Catalog
from tests.support.postgres import PgServer

SPRINT = ("migrate", "--no-input", "--sprint")
DEMO = "from adminpanel.demo import load_demo; from django.utils import timezone; print(load_demo(at=timezone.now()))"
CHANGED = """
UPDATE admin_config SET config_value = '"EUR"' WHERE config_key = 'bookings.currency';
UPDATE roles SET description = 'changed by staff' WHERE name = (SELECT min(name) FROM roles);
DELETE FROM admin_config WHERE config_key = 'reminders.enabled';
"""
FILLED = """
INSERT INTO locations (name, address_street, address_city, address_state, address_zip)
SELECT 'Place ' || g, g || ' Main St', 'Reno', 'NV', '8950' || g FROM generate_series(1, 5) g;
UPDATE bookings b SET location_id = l.id FROM locations l WHERE l.name = 'Place ' || (1 + abs(hashtext(b.id::text)) % 5);
"""


def contents(database: Database) -> dict[str, Any]:
    """Every row of every table of the schema but the books."""
    with database.connect() as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'livemigrations%'"
            " AND tablename NOT LIKE 'django_m%' ORDER BY 1"
        ).fetchall()
        return {
            name: sorted(json.dumps(row[0]) for row in connection.execute(f'SELECT to_jsonb(t) FROM "{name}" t'))
            for (name,) in tables
        }


def in_the_cellar(database: Database) -> list[Any]:
    with database.connect() as connection:
        return connection.execute("SELECT kept_as, rows FROM livemigrations_kept").fetchall()


@pytest.mark.slow
@pytest.mark.postgres_matrix
def test_every_value_returns(any_pg_server: PgServer, catalog: Catalog) -> None:
    with fresh(any_pg_server) as database:
        database.manage(*SPRINT, "2")
        assert database.manage("shell", "-v0", "-c", DEMO).stdout.strip() == "True"
        database.psql(CHANGED)
        before, schema = contents(database), catalog(database)
        assert sum(map(len, before.values())) > 1000
        database.manage(*SPRINT, "0")
        assert "locations" not in contents(database)
        assert len(in_the_cellar(database)) > 8
        database.manage(*SPRINT, "2")
        after = contents(database)
        gone = after.pop("admin_config")
        assert set(before.pop("admin_config")) <= set(gone), (
            "the setting that staff deleted is seeded anew, others stay"
        )
        assert after == before
        assert catalog(database) == schema
        assert in_the_cellar(database) == []


@pytest.mark.slow
def test_every_value_of_an_old_installation_returns(legacy_database: Database) -> None:
    rows = legacy.checksums(legacy_database)
    legacy_database.manage(*SPRINT, "2")
    legacy_database.psql(FILLED)
    before = contents(legacy_database)
    with assassin(legacy_database) as run:
        died = run.until_done(*SPRINT, "0", seed=7, lives=(5, 40))
        assert legacy.checksums(legacy_database) == rows
        died += run.until_done(*SPRINT, "2", seed=8, lives=(5, 40))
    assert died > 8
    assert contents(legacy_database) == before
    assert in_the_cellar(legacy_database) == []
    assert damage(legacy_database, passages=2) == {}
