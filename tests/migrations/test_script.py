"""``migrate --sql``: the script that psql runs leads where migrate leads, whole or broken off."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from livemigrations.catalog.snapshot import differences
from tests.support.crashes import assassin, damage
from tests.support.database import Database, fresh
from tests.support.fixtures import Catalog
from tests.support.postgres import PgServer

SPRINT_2 = ("migrate", "--sprint", "2")


@pytest.fixture(scope="module")
def script(pg_server: PgServer, legacy_template: Database) -> Iterator[str]:
    """The script for the legacy database; writing it changes nothing there."""
    with fresh(pg_server, legacy_template.name) as database:
        text = database.manage(*SPRINT_2, "--sql").stdout
        with database.connect() as connection:
            assert connection.execute("SELECT to_regclass('django_migrations')").fetchone() == (None,)
        yield text


def _psql(database: Database, text: str) -> int:
    command: list[str | Path] = [database.server.bin("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database.url]
    return subprocess.run(command, input=text, text=True, capture_output=True, check=False).returncode


@pytest.mark.slow
def test_the_script_equals_the_run(
    legacy_database: Database, script: str, sprint_2_catalog: dict[str, Any], catalog: Catalog
) -> None:
    assert _psql(legacy_database, script) == 0
    assert differences(catalog(legacy_database), sprint_2_catalog) == []
    assert damage(legacy_database) == {}
    with assassin(legacy_database) as run:
        assert run.run(*SPRINT_2, "--check").code == 0
        assert run.run("migrate", "--back", "all", "--no-input").code == 0


@pytest.mark.slow
def test_the_script_for_an_empty_database(database: Database, new_catalog: dict[str, Any], catalog: Catalog) -> None:
    assert _psql(database, database.manage(*SPRINT_2, "--sql").stdout) == 0
    assert differences(catalog(database), new_catalog) == []
    assert damage(database) == {}


@pytest.mark.slow
@pytest.mark.parametrize("part", [0.15, 0.4, 0.6, 0.85])
def test_migrate_goes_on_where_the_script_broke_off(
    legacy_database: Database, script: str, sprint_2_catalog: dict[str, Any], catalog: Catalog, part: float
) -> None:
    lines = script.splitlines()
    at = int(len(lines) * part)
    while not lines[at].startswith("UPDATE livemigrations_step SET state = 'done'"):
        at += 1
    broken = "\n".join([*lines[:at], "SELECT 1 / 0;", *lines[at:]])
    assert _psql(legacy_database, broken) == 3
    with assassin(legacy_database) as run:
        end = run.run("migrate", "--sprint", "2", "--no-input")
    assert end.code == 0, end.output
    assert differences(catalog(legacy_database), sprint_2_catalog) == []
    assert damage(legacy_database) == {}
