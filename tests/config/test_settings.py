"""The settings as production and development see them, each read in a process of its own."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.support.database import ROOT, Database

SECRET = "9f6c1d7e8b2a4f50a3c4e1b7d6f8a9c0e2b4d6f8a1c3e5f7b9d0c2e4"
PRODUCTION = {
    "DEBUG": "off",
    "SECRET_KEY": SECRET,
    "ALLOWED_HOSTS": "admin.example.com",
}
CODE = (
    "import json; from django.conf import settings as s; print(json.dumps({{name: getattr(s, name) for name in {}}}))"
)


def read(database: Database, *names: str, **env: str) -> dict[str, object]:
    """Return settings as a process with this environment sees them."""
    said = database.manage("shell", "-v0", "-c", CODE.format(list(names)), env=env).stdout
    values: dict[str, object] = json.loads(said)
    return values


def test_production_is_strict(database: Database) -> None:
    found = read(database, "DEBUG", "ALLOWED_HOSTS", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", **PRODUCTION)
    assert found == {
        "DEBUG": False,
        "ALLOWED_HOSTS": ["admin.example.com"],
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
    }


def test_development_needs_nothing(database: Database) -> None:
    found = read(database, "DEBUG", "EMBEDDED_POSTGRES", "SESSION_COOKIE_SECURE")
    assert found == {"DEBUG": True, "EMBEDDED_POSTGRES": False, "SESSION_COOKIE_SECURE": False}


def test_passwords_are_kept_with_argon2(database: Database) -> None:
    env = {name: value for name, value in database.environment().items() if name != "PASSWORD_HASHERS"}
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", CODE.format(["PASSWORD_HASHERS"])]
    said = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout
    assert json.loads(said)["PASSWORD_HASHERS"][0].endswith("Argon2PasswordHasher")


def test_sessions_end_when_the_environment_says(database: Database) -> None:
    found = read(database, "SESSION_COOKIE_AGE", "SESSION_SAVE_EVERY_REQUEST", SESSION_COOKIE_AGE="900")
    assert found == {"SESSION_COOKIE_AGE": 900, "SESSION_SAVE_EVERY_REQUEST": False}


def test_proxies_are_counted_only_where_there_are_some(database: Database) -> None:
    assert read(database, "TRUSTED_PROXIES") == {"TRUSTED_PROXIES": 0}
    assert read(database, "TRUSTED_PROXIES", BEHIND_TLS_PROXY="on") == {"TRUSTED_PROXIES": 1}
    assert read(database, "TRUSTED_PROXIES", BEHIND_TLS_PROXY="on", TRUSTED_PROXIES="2") == {"TRUSTED_PROXIES": 2}


BAD = [
    ("DEBUG", "maybe", "on, true, yes, 1, off, false, no, 0"),
    ("ALLOWED_HOSTS", "https://a.example", "without scheme"),
    ("ALLOWED_HOSTS", "a.example:8000", "without scheme, path and port"),
    ("ALLOWED_HOSTS", ",", "at least one host name"),
    ("CSRF_TRUSTED_ORIGINS", "a.example", "https://example.com"),
    ("CONN_MAX_AGE", "-1", "at least 0"),
    ("CONN_MAX_AGE", "many", "a whole number"),
    ("TIME_ZONE", "Mars/Base", "America/New_York"),
    ("TIME_ZONE", "../etc", "America/New_York"),
    ("DEFAULT_FROM_EMAIL", "nobody", "teppan@example.com"),
    ("SECURE_SSL_REDIRECT", "2", "on, true, yes, 1"),
    ("SECURE_HSTS_SECONDS", "-5", "at least 0"),
    ("SECURE_HSTS_INCLUDE_SUBDOMAINS", "perhaps", "off"),
    ("SECURE_HSTS_PRELOAD", "perhaps", "off"),
    ("SECURE_COOKIES", "perhaps", "off"),
    ("BEHIND_TLS_PROXY", "perhaps", "off"),
    ("TRUSTED_PROXIES", "-1", "at least 0"),
    ("LOGIN_FAILURE_LIMIT", "0", "at least 1"),
    ("LOGIN_FAILURE_LIMIT", "99999999999999999999", "at most"),
    ("LOGIN_COOLOFF_MINUTES", "0", "at least 1"),
    ("LOGIN_COOLOFF_MINUTES", "99999999", "at most"),
    ("SESSION_COOKIE_AGE", "12h", "at least 60"),
    ("SESSION_COOKIE_AGE", "99999999999999999", "at most"),
    ("SESSION_SAVE_EVERY_REQUEST", "perhaps", "off"),
    ("LOG_LEVEL", "loud", "DEBUG, INFO, WARNING, ERROR"),
    ("LIVEMIGRATIONS_LOCK_BUDGET_MS", "0", "at least 1"),
    ("LIVEMIGRATIONS_LOCK_DEADLINE_S", "30s", "a number"),
    ("LIVEMIGRATIONS_LOCK_DEADLINE_S", "nan", "a number"),
    ("LIVEMIGRATIONS_WAIT_TIMEOUT_S", "-1", "at least 0"),
]


@pytest.mark.parametrize(("name", "value", "allowed"), BAD)
def test_a_bad_value_is_refused_with_name_value_and_fix(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, allowed: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured) as refused:
        runpy.run_path(str(ROOT / "config" / "settings.py"))
    said = str(refused.value)
    assert said.startswith(f"{name}={value} is not allowed. Set {name} ")
    assert allowed in said
    assert "\n" not in said


def test_a_bad_value_ends_a_command_with_one_line(database: Database) -> None:
    done = database.manage("check", check=False, env={"TIME_ZONE": "Mars/Base"})
    assert done.returncode == 1
    assert done.stderr.startswith("error: TIME_ZONE=Mars/Base is not allowed.")
    assert len(done.stderr.splitlines()) == 1


def test_an_empty_value_means_the_default(database: Database) -> None:
    empty = {name: "" for name, _, _ in BAD} | {"PASSWORD_HASHERS": "", "STATIC_ROOT": "", "EMAIL_URL": ""}
    assert "no issues" in database.manage("check", env=empty).stdout


def test_password_hashers_that_do_not_exist_are_named(database: Database) -> None:
    done = database.manage("check", check=False, env={"PASSWORD_HASHERS": "nosuch.Hasher"})
    assert done.returncode == 1
    assert "PASSWORD_HASHERS=nosuch.Hasher cannot be imported" in done.stderr


def test_a_secret_key_may_begin_with_a_dollar_sign(database: Database) -> None:
    assert read(database, "SECRET_KEY", SECRET_KEY="$" + SECRET) == {"SECRET_KEY": "$" + SECRET}


def test_static_files_that_cannot_be_written_are_one_line(database: Database, tmp_path: Path) -> None:
    place = tmp_path / "a-file"
    place.touch()
    done = database.manage("collectstatic", "--no-input", check=False, env={"STATIC_ROOT": str(place)})
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: STATIC_ROOT={place} cannot be written")


def test_production_needs_hosts_and_a_server(database: Database) -> None:
    for change, message in (
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS is not set, and DEBUG is off"),
        ({"DATABASE_URL": "embedded"}, "DATABASE_URL=embedded is not allowed while DEBUG is off"),
    ):
        done = database.manage("check", check=False, env=PRODUCTION | change)
        assert done.returncode == 1
        assert message in done.stderr
