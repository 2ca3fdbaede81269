"""The settings as production and development see them, each read in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.support.database import ROOT, Database

SECRET = "9f6c1d7e8b2a4f50a3c4e1b7d6f8a9c0e2b4d6f8a1c3e5f7b9d0c2e4"
PRODUCTION = {
    "DEBUG": "off",
    "SECRET_KEY": SECRET,
    "ALLOWED_HOSTS": "admin.example.com",
    "SECURE_HSTS_INCLUDE_SUBDOMAINS": "on",
    "SECURE_HSTS_PRELOAD": "on",
}
CODE = (
    "import json; from django.conf import settings as s; print(json.dumps({{name: getattr(s, name) for name in {}}}))"
)


def read(database: Database, *names: str, **env: str) -> dict[str, object]:
    """Return settings as a process with this environment sees them."""
    said = database.manage("shell", "-v0", "-c", CODE.format(list(names)), env=env).stdout
    values: dict[str, object] = json.loads(said)
    return values


def test_production_passes_the_deployment_check(database: Database) -> None:
    done = database.manage("check", "--deploy", "--fail-level", "WARNING", env=PRODUCTION)
    assert "no issues" in done.stdout


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
