"""The rule about the role ``superuser`` comes with its migration and goes when that is reversed."""

from __future__ import annotations

import psycopg
import pytest

from tests.support.database import Database

RENAME = "UPDATE roles SET name = %s WHERE name = %s"


@pytest.mark.slow
def test_the_rule_can_be_reversed_and_applied_again(database: Database) -> None:
    database.manage("migrate", "--no-input", "adminpanel", "0007")
    with database.connect() as connection, pytest.raises(psycopg.errors.CheckViolation) as refused:
        connection.execute(RENAME, ["renamed", "superuser"])
    assert refused.value.diag.constraint_name == "roles_superuser_protected"
    database.manage("migrate", "--no-input", "adminpanel", "0006")
    with database.connect() as connection:
        assert connection.execute(RENAME, ["renamed", "superuser"]).rowcount == 1
        assert connection.execute(RENAME, ["superuser", "renamed"]).rowcount == 1
        assert connection.execute("SELECT to_regproc('roles_superuser_protected')").fetchone() == (None,)
    database.manage("migrate", "--no-input", "adminpanel", "0007")
    with database.connect() as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute("DELETE FROM roles")
