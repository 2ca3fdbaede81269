"""``manage.py up``: from an empty database to a page, in a process of its own."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import time
import urllib.request
from contextlib import closing

import pytest

from adminpanel.demo import DEMO_EMAIL, DEMO_PASSWORD
from tests.support.database import Database

pytestmark = pytest.mark.slow


@pytest.fixture
def port() -> int:
    """A port that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def count(database: Database, table: str) -> int:
    return int(database.psql(f"SELECT count(*) FROM {table}"))


def test_up_migrates_loads_and_prints_the_login_twice(database: Database) -> None:
    first = database.manage("up", "--no-serve").stdout
    announced = [first.index(step) for step in ("Migrating the database ...", "Loading demo data", "Loaded demo data")]
    assert announced == sorted(announced)
    assert (count(database, "locations"), count(database, "bookings")) == (4, 600)
    second = database.manage("up", "--no-serve").stdout
    assert "Loaded demo data" not in second
    for said in (first, second):
        assert "http://127.0.0.1:8000/admin/" in said
        assert re.search(rf"{re.escape(DEMO_EMAIL)}\s+{re.escape(DEMO_PASSWORD)}", said)
    assert count(database, "bookings") == 600


def test_without_demo_the_way_to_an_account_is_named(database: Database) -> None:
    said = database.manage("up", "--no-serve", "--no-demo").stdout
    assert "create_first_superuser" in said
    assert DEMO_PASSWORD not in said
    assert count(database, "customers") == 0


def opened(url: str, process: subprocess.Popen[str]) -> str:
    """The page at ``url`` as soon as it is served, or nothing if the process ends or a minute passes."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                return str(response.read().decode())
        except OSError:
            time.sleep(0.2)
    return ""


def test_it_serves_until_interrupted(database: Database, port: int) -> None:
    with database.popen("up", "--no-demo", "--port", str(port)) as process:
        try:
            page = opened(f"http://127.0.0.1:{port}/admin/", process)
            process.send_signal(signal.SIGINT)
            said, errors = process.communicate(timeout=20)
        finally:
            process.kill()
    assert "Email" in page, errors
    assert process.returncode == 0, errors
    assert f"http://127.0.0.1:{port}/admin/" in said
    assert "Traceback" not in errors


def test_a_port_that_is_taken_is_found_before_anything_is_done(database: Database) -> None:
    with closing(socket.socket()) as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        done = database.manage("up", "--port", str(taken), check=False)
    assert done.returncode == 1
    assert f"Port {taken} on 127.0.0.1 is in use" in done.stderr
    assert f"--port {taken + 1}" in done.stderr
    assert database.psql("SELECT to_regclass('customers')").strip() == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("--host", "203.0.113.7"), "--host"), (("--port", "70000"), "from 1 to 65535")],
)
def test_an_impossible_address_is_refused(database: Database, arguments: tuple[str, ...], message: str) -> None:
    done = database.manage("up", *arguments, check=False)
    assert done.returncode == 1
    assert message in done.stderr


def test_it_is_refused_in_production(database: Database) -> None:
    production = {"DEBUG": "off", "SECRET_KEY": "k" * 50, "ALLOWED_HOSTS": "example.com"}
    done = database.manage("up", "--no-serve", check=False, env=production)
    assert done.returncode == 1
    assert "gunicorn" in done.stderr
    assert database.psql("SELECT to_regclass('customers')").strip() == ""
