"""Fixtures of these tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.livemigrations.faithful.twins import Twins, twins
from tests.support.postgres import PgServer
from tests.support.sampling import ALL_CRASHES, sample

HERE = Path(__file__).parent
CASES = 4  # of each test, in `make test`


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep a sample of each test's cases; ``make crashtest`` runs all of them."""
    cases: dict[str, list[pytest.Item]] = {}
    for item in items:
        if HERE in item.path.parents:
            cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    kept = {id(item) for name, found in cases.items() for item in sample(name, found, CASES, complete=ALL_CRASHES)}
    left_out = [item for found in cases.values() for item in found if id(item) not in kept]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        gone = set(map(id, left_out))
        items[:] = [item for item in items if id(item) not in gone]


@pytest.fixture
def pair(tmp_path: Path, pg_server: PgServer) -> Iterator[Twins]:
    """Plain Django and the engine, each with its own copy of a populated database."""
    with twins(pg_server, tmp_path) as made:
        yield made
