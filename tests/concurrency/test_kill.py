"""SIGKILL after any statement and at any moment, any number of times."""

from __future__ import annotations

import random
from typing import Any

import pytest

from livemigrations.catalog.snapshot import differences
from tests.support import legacy
from tests.support.crashes import KILLED, assassin, damage
from tests.support.database import Database
from tests.support.fixtures import Catalog
from tests.support.sampling import ALL_CRASHES, sample, seed

_FIRST = seed() if not ALL_CRASHES else 1
SEEDS = [(_FIRST + more, lives) for more in range(8 if ALL_CRASHES else 1) for lives in ((18, 45), (30, 150))]
STATEMENTS = sample("turned round", range(20, 185, 5), 3, complete=ALL_CRASHES)
SPRINT_2 = ("migrate", "--sprint", "2", "--no-input")
BACK = ("migrate", "--back", "all", "--no-input")


def _seeds(database: Database) -> list[tuple[Any, ...]]:
    with database.connect() as connection:
        return connection.execute(
            "SELECT 'config', config_key, config_value FROM admin_config"
            " UNION ALL SELECT 'seed', relation, key::text FROM livemigrations_seed ORDER BY 1, 2, 3"
        ).fetchall()


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "lives"), SEEDS)
def test_killed_after_any_statement_until_done(
    legacy_database: Database,
    sprint_2: Database,
    sprint_2_catalog: dict[str, Any],
    catalog: Catalog,
    seed: int,
    lives: tuple[int, int],
) -> None:
    before = legacy.checksums(legacy_database)
    with assassin(legacy_database) as run:
        died = run.until_done(*SPRINT_2, seed=seed, lives=lives)
    assert died >= 150 // lives[1]
    assert differences(catalog(legacy_database), sprint_2_catalog) == []
    assert damage(legacy_database) == {}
    assert legacy.checksums(legacy_database) == before
    assert _seeds(legacy_database) == _seeds(sprint_2)


@pytest.mark.slow
def test_killed_at_any_moment(legacy_database: Database, sprint_2_catalog: dict[str, Any], catalog: Catalog) -> None:
    draw = random.Random(4)
    with assassin(legacy_database) as run:
        deaths = [run.run(*SPRINT_2, seconds=draw.uniform(0.15, 0.7)).code for _ in range(12)]
        end = run.run(*SPRINT_2)
    assert KILLED in deaths
    assert end.code == 0, end.output
    assert differences(catalog(legacy_database), sprint_2_catalog) == []
    assert damage(legacy_database) == {}


@pytest.mark.slow
def test_killed_on_the_way_back(
    legacy_database: Database, legacy_template: Database, sprint_2_catalog: dict[str, Any], catalog: Catalog
) -> None:
    with assassin(legacy_database) as run:
        assert run.run(*SPRINT_2).code == 0
        assert run.until_done(*BACK, seed=_FIRST + 5, lives=(18, 80)) >= 1
        assert differences(catalog(legacy_database), catalog(legacy_template)) == []
        assert damage(legacy_database) == {}
        assert run.run(*SPRINT_2).code == 0
    assert differences(catalog(legacy_database), sprint_2_catalog) == []
    assert damage(legacy_database, passages=2) == {}


@pytest.mark.slow
@pytest.mark.parametrize("statements", STATEMENTS)
def test_killed_and_turned_round(
    legacy_database: Database,
    legacy_template: Database,
    sprint_2_catalog: dict[str, Any],
    catalog: Catalog,
    statements: int,
) -> None:
    before = legacy.checksums(legacy_database)
    with assassin(legacy_database) as run:
        run.run(*SPRINT_2, statements=statements)
        back = run.run(*BACK)
        assert back.code == 0, back.output
        assert differences(catalog(legacy_database), catalog(legacy_template)) == []
        assert run.run(*SPRINT_2).code == 0
        run.run(*BACK, statements=statements)
        forward = run.run(*SPRINT_2)
        assert forward.code == 0, forward.output
    assert differences(catalog(legacy_database), sprint_2_catalog) == []
    assert damage(legacy_database, passages=3) == {}
    assert legacy.checksums(legacy_database) == before


@pytest.mark.slow
def test_killed_on_an_empty_database(database: Database, new_catalog: dict[str, Any], catalog: Catalog) -> None:
    with assassin(database) as run:
        deaths = [run.run(*SPRINT_2, statements=statements).code for statements in (2, 5, 9, 20, 60)]
        deaths += [run.run(*SPRINT_2, seconds=seconds).code for seconds in (0.1, 0.2, 0.3)]
        end = run.run(*SPRINT_2)
    assert deaths.count(KILLED) >= 5
    assert end.code == 0, end.output
    assert differences(catalog(database), new_catalog) == []
    assert damage(database) == {}
