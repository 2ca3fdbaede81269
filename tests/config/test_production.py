"""The commands of docs/deployment.md in earnest: gunicorn on a database, with DEBUG off."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.management import get_commands

from tests.config.test_settings import PRODUCTION
from tests.support.database import ROOT, Database

pytestmark = pytest.mark.slow


@dataclass
class Server:
    """A running gunicorn: its address, its log, its process."""

    address: str
    log: Path
    process: subprocess.Popen[str]

    def get(self, path: str, **headers: str) -> tuple[int, str, dict[str, str]]:
        """Request a path as the proxy would, which has ended TLS."""
        asked = {"Host": "admin.example.com", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7", **headers}
        request = urllib.request.Request(f"{self.address}{path}", headers=asked)  # our own server
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return response.status, response.read().decode(errors="replace"), dict(response.headers)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(errors="replace"), dict(error.headers)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The log, each line as the object that it is."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@contextmanager
def serving(database: Database, folder: Path, **env: str) -> Iterator[Server]:
    """Run gunicorn as the guide says, until the block ends."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {"GUNICORN_BIND": f"127.0.0.1:{port}", "WEB_CONCURRENCY": "1", "BEHIND_TLS_PROXY": "on"}
    given = database.environment({**PRODUCTION, **own, **env})
    given.pop("TEPPAN_DEBUG_DEFAULT", None)
    command = [str(Path(sys.executable).with_name("gunicorn")), "--config", "config/gunicorn.py", "config.wsgi"]
    log = folder / "gunicorn.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=given, stdout=output, stderr=output, text=True)
        try:
            until = time.monotonic() + 60
            while "Booting worker" not in log.read_text() and process.poll() is None and time.monotonic() < until:
                time.sleep(0.1)
            yield Server(f"http://127.0.0.1:{port}", log, process)
        finally:
            process.terminate()
            try:
                process.wait(20)
            finally:
                process.kill()


def test_the_guide_serves_pages_and_static_files_and_ends(database: Database, tmp_path: Path) -> None:
    place = {"STATIC_ROOT": str(tmp_path / "static")}
    database.manage("collectstatic", "--no-input", env=PRODUCTION | place)
    database.manage("migrate", "--no-input", env=PRODUCTION | place)
    with serving(database, tmp_path, **place) as server:
        status, page, headers = server.get("/admin/login/", **{"X-Request-ID": "from-the-proxy-1"})
        assert status == 200, server.log.read_text()
        assert headers["X-Request-ID"] == "from-the-proxy-1"
        assert "Strict-Transport-Security" in headers
        files = re.findall(r"(?:href|src)=\"(/static/[^\"]+)\"", page)
        assert len(files) > 5
        for file in files:
            assert re.search(r"\.[0-9a-f]{12}\.", file), file
            status, _, headers = server.get(file)
            assert status == 200, file
            assert "immutable" in headers["Cache-Control"], file
        status, _, headers = server.get("/static/staticfiles.json", Host="127.0.0.1:8000")  # the image's health check
        assert status == 200
        assert "immutable" not in headers["Cache-Control"]
        assert [line for line in server.lines if line["level"] == "error"] == []
        assert server.get("/admin/login/", Host="other.example")[0] == 400
        database.psql("ALTER TABLE django_session RENAME TO gone")
        status, page, _ = server.get("/admin/", Cookie="sessionid=abcdefghijklmnopqrstuvwxyz012345")
        assert status == 500
        assert "This page could not be shown" in page
        (failure,) = [line for line in server.lines if line["level"] == "error" and "django.request" in line["logger"]]
        assert 'relation "django_session" does not exist' in failure["exception"]
        assert failure["request_id"] in page
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0
        assert {"Handling signal: term"} <= {line["event"] for line in server.lines}


def test_without_collected_files_pages_come_without_styles_and_the_log_says_why(
    database: Database, tmp_path: Path
) -> None:
    place = {"STATIC_ROOT": str(tmp_path / "static")}
    database.manage("migrate", "--no-input", env=PRODUCTION | place)
    with serving(database, tmp_path, **place) as server:
        status, page, _ = server.get("/admin/login/")
        assert status == 200, server.log.read_text()
        assert 'name="password"' in page
        said = [line for line in server.lines if "collectstatic" in json.dumps(line)]
        assert {line["event"] for line in said} >= {"static_files_not_collected", "static_file_not_collected"}


def test_the_deployment_check_names_collectstatic(database: Database, tmp_path: Path) -> None:
    env = PRODUCTION | {"STATIC_ROOT": str(tmp_path / "static")}
    done = database.manage("check", "--deploy", check=False, env=env)
    assert done.returncode == 1
    assert "Run manage.py collectstatic" in done.stderr
    database.manage("collectstatic", "--no-input", env=env)
    done = database.manage("check", "--deploy", "--fail-level", "WARNING", env=env)
    assert "no issues" in done.stdout


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SECRET_KEY", "", "SECRET_KEY is not set, and DEBUG is off"),
        ("DATABASE_URL", "", "DATABASE_URL is not set, and DEBUG is off"),
        ("ALLOWED_HOSTS", "", "ALLOWED_HOSTS is not set, and DEBUG is off"),
        ("TIME_ZONE", "Mars/Base", "TIME_ZONE=Mars/Base is not allowed"),
        ("WEB_CONCURRENCY", "0", "WEB_CONCURRENCY=0 is not allowed"),
        ("GUNICORN_BIND", "127.0.0.1:99999", "GUNICORN_BIND=127.0.0.1:99999 is not allowed"),
    ],
)
def test_gunicorn_refuses_a_wrong_variable_with_one_line(
    database: Database, tmp_path: Path, name: str, value: str, said: str
) -> None:
    with serving(database, tmp_path, **{name: value}) as server:
        assert server.process.wait(30) == 1
    (line,) = server.log.read_text().splitlines()
    assert line.startswith(f"error: {said}")


def test_the_guide_names_the_files_and_commands_that_exist() -> None:
    guide = (ROOT / "docs" / "deployment.md").read_text()
    assert "gunicorn --config config/gunicorn.py config.wsgi" in guide
    assert (ROOT / "config" / "gunicorn.py").is_file()
    commands = set(re.findall(r"(?:python |`)manage\.py ([a-z_]+)", guide + image()))
    assert {"collectstatic", "migrate", "backup"} <= commands
    assert commands - set(get_commands()) == set()
    named = set(re.findall(r"`?([A-Z]{3,}(?:_[A-Z]+)+)`?", guide)) - {"MAINPID"}
    example = (ROOT / ".env.example").read_text()
    assert {name for name in named if f"# {name}=" not in example} <= {"POSTGRES_PASSWORD"}


def image() -> str:
    return (ROOT / "Dockerfile").read_text() + (ROOT / "compose.yaml").read_text()


def test_the_image_runs_unprivileged_and_names_no_index() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert "USER teppan" in lines
    assert not re.search(r"index-url|trusted-host", image())
    assert ".env" in (ROOT / ".dockerignore").read_text().splitlines()
