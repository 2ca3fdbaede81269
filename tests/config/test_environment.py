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
        ("mysql://ann@db.example/shop", "starts with mysql://, and only PostgreSQL is supported. Write postgres://"),
        ("shop", "has no scheme"),
        ("postgres://ann@db.example", "names no database"),
        ("postgres://ann@db.example:port/shop", "is not a port"),
        ("postgres://ann@db.example:99999/shop", "port out of range 0-65535.*a port from 1 to 65535"),
        ("postgres://ann:se#cret@db.example/shop", "Percent-encode special characters"),
        ("postgres://ann:se/cret@db.example/shop", "Percent-encode special characters"),
        ("postgres://ann@[::1/shop", "invalid IPv6 URL"),
        ("postgres://ann@db.example/shop?sslmod=require", 'does not know .*"sslmod"'),
    ],
)
def test_a_bad_database_url_is_refused_without_its_password(url: str, message: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=message) as refused:
        environment.database(url)
    assert "cret" not in str(refused.value)
    assert "se#" not in str(refused.value)


def test_mailer() -> None:
    entry = environment.mailer("smtp+tls://ann:p%40ss@mail.example:587")
    assert entry["BACKEND"].endswith("smtp.EmailBackend")
    expected = {"host": "mail.example", "port": 587, "username": "ann", "password": "p@ss", "use_tls": True}
    assert entry["OPTIONS"] == expected
    assert environment.mailer("consolemail://")["OPTIONS"] == {}
    assert environment.mailer("filemail:////var/mail")["OPTIONS"] == {"file_path": "/var/mail"}


@pytest.mark.parametrize("url", ["nonsense", "smtp://mail.example:port", "smtp://u:se#cret@mail.example:25", "smtp://"])
def test_a_bad_mail_server_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(
        ImproperlyConfigured, match=r"^EMAIL_URL .* Write smtp\+tls://user:password@host:587"
    ) as refused:
        environment.mailer(url)
    assert "cret" not in str(refused.value)


def test_a_variable_is_read_as_its_type(monkeypatch: pytest.MonkeyPatch) -> None:
    env = environment.Environment()
    monkeypatch.setenv("TEPPAN_TEST", " a, b ,,c")
    assert env.list("TEPPAN_TEST") == ["a", "b", "c"]
    for text, expected in (("ON", True), ("1", True), ("no", False), ("False", False)):
        monkeypatch.setenv("TEPPAN_TEST", text)
        assert env.bool("TEPPAN_TEST") is expected
    monkeypatch.setenv("TEPPAN_TEST", "1e3")
    assert env.real("TEPPAN_TEST", default=1) == 1000.0
    assert env.whole("TEPPAN_OTHER", default=7) == 7


def test_a_missing_variable_without_default_is_named() -> None:
    with pytest.raises(ImproperlyConfigured, match="TEPPAN_OTHER is not set"):
        environment.Environment().str("TEPPAN_OTHER")
