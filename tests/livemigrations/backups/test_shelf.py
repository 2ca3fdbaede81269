"""The folder of the backups, when it is not as one would wish: clocks, links, read-only disks, several at once."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from livemigrations.backups.manifest import write_safely
from livemigrations.backups.shelf import Shelf, reading
from livemigrations.errors import UnknownBackup
from tests.livemigrations.backups.shop import Shop
from tests.support import loud


def test_a_clock_that_went_back_does_not_cost_the_backup_just_made(shop: Shop) -> None:
    shop.backup("create", "--name", "one")
    path = shop.folder / "one" / "manifest.json"
    later = (datetime.now(UTC) + timedelta(days=300)).isoformat()
    path.write_text(json.dumps({**json.loads(path.read_text()), "created_at": later}))
    assert shop.json("create", "--name", "two", "--keep", "1")["pruned"] == ["one"]
    assert shop.left() == ["two"]


def test_a_broken_one_does_not_count(shop: Shop) -> None:
    for name in ("one", "two", "three"):
        shop.backup("create", "--name", name)
    (shop.folder / "three" / "data.dump").unlink()
    (shop.folder / "unreadable").mkdir()
    (shop.folder / "unreadable" / "manifest.json").write_text("{")
    assert shop.json("prune", "--keep", "1")["removed"] == ["three", "one"]
    assert shop.left() == ["two", "unreadable"]


def test_a_link_is_left(shop: Shop, tmp_path: Path) -> None:
    for name in ("one", "two"):
        shop.backup("create", "--name", name)
    (shop.folder / "one").rename(tmp_path / "moved")
    (shop.folder / "one").symlink_to(tmp_path / "moved")
    done = shop.backup("prune", "--keep", "1", check=False)
    assert (done.returncode, done.stdout.strip()) == (1, f"Left one: it is a link to {tmp_path / 'moved'}.")
    made = shop.json("create", "--name", "three", "--keep", "2")
    assert (made["pruned"], made["left"]) == ([], ["one"])
    shop.backup("verify", "one")


def test_one_that_is_restored_from_is_left(shop: Shop) -> None:
    for name in ("one", "two"):
        shop.backup("create", "--name", name)
    one = Shelf().find("one", shop.site.database.name)
    with reading(one), reading(one):
        assert shop.refused("prune", "--keep", "1") == ""
        assert "Left one: somebody restores or verifies it." in shop.backup("prune", "--keep", "1", check=False).stdout
    with folder_locked(one.folder), pytest.raises(UnknownBackup, match="just been pruned"), reading(one):
        pass
    (one.folder / ".manifest.json.4711").write_text("{")  # of a verify that was killed while it noted its outcome
    assert shop.json("prune", "--keep", "1")["removed"] == ["one"]
    assert Shelf().remove(one) == "", "somebody else was faster"
    with pytest.raises(UnknownBackup, match="just been pruned"), reading(one):
        pass


@contextmanager
def folder_locked(folder: Path) -> Iterator[None]:
    """As a prune holds it for the moment of its rename."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_safely(tmp_path / "manifest.json", "{}")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_read_only(shop: Shop) -> None:
    """Backups on one can be listed, verified and restored; the rest is refused in words."""
    for name in ("one", "two"):
        shop.backup("create", "--name", name)
    folder = str(shop.folder)
    if not shutil.which("mount") or subprocess.run(["mount", "--bind", folder, folder], check=False).returncode:
        loud.skip("a read-only disk: mounting one needs root")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        assert [one["name"] for one in shop.json("list")["backups"]] == ["two", "one"]
        checked = shop.json("verify")
        assert (checked["ok"], len(checked["notes"])) == (True, 1)
        assert "could not be noted" in checked["notes"][0]
        assert "Nothing can be written" in shop.refused("create")
        assert "Left one: it cannot be removed" in shop.backup("prune", "--keep", "1", check=False).stdout
        before = shop.rows()
        shop.sql("DELETE FROM booking")
        shop.backup("restore", "latest", "--no-input", "--drop-old")
        assert shop.rows() == before
    finally:
        subprocess.run(["umount", folder], check=True)
