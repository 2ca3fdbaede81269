"""The command line: what it says when there is no database, and when it starts one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import NotSupportedError, OperationalError

from config import launch
from tests.support import embedded
from tests.support.database import ROOT, Database

PROBE = ("shell", "-v0", "-c", "from django.db import connection; connection.ensure_connection()")


def refused(database: Database, url: str, *arguments: str, **env: str) -> str:
    """Run a command that has to fail in plain words; return them."""
    done = database.manage(*(arguments or PROBE), check=False, env={"DATABASE_URL": url, **env})
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def test_unreachable_server(database: Database) -> None:
    said = refused(database, "postgres://ann:tell-nobody@127.0.0.1:9/shop")
    assert "shop on 127.0.0.1:9 (user ann) cannot be reached" in said
    assert "DATABASE_URL" in said
    assert "tell-nobody" not in said


def test_missing_database(database: Database) -> None:
    said = refused(database, database.server.url("not_there"))
    assert "not_there" in said
    assert "createdb" in said


def test_refused_user(database: Database) -> None:
    said = refused(database, database.url.replace("teppan@", "stranger@"))
    assert "user stranger" in said
    assert "createuser" in said


def test_database_url_of_another_kind(database: Database) -> None:
    assert "Write postgres://" in refused(database, "mysql://ann@127.0.0.1/shop")


def test_production_refuses_the_embedded_server(database: Database) -> None:
    with embedded.home() as home:
        place = {"DEBUG": "off", "SECRET_KEY": "x" * 50, "TEPPAN_PGDATA": str(home.places.home)}
        said = refused(database, "", "check", **place)
        assert "DATABASE_URL is not set, and DEBUG is off" in said
        assert not home.places.home.exists()


def test_production_needs_a_secret_key(database: Database) -> None:
    assert "SECRET_KEY is not set" in refused(database, database.url, "check", DEBUG="off", SECRET_KEY="")


def test_serving_is_production_by_default(database: Database) -> None:
    env = {key: value for key, value in database.environment().items() if key != "TEPPAN_DEBUG_DEFAULT"}
    command = [sys.executable, "-c", "import config.wsgi"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "SECRET_KEY is not set, and DEBUG is off" in done.stderr


def test_commands_without_database_start_none(database: Database) -> None:
    with embedded.home() as home:
        env = {"DATABASE_URL": "", "TEPPAN_PGDATA": str(home.places.home)}
        database.manage("check", env=env)
        database.manage("makemigrations", "--check", "--dry-run", check=False, env=env)
        assert not home.places.home.exists()


def test_command_starts_the_embedded_server_and_leaves_it(database: Database) -> None:
    with embedded.home() as home:
        env = {"DATABASE_URL": "", "TEPPAN_PGDATA": str(home.places.home)}
        database.manage(*PROBE, env=env)
        assert home.postmaster is not None


def test_dbshell_uses_the_socket(database: Database) -> None:
    path = {"PATH": f"{database.server.bin('psql').parent}:/usr/bin:/bin"}
    done = database.manage("dbshell", "--", "-XAtc", "SELECT current_database()", env=path)
    assert done.stdout.strip() == database.name


def test_old_server(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def old(_: list[str]) -> None:
        raise NotSupportedError("PostgreSQL 15 or later is required (found 14.9).")

    monkeypatch.setattr(launch, "execute_from_command_line", old)
    assert launch.manage(["manage.py", "check"]) == 1
    said = capsys.readouterr().err
    assert "found 14.9" in said
    assert "DATABASE_URL" in said


def test_other_failures_keep_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: list[str]) -> None:
        raise OperationalError("canceling statement due to lock timeout")

    monkeypatch.setattr(launch, "execute_from_command_line", fail)
    with pytest.raises(OperationalError, match="lock timeout"):
        launch.manage(["manage.py", "check"])


def test_missing_packages_name_the_remedy(tmp_path: Path) -> None:
    command = [sys.executable, "-S", str(ROOT / "manage.py"), "check"]
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 1
    assert "is not installed. Run `make install`" in done.stderr


def test_interrupted_while_django_starts(database: Database, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\nsignal.raise_signal(signal.SIGINT)\n"
    )
    done = database.manage("migrate", check=False, env={"DJANGO_SETTINGS_MODULE": "slow", "PYTHONPATH": str(tmp_path)})
    assert (done.returncode, done.stderr) == (130, "Interrupted.\n")


@pytest.mark.parametrize("value", ["abc", "-3", "18.4", "0"])
def test_a_postgresql_version_that_is_no_number(database: Database, value: str) -> None:
    with embedded.home() as home:
        said = refused(database, "", TEPPAN_PGDATA=str(home.places.home), TEPPAN_PG_VERSION=value)
        assert said == (
            f"error: TEPPAN_PG_VERSION={value} is not a major version. Set it to a number such as 18, or unset it.\n"
        )
        assert home.postmaster is None


def test_a_postgresql_version_that_is_not_installed(database: Database) -> None:
    with embedded.home() as home:
        said = refused(database, "", TEPPAN_PGDATA=str(home.places.home), TEPPAN_PG_VERSION="99")
    assert "Set TEPPAN_PG_VERSION to one of these versions" in said
    assert "make install" not in said


UNUSABLE = [
    {"DEBUG": "off", "SECRET_KEY": ""},
    {"DATABASE_URL": "mysql://ann@127.0.0.1/shop"},
    {"DATABASE_URL": "postgres://ann:tell-nobody@127.0.0.1:9/shop"},
]


@pytest.mark.parametrize("env", UNUSABLE, ids="+".join)
@pytest.mark.parametrize(("words", "code"), [(("migrations", "status"), 2), (("migrations", "-v0", "status", "--json"), 2), (("migrations", "history"), 1)])  # fmt: skip
def test_a_status_that_cannot_be_read_is_not_pending(
    database: Database, env: dict[str, str], words: tuple[str, ...], code: int
) -> None:
    done = database.manage(*words, check=False, env={"DATABASE_URL": database.url, **env})
    assert (done.returncode, done.stdout) == (code, "")
    assert "Traceback" not in done.stderr
