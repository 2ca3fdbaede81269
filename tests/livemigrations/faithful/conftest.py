"""Fixtures of these tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.livemigrations.faithful.twins import Twins, twins
from tests.support.postgres import PgServer


@pytest.fixture
def pair(tmp_path: Path, pg_server: PgServer) -> Iterator[Twins]:
    """Plain Django and the engine, each with its own copy of a populated database."""
    with twins(pg_server, tmp_path) as made:
        yield made
