"""Fixtures shared by the tests of crashes, races and directions: legacy databases and catalogs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import django
import pytest
from django.db import connections
from pytest_django.plugin import DjangoDbBlocker

from config.environment import database as settings_of
from livemigrations.catalog.snapshot import snapshot
from tests.support import legacy, templates
from tests.support.database import Database, fresh
from tests.support.postgres import PgServer

Catalog = Callable[[Database], dict[str, Any]]


@pytest.fixture(scope="session")
def catalog(django_db_blocker: DjangoDbBlocker) -> Catalog:
    """A function that reads the schema of a database by definition."""

    def read(database: Database) -> dict[str, Any]:
        django.setup()
        alone = connections["default"].copy(alias=database.name)
        alone.settings_dict = {**alone.settings_dict, **settings_of(database.url)}
        with django_db_blocker.unblock():
            connections[database.name] = alone
            try:
                return snapshot(alone)
            finally:
                alone.close()
                del connections[database.name]

    return read


@pytest.fixture(scope="session")
def legacy_template(pg_server: PgServer) -> Iterator[Database]:
    """A legacy database to compare with and to copy."""
    with fresh(pg_server, templates.legacy_schema(pg_server)) as made:
        yield made


@pytest.fixture
def legacy_database(pg_server: PgServer) -> Iterator[Database]:
    """A legacy database of the test's own, large enough that its tables count as populated."""
    with fresh(pg_server, templates.legacy_schema(pg_server)) as made:
        yield made


@pytest.fixture(scope="session")
def sprint_2(pg_server: PgServer) -> Iterator[Database]:
    """The legacy database after an undisturbed migrate to Sprint 2."""

    def make(made: Database) -> None:
        legacy.load(made).manage("migrate", "--sprint", "2", "--no-input")

    with fresh(pg_server, templates.template(pg_server, "legacy_sprint_2", make)) as made:
        yield made


@pytest.fixture(scope="session")
def sprint_2_catalog(sprint_2: Database, catalog: Catalog) -> dict[str, Any]:
    """What every way to Sprint 2 must lead to."""
    return catalog(sprint_2)


@pytest.fixture(scope="session")
def new_catalog(pg_server: PgServer, catalog: Catalog) -> Iterator[dict[str, Any]]:
    """What every way from an empty database to Sprint 2 must lead to: as adopted, but for the names of keys."""

    def make(made: Database) -> None:
        made.manage("migrate", "--sprint", "2", "--no-input")

    with fresh(pg_server, templates.template(pg_server, "sprint_2", make)) as made:
        yield catalog(made)
