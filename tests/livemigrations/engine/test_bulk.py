"""A database without any table, which is migrated in one transaction: what a failure tells and leaves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.livemigrations.site import Site
from tests.support.database import Database

MADE = 'migrations.CreateModel("{name}", [("id", models.BigAutoField(primary_key=True))]),'
WRONG = (
    'migrations.CreateModel("Far", [("id", models.BigAutoField(primary_key=True))], {"db_table": \'"far"."away"\'}),'
)


@pytest.fixture
def empty(tmp_path: Path, database: Database) -> Site:
    return Site(tmp_path, database).install().shop(MADE.format(name="Thing"), MADE.format(name="Part"), WRONG)


def test_a_failure_says_what_goes_with_it(empty: Site) -> None:
    done = empty.migrate("--json", check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    said = json.loads(done.stdout)
    assert said["applied"] == []
    assert 'shop.0003_step\n  schema "far" does not exist' in said["error"]
    assert "SQLSTATE 3F000. Remedy: make the schema that the message names" in said["error"]
    assert "nor of the 2 before it, from shop.0001_step on: they shared its transaction." in said["error"]
    assert empty.manage("migrations", "history").stdout == "Nothing is applied.\n"
    empty.database.psql("CREATE SCHEMA far;")
    assert json.loads(empty.migrate("--json").stdout)["applied"] == [f"shop.000{n}_step" for n in (1, 2, 3)]


def test_only_what_was_committed_is_taken_back(empty: Site) -> None:
    said = empty.refused("--rollback-on-failure")
    assert "RolledBack" in said
    assert "Unapplying shop.0002_step" not in said
    assert empty.database.psql("SELECT count(*) FROM django_migrations").strip() == "0"
