"""The life of the embedded server, seen by those who use it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable

import psycopg
import pytest

from config import environment
from config.embedded import __main__, processes, server
from tests.support.embedded import Home


def until(condition: Callable[[], bool], seconds: float = 15) -> bool:
    """Wait for a condition, and return whether it came."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def leave(client: subprocess.Popen[str]) -> None:
    assert client.stdin is not None
    client.stdin.close()
    assert client.stdout is not None
    client.stdout.close()
    assert client.wait(30) == 0


def test_life(home: Home) -> None:
    assert home.command("status").returncode == 1
    address = home.must("start").strip()
    first = home.postmaster
    with psycopg.connect(address) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS answer")
    assert home.must("url").strip() == address
    assert f"process {first}" in home.must("status")
    home.must("start")
    assert home.postmaster == first
    assert home.must("stop") == "stopped\n"
    assert home.postmaster is None
    assert home.command("status").returncode == 1
    assert home.must("stop") == "not running\n"
    home.must("start")
    with home.connect() as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (7,)


def test_listens_on_a_private_socket_only(home: Home) -> None:
    home.must("start")
    with home.connect() as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    for folder in (home.places.socket, home.places.home, home.places.data):
        assert folder.stat().st_mode & 0o077 == 0


def test_four_start_at_once(home: Home) -> None:
    racers = [home.start() for _ in range(4)]
    outcomes = [racer.communicate(timeout=120) for racer in racers]
    assert [racer.returncode for racer in racers] == [0] * 4, outcomes
    assert len({address for address, _ in outcomes}) == 1
    with home.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_postmaster_killed(home: Home) -> None:
    home.must("start")
    first = home.postmaster
    assert first is not None
    with home.connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS answer")
    os.kill(first, signal.SIGKILL)
    assert until(lambda: home.postmaster is None)
    home.must("start")
    assert home.postmaster not in {None, first}
    with home.connect() as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (7,)


def test_postmaster_killed_under_a_busy_session(home: Home) -> None:
    home.must("start")
    first = home.postmaster
    assert first is not None
    busy = home.connect()
    failures: list[Exception] = []

    def work() -> None:
        try:
            busy.execute("SELECT count(*) FROM generate_series(1, 4000000000)")
        except psycopg.Error as error:
            failures.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    with home.connect() as watcher:
        active = "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%generate_series%' AND pid <> pg_backend_pid()"
        assert until(lambda: watcher.execute(active).fetchone() is not None)
    os.kill(first, signal.SIGKILL)
    home.must("start")
    worker.join(60)
    busy.close()
    assert home.postmaster not in {None, first}
    with home.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_last_client_stops_it(home: Home) -> None:
    first, second = home.client(), home.client()
    started = home.postmaster
    leave(first)
    assert home.postmaster == started
    leave(second)
    assert home.postmaster is None


def test_killed_client_counts_no_more(home: Home) -> None:
    killed = home.client()
    killed.kill()
    killed.communicate()
    assert home.postmaster is not None
    assert "clients  none" in home.must("status")
    leave(home.client())
    assert home.postmaster is None


def test_terminated_client_leaves_properly(home: Home) -> None:
    client = home.client()
    client.terminate()
    client.communicate(timeout=60)
    assert client.returncode == 128 + signal.SIGTERM
    assert home.postmaster is None


def test_one_shot_use_leaves_it_running(home: Home) -> None:
    client = home.client()
    home.must("start")
    leave(client)
    assert home.postmaster is None
    home.must("start")
    assert home.postmaster is not None


def test_remove(home: Home) -> None:
    home.must("start")
    before = processes.of(home.places.data)
    assert before
    assert home.must("remove") == "removed\n"
    assert not home.places.home.exists()
    assert not home.places.socket.exists()
    assert processes.of(home.places.data) == []
    assert home.must("remove") == "nothing to remove\n"


def test_data_deleted_under_the_server(home: Home) -> None:
    home.must("start")
    first = home.postmaster
    shutil.rmtree(home.places.home)
    home.must("start")
    assert home.postmaster not in {None, first}
    with home.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_socket_deleted_under_the_server(home: Home) -> None:
    home.must("start")
    shutil.rmtree(home.places.socket)
    home.must("start")
    with home.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_psql(home: Home) -> None:
    assert home.must("psql", "-XAtc", "SELECT current_user") == "teppan\n"


def test_the_commands_read_the_env_file(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TEPPAN_PGDATA", "")
    folder = str(home.folder)
    monkeypatch.setattr(environment, "load", lambda: os.environ.update(TEPPAN_PGDATA=folder))
    __main__.main(["status"])
    assert f"files    {folder}" in capsys.readouterr().out


def test_the_port_of_another_server_in_the_shell(home: Home) -> None:
    home.must("start", PGPORT="1")
    assert home.must("psql", "-XAtc", "SELECT 7", PGPORT="1") == "7\n"
    assert server.settings()["PORT"] == "5432"  # libpq would take PGPORT for a port that is not named


@pytest.mark.usefixtures("as_root")
def test_ordinary_user(home: Home) -> None:
    home.folder.chmod(0o777)
    done = home.command_as("nobody", "start")
    assert done.returncode == 0, done.stderr
    assert home.places.data.owner() == "nobody"
    with home.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    first = home.postmaster
    home.must("start")
    assert home.postmaster == first, "root uses the server that is there"
    assert home.command_as("nobody", "stop").returncode == 0
    assert home.postmaster is None
