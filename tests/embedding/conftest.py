"""The wheel and the environment with it, made once; a host project for each test module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.embedding.hosts import Host, build_wheel, make_environment
from tests.support.database import Database, fresh
from tests.support.postgres import PgServer


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout."""
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def host_python(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """The Python of an environment that has the wheel and not the checkout."""
    return make_environment(tmp_path_factory.mktemp("host") / "environment", wheel)


@pytest.fixture(scope="module")
def host_database(pg_server: PgServer) -> Iterator[Database]:
    """An empty database of the host."""
    with fresh(pg_server) as made:
        yield made


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, host_python: Path, host_database: Database) -> Host:
    """A new project with the settings of the guide, in which our accounts are the users."""
    return Host.start(tmp_path_factory.mktemp("hosts") / "project", host_python, host_database)
