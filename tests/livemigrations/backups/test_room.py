"""Room on the server: refused before where it is known to lack, and nothing half done where it ends in the middle."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from livemigrations.backups import room
from livemigrations.backups.restoration import maintenance
from livemigrations.backups.shelf import Shelf
from tests.livemigrations.backups.conftest import Open
from tests.livemigrations.backups.shop import Shop
from tests.livemigrations.backups.test_creation import NOISE
from tests.support import loud
from tests.support.database import Database
from tests.support.postgres import Fleet, newest
from tests.support.roles import role


class Usage(NamedTuple):
    """As shutil has it."""

    total: int
    used: int
    free: int


@pytest.fixture
def small_disk() -> Iterator[Database]:
    """A database on a server of its own, in a tablespace on a disk that has room for it and for no second one.

    Where a disk is full the whole server suffers: its checkpoints may fail.
    """
    fleet = Fleet.create()
    folder = fleet.root / "small"
    folder.mkdir()
    try:
        command = ["mount", "-t", "tmpfs", "-o", "size=21m", "tmpfs", str(folder)]
        if not shutil.which("mount") or subprocess.run(command, capture_output=True, check=False).returncode:
            loud.skip("a server's disk that fills up: mounting one needs root")
        owner = fleet.root.stat()
        shutil.chown(folder, owner.st_uid, owner.st_gid)
        server = fleet.server(newest())
        with server.connect() as admin:
            admin.execute(f"CREATE TABLESPACE small LOCATION '{folder}'")
            admin.execute("CREATE DATABASE tight TABLESPACE small")
        yield Database(server, "tight")
    finally:
        fleet.stop()
        subprocess.run(["umount", str(folder)], check=False)
        shutil.rmtree(fleet.root, ignore_errors=True)


@pytest.mark.slow
def test_a_server_that_fills_up(small_disk: Database, open_shop: Open) -> None:
    small = open_shop(small_disk)
    small.sql(NOISE)
    small.backup("create")
    before = small.rows()
    small.sql("CHECKPOINT")  # what is not written yet takes no room yet
    said = small.refused("restore", "latest", "--no-input")
    assert "will take about" in said
    assert "/small has" in said
    assert "Nothing was changed" in said
    said = small.refused("restore", "latest", "--no-input", "--skip-room-check")
    assert "No space left on device" in said
    assert "tight is as it was. Remedy: free some space" in said
    assert small.databases() == []
    assert small.rows() == before
    assert small.json("verify")["ok"] is True, "on another disk of the server there is room"
    small.connection.close()


def test_verify_does_not_call_a_backup_broken_for_want_of_room(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.backup("create")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(9, 9, 1000))
    assert "1.0 kB left. Nothing was changed" in shop.refused("verify")
    assert shop.json("list")["backups"][0]["verified"] is None
    shop.backup("verify", "--skip-room-check")


def test_what_is_not_known_is_said(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.backup("create")

    def gone(path: Any) -> Any:
        raise FileNotFoundError(f"no {path}")

    monkeypatch.setattr(shutil, "disk_usage", gone)
    said = shop.backup("verify").stdout
    assert "Whether the server has room for about" in said
    assert "cannot be looked at from here" in said


def test_a_server_on_another_machine(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of that name may be here as well, and is another one."""
    shop.backup("create")
    backup = Shelf().find("latest", shop.site.database.name)
    monkeypatch.setattr(room, "fetch", lambda *arguments: [(False, "/")])
    found = room.look(shop.connection, backup, "pg_default")
    assert (found.free, found.place) == (None, "its disk is on another machine")
    unknown = room.look(shop.connection, replace(backup, database_bytes=0), "pg_default")
    assert unknown.wanted == 2 * backup.table_bytes, "an older version did not note the size of the whole"


def test_a_role_that_may_not_know(shop: Shop) -> None:
    shop.backup("create")
    backup = Shelf().find("latest", shop.site.database.name)
    with role(shop.site.database) as name, maintenance(shop.connection, shop.site.database.name) as base:
        assert (room.look(base, backup, "pg_default").free or 0) > 0
        with base.cursor() as cursor:
            cursor.execute(f'SET ROLE "{name}"')
        found = room.look(base, backup, "pg_default")
    assert (found.free, found.place) == (None, "the role may not know where the server keeps its data")
    assert found.wanted > 7_000_000
