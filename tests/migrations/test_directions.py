"""Back and forth over the legacy database: nothing of it is touched, and the way leads to the same schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from livemigrations.catalog.snapshot import differences
from tests.support import legacy
from tests.support.crashes import assassin, damage
from tests.support.database import Database, fresh
from tests.support.fixtures import Catalog
from tests.support.postgres import PgServer

SPRINT_2 = ("migrate", "--sprint", "2", "--no-input")


@pytest.mark.slow
def test_all_back_and_forth_again(any_pg_server: PgServer, catalog: Catalog) -> None:
    with fresh(any_pg_server) as database:
        legacy.load(database)
        found, rows = catalog(database), legacy.checksums(database)
        with assassin(database) as run:
            assert run.run(*SPRINT_2).code == 0
            once = catalog(database)
            back = run.run("migrate", "--back", "all", "--no-input")
            assert back.code == 0, back.output
            assert differences(catalog(database), found) == []
            assert run.run(*SPRINT_2).code == 0
        assert differences(catalog(database), once) == []
        assert legacy.checksums(database) == rows
        assert damage(database, passages=2) == {}


@pytest.fixture
def with_deposits(pg_server: PgServer) -> Iterator[Database]:
    """A legacy database that has the optional table."""
    with fresh(pg_server) as made:
        yield legacy.load(made, deposits=True)


@pytest.mark.slow
def test_deposits_are_adopted_and_left_as_they_were(
    with_deposits: Database, sprint_2_catalog: dict[str, Any], catalog: Catalog
) -> None:
    found, rows = catalog(with_deposits), legacy.checksums(with_deposits, deposits=True)
    with assassin(with_deposits) as run:
        assert run.run(*SPRINT_2).code == 0
        _same_columns(catalog(with_deposits), sprint_2_catalog)
        assert legacy.checksums(with_deposits, deposits=True) == rows
        assert run.run("migrate", "--back", "all", "--no-input").code == 0
        assert differences(catalog(with_deposits), found) == []
        assert legacy.checksums(with_deposits, deposits=True) == rows
        assert run.run(*SPRINT_2).code == 0
    _same_columns(catalog(with_deposits), sprint_2_catalog)
    assert legacy.checksums(with_deposits, deposits=True) == rows


def _same_columns(one: dict[str, Any], other: dict[str, Any]) -> None:
    for part in ("columns", "indexes", "triggers"):
        here, there = (state["relations"]["deposits"][part] for state in (one, other))
        assert differences(here, there) == []


@pytest.mark.slow
def test_deposits_created_here_go_with_their_migration(
    legacy_database: Database, legacy_template: Database, catalog: Catalog
) -> None:
    with assassin(legacy_database) as run:
        assert run.run(*SPRINT_2).code == 0
        assert "deposits" in catalog(legacy_database)["relations"]
        assert run.run("migrate", "--back", "all", "--no-input").code == 0
    assert differences(catalog(legacy_database), catalog(legacy_template)) == []


def _recorded(database: Database) -> list[str]:
    with database.connect() as connection:
        return [
            f"{row[0]}.{row[1]}"
            for row in connection.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()
        ]


@pytest.mark.slow
def test_some_steps_from_here(legacy_database: Database, sprint_2_catalog: dict[str, Any], catalog: Catalog) -> None:
    with assassin(legacy_database) as run:
        assert run.run("migrate", "--forward", "3").code == 0
        assert len(_recorded(legacy_database)) == 3
        assert run.run("migrate", "--forward", "2").code == 0
        five = _recorded(legacy_database)
        assert len(five) == 5
        assert run.run("migrate", "--back", "1").code == 0
        assert _recorded(legacy_database) == five[:4]
        for sprint in ("1", "2", "0", "2"):
            end = run.run("migrate", "--sprint", sprint, "--no-input")
            assert end.code == 0, end.output
            names = [name for name in _recorded(legacy_database) if "_s0" in name]
            assert max(name.split("_s")[1][:2] for name in names) == f"0{sprint}"
        assert run.run("migrate", "--sprint", "77").code == 1
    assert differences(catalog(legacy_database), sprint_2_catalog) == []
