"""Fixtures of all tests: throw-away servers and databases, made before Django reads its settings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import django
import pytest

from config.embedded import binaries
from tests.support import loud, postgres, processes, sampling
from tests.support.database import Database, fresh
from tests.support.postgres import MAJORS, Fleet, PgServer

FLEET = "TEPPAN_TEST_FLEET"
NEW_INTERPRETERS = ("tests/config/test_launch.py", "tests/adminpanel/test_up.py", "tests/embedding/")
FAST = "fast"
NOT_FAST = {
    *("slow", "browser", "postgres_matrix"),  # markers
    *("database", "any_database", "pg_server_15", "pg_server_16", "any_pg_server"),  # fixtures
}
IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ

processes.interrupt_by_default()
sampling.seed()  # before workers start, so that all collect the same cases
postgres.clean_environment()
if IS_WORKER:
    fleet = Fleet(Path(os.environ[FLEET]))
else:
    fleet = Fleet.create()
    os.environ[FLEET] = str(fleet.root)
NEWEST = postgres.newest()
os.environ["DATABASE_URL"] = PgServer(fleet.home(NEWEST), binaries.find(NEWEST)).url("teppan")
os.environ["PASSWORD_HASHERS"] = "django.contrib.auth.hashers.MD5PasswordHasher"
os.environ["TEPPAN_DEBUG_DEFAULT"] = "on"
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ.pop("DEBUG", None)
django.setup()  # so that the conftest of a folder may import models even when only that folder is run


def pytest_configure(config: pytest.Config) -> None:
    """Start every version's server for the workers, who cannot own what the others use."""
    if not IS_WORKER and config.getoption("numprocesses", None) and not config.option.collectonly:
        for major in [NEWEST] if config.option.markexpr == FAST else filter(postgres.is_installed, MAJORS):
            fleet.server(major)


def pytest_report_header() -> str:
    """Say how to repeat the samples of this run."""
    return sampling.line()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of ``make test-fast``: those that are not slow and make no database or server of their own."""
    for item in items:
        traits = {*getattr(item, "fixturenames", ()), *(mark.name for mark in item.iter_markers())}
        if traits.isdisjoint(NOT_FAST):
            item.add_marker(FAST)


def pytest_unconfigure() -> None:
    """End the servers that this process started."""
    processes.stop_server()
    fleet.stop()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what could not be tested on this machine."""
    for line in loud.lines(terminalreporter):
        terminalreporter.write_line(line, yellow=True, bold=True)


@pytest.fixture(autouse=True)
def _processes(request: pytest.FixtureRequest) -> Iterator[None]:
    """Kill the processes that a test, failed or not, has left running; those of wider fixtures were started before it.

    The tests of NEW_INTERPRETERS never get a forked process, so that the command line is proved as users start it.
    """
    count = processes.started()
    with processes.new_interpreters() if request.node.nodeid.startswith(NEW_INTERPRETERS) else nullcontext():
        yield
    processes.end_since(count)


def _server(major: int) -> PgServer:
    if not postgres.is_installed(major):
        loud.skip(f"PostgreSQL {major} is not installed")
    return fleet.server(major)


@pytest.fixture(scope="session")
def pg_server() -> PgServer:
    """The newest server that there is, which also holds pytest-django's test database."""
    return fleet.server(NEWEST)


@pytest.fixture(scope="session")
def pg_server_16() -> PgServer:
    """A server of version 16."""
    return _server(16)


@pytest.fixture(scope="session")
def pg_server_15() -> PgServer:
    """A server of version 15, from the system's packages."""
    return _server(15)


@pytest.fixture(
    scope="session",
    params=[pytest.param(major, id=f"pg{major}", marks=pytest.mark.postgres_matrix) for major in MAJORS],
)
def any_pg_server(request: pytest.FixtureRequest) -> PgServer:
    """A server of each supported version, one after the other."""
    return _server(request.param)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(pg_server: PgServer, django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Have the server run before pytest-django makes its test database on it."""


@pytest.fixture
def database(pg_server: PgServer) -> Iterator[Database]:
    """A fresh, empty database on the newest server."""
    with fresh(pg_server) as made:
        yield made


@pytest.fixture
def any_database(any_pg_server: PgServer) -> Iterator[Database]:
    """A fresh, empty database on each supported version, one after the other."""
    with fresh(any_pg_server) as made:
        yield made
