"""Addresses become settings."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import environment


@pytest.mark.parametrize(
    ("url", "host", "port", "user", "name"),
    [
        ("postgres://ann:pw@db.example:6543/shop", "db.example", 6543, "ann", "shop"),
        ("postgres:///shop?host=/run/Postgres", "/run/Postgres", "", "", "shop"),
        ("postgresql://ann@/shop?host=/run/pg&port=6543", "/run/pg", "6543", "ann", "shop"),
        ("postgres://ann@%2Frun%2FPostgres/shop", "/run/Postgres", "", "ann", "shop"),
        ("postgres:///?host=/run/pg&dbname=shop&user=ann", "/run/pg", "", "ann", "shop"),
    ],
)
def test_database(url: str, host: str, port: object, user: str, name: str) -> None:
    entry = environment.database(url)
    assert entry["ENGINE"] == "django.db.backends.postgresql"
    assert (entry["HOST"], entry["PORT"], entry["USER"], entry["NAME"]) == (host, port, user, name)
    assert entry["OPTIONS"] == {}


def test_options_of_libpq_stay_options() -> None:
    entry = environment.database("postgres://ann@db.example/shop?sslmode=require")
    assert entry["OPTIONS"] == {"sslmode": "require"}


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://ann@db.example/shop", "starts with mysql: write postgres://"),
        ("shop", "starts with no scheme"),
        ("postgres://ann@db.example", "names no database"),
        ("postgres://ann@db.example:port/shop", "cannot be read"),
    ],
)
def test_what_is_no_database(url: str, message: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=message):
        environment.database(url)


def test_mailer() -> None:
    entry = environment.mailer("smtp+tls://ann:p%40ss@mail.example:587")
    assert entry["BACKEND"].endswith("smtp.EmailBackend")
    expected = {"host": "mail.example", "port": 587, "username": "ann", "password": "p@ss", "use_tls": True}
    assert entry["OPTIONS"] == expected
    assert environment.mailer("consolemail://")["OPTIONS"] == {}
    assert environment.mailer("filemail:////var/mail")["OPTIONS"] == {"file_path": "/var/mail"}


def test_a_variable_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEPPAN_TEST_NUMBER", "many")
    with pytest.raises(ImproperlyConfigured, match=r"TEPPAN_TEST_NUMBER cannot be read .*'many'"):
        environment.Environment().int("TEPPAN_TEST_NUMBER")
    assert environment.Environment().int("TEPPAN_TEST_OTHER", default=7) == 7
