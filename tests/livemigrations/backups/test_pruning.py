"""Pruning: which backups may go, and which stay in any case."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from livemigrations.backups.manifest import Backup, Verified
from livemigrations.backups.pruning import doomed
from livemigrations.pgtools.definitions import Definition
from tests.livemigrations.backups.shop import Shop

PLAIN = Definition("UTF8", "c", "C", "C", None, None, "pg_default", "teppan", -1, None)


def backup(days: float, *, ok: bool | None = None) -> Backup:
    at = datetime.now(UTC) - timedelta(days=days)
    verified = None if ok is None else Verified(at.isoformat(), ok, [], 1.0)
    return Backup(
        f"{days:g}", Path(f"/b/{days:g}"), "shop", at.isoformat(), 1.0, "custom", "18.4", 18, None, 0, 0, PLAIN, [],
        verified=verified,
    )  # fmt: skip


AGES = [backup(0.1), backup(1), backup(5), backup(10), backup(40)]


@pytest.mark.parametrize(
    ("keep", "older", "gone"),
    [
        (2, None, ["5", "10", "40"]),
        (9, None, []),
        (None, 4, ["5", "10", "40"]),
        (None, 0, ["1", "5", "10", "40"]),
        (2, 8, ["10", "40"]),
        (4, 1, ["40"]),
    ],
)
def test_which_may_go(keep: int | None, older: float | None, gone: list[str]) -> None:
    assert [one.name for one in doomed(AGES, keep=keep, older_than_days=older)] == gone


def test_the_newest_that_was_verified_stays() -> None:
    good, newer_good, bad = backup(40, ok=True), backup(20, ok=True), backup(5, ok=False)
    assert doomed([backup(1), bad, newer_good, good], keep=1) == [bad, good]
    assert doomed([replace(newer_good)], older_than_days=0) == []


def test_files_that_are_not_ours_stay(shop: Shop) -> None:
    names = [shop.json("create", "--name", name)["name"] for name in ("one", "two", "three")]
    (shop.folder / "one" / "notes.txt").write_text("mine")
    (shop.folder / "letters").mkdir()
    (shop.folder / "letters" / "manifest.json").write_text('{"kind": "something else"}')
    dry = shop.json("prune", "--keep", "1", "--dry-run")
    assert dry["removed"] == ["two", "one"]
    assert shop.left() == sorted([*names, "letters"])
    (shop.folder / ".partial-1-killed").mkdir()
    done = shop.backup("prune", "--keep", "1", check=False)
    assert done.returncode == 1
    assert "Left one: files that are not ours" in done.stdout
    assert shop.left() == ["letters", "one", "three"]
    assert "--keep N" in shop.refused("prune", code=2)


def test_create_keeps_so_many(shop: Shop) -> None:
    for name in ("one", "two"):
        shop.backup("create", "--name", name)
    assert shop.json("create", "--name", "three", "--keep", "2")["pruned"] == ["one"]
    assert shop.left() == ["three", "two"]


def test_those_of_other_databases_stay(shop: Shop) -> None:
    shop.backup("create", "--name", "one")
    text = (shop.folder / "one" / "manifest.json").read_text()
    (shop.folder / "other").mkdir()
    (shop.folder / "other" / "manifest.json").write_text(text.replace(shop.site.database.name, "elsewhere"))
    shop.backup("create", "--name", "two")
    assert shop.json("prune", "--keep", "1")["removed"] == ["one"]
    assert [one["name"] for one in shop.json("list")["backups"]] == ["two"]
    assert {one["name"] for one in json_all(shop)} == {"two", "other"}


def json_all(shop: Shop) -> list[dict[str, str]]:
    done = shop.backup("list", "--all", "--json", check=False)
    assert done.returncode == 1, "the dump of the other one is not there"
    found: list[dict[str, str]] = json.loads(done.stdout)["backups"]
    return found
