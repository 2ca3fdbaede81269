"""The whole project, migrated by a role that owns its tables and may nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from livemigrations.catalog.snapshot import differences
from tests.support.database import Database
from tests.support.fixtures import Catalog
from tests.support.roles import role


@pytest.mark.slow
def test_whole_project_as_an_ordinary_role(
    legacy_database: Database, catalog: Catalog, sprint_2_catalog: dict[str, Any]
) -> None:
    """Up to Sprint 2, back and up again, by the owner of the legacy tables and of nothing else."""
    with role(legacy_database, owns=True) as name:
        with legacy_database.connect() as connection:
            row = connection.execute("SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = %s", [name]).fetchone()
            assert row == (False, False)
        url = legacy_database.url.replace("postgres://teppan@", f"postgres://{name.replace(' ', '%20')}@")
        assert url != legacy_database.url
        env = {"DATABASE_URL": url}
        legacy_database.manage("migrate", "--sprint", "2", "--no-input", "-v0", env=env)
        assert differences(sprint_2_catalog, catalog(legacy_database)) == []
        legacy_database.manage("migrate", "--no-input", "-v0", env=env)
        with legacy_database.connect() as connection:
            owners = connection.execute(
                "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
            ).fetchall()
            assert owners == [(name,)]
