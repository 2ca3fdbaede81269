"""Addresses for client programs: everything that the connection knows, and no secret in sight."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.conninfo import conninfo_to_dict
from pytest_django.plugin import DjangoDbBlocker

from livemigrations.catalog.relations import fetch
from livemigrations.errors import LiveMigrationError
from livemigrations.pgtools.addresses import beside, conninfo, database_name, environment, role
from tests.support.database import Database


def wrapper(**settings: Any) -> BaseDatabaseWrapper:
    made = connections["default"].copy(alias="away")
    made.settings_dict.update(HOST="", PORT="", USER="", PASSWORD="", NAME="shop", OPTIONS={})
    made.settings_dict.update(settings)
    return made


def test_everything_but_the_password_is_in_the_string() -> None:
    made = wrapper(
        HOST="db.example", PORT="6432", USER="o'brien", PASSWORD="secret",
        OPTIONS={"sslmode": "verify-full", "sslrootcert": "/etc/ca.pem", "options": "-c search_path=app,public",
                 "assume_role": "owner", "pool": True, "server_side_binding": True, "keepalives_idle": 30},
    )  # fmt: skip
    assert conninfo_to_dict(conninfo(made, "a 'b=")) == {
        "host": "db.example", "port": "6432", "user": "o'brien", "dbname": "a 'b=", "sslmode": "verify-full",
        "sslrootcert": "/etc/ca.pem", "options": "-c search_path=app,public", "keepalives_idle": "30",
    }  # fmt: skip
    assert environment(made)["PGPASSWORD"] == "secret"
    assert role(made) == "owner"


def test_other_secrets_are_refused_and_not_shown() -> None:
    with pytest.raises(LiveMigrationError, match=r"name sslpassword.*service file") as caught:
        conninfo(wrapper(OPTIONS={"sslpassword": "hush"}))
    assert "hush" not in str(caught.value)


@pytest.fixture
def by_service(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, django_db_blocker: DjangoDbBlocker
) -> Iterator[BaseDatabaseWrapper]:
    """A connection whose address is in a service file."""
    (tmp_path / "services").write_text(
        f"[shop]\nhost={database.server.home}\nport=5432\nuser=teppan\ndbname={database.name}\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    connections["away"] = made = wrapper(NAME="", OPTIONS={"service": "shop"})
    with django_db_blocker.unblock():
        yield made
        made.close()
    del connections["away"]


def test_a_service_file(by_service: BaseDatabaseWrapper, database: Database) -> None:
    assert database_name(by_service) == database.name
    assert conninfo_to_dict(conninfo(by_service)) == {"service": "shop", "dbname": database.name}
    other = beside(by_service, "postgres")
    assert fetch(other, "SELECT current_database(), current_user") == [("postgres", "teppan")]
    other.close()
