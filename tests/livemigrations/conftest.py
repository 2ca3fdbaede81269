"""Fixtures of the engine's tests: throw-away projects and a Django connection of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from pytest_django.plugin import DjangoDbBlocker

from tests.livemigrations.site import Site, settings_for
from tests.support.database import Database


@pytest.fixture
def site(tmp_path: Path, database: Database) -> Site:
    """A project on a fresh database that is not empty, with nothing but the engine installed."""
    with database.connect() as connection:
        connection.execute("CREATE TABLE older (id int)")
    return Site(tmp_path, database).install()


@pytest.fixture
def any_site(tmp_path: Path, any_database: Database) -> Site:
    """The same on each supported version of PostgreSQL."""
    with any_database.connect() as connection:
        connection.execute("CREATE TABLE older (id int)")
    return Site(tmp_path, any_database).install()


@pytest.fixture
def connection(database: Database, django_db_blocker: DjangoDbBlocker) -> Iterator[BaseDatabaseWrapper]:
    """Django's connection to a fresh database, outside of the project's own."""
    made = connections["default"].copy(alias="own")
    made.settings_dict = settings_for(database)
    with django_db_blocker.unblock():
        connections["own"] = made
        try:
            # As in a run, before other threads connect: django.contrib.postgres looks up types of a new connection by
            # its alias, once, and other threads do not know this one.
            made.ensure_connection()
            yield made
        finally:
            made.close()
            del connections["own"]
