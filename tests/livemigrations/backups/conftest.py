"""A small shop to back up, and what restores leave beside it cleared away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from pytest_django.plugin import DjangoDbBlocker

from tests.livemigrations.backups.shop import Shop
from tests.livemigrations.site import Site, settings_for
from tests.support.database import Database

ALIAS = "shop"


Open = Callable[[Database], Shop]


@pytest.fixture
def open_shop(tmp_path: Path, settings: Any, django_db_blocker: DjangoDbBlocker) -> Iterator[Open]:
    """A function that makes a shop of a database."""
    settings.LIVEMIGRATIONS_BACKUP_FOLDER = tmp_path / "backups"
    made: list[Shop] = []

    def open_shop(database: Database) -> Shop:
        connections[ALIAS] = connection = connections["default"].copy(alias=ALIAS)
        connection.settings_dict = settings_for(database)
        handler: Any = connections
        handler.settings[ALIAS] = connection.settings_dict
        shop = Shop(Site(tmp_path, database).install(), connection)
        shop.fill()
        made.append(shop)
        return shop

    with django_db_blocker.unblock():
        yield open_shop
        for shop in made:
            shop.clear()
            del connections[ALIAS]
            handler: Any = connections
            del handler.settings[ALIAS]


@pytest.fixture
def shop(database: Database, open_shop: Open) -> Shop:
    """A project on a database with two tables of rows, on the newest server."""
    return open_shop(database)


@pytest.fixture
def any_shop(any_database: Database, open_shop: Open) -> Shop:
    """The same on each supported version."""
    return open_shop(any_database)
