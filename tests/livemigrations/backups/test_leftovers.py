"""Which databases beside another one its restores have kept."""

from __future__ import annotations

import pytest

from livemigrations.backups.leftovers import is_kept
from livemigrations.backups.restoration import BEFORE, beside_name

LONG = "é" * 31  # 62 bytes


@pytest.mark.parametrize("database", ["shop", LONG])
@pytest.mark.parametrize("further", ["", "_2", "_10"])
def test_what_a_restore_kept(database: str, further: str) -> None:
    assert is_kept(beside_name(database, f"{BEFORE}20261121t074500{further}"), database)


@pytest.mark.parametrize(
    "name",
    [
        "shop",
        f"shop{BEFORE}",
        f"shop{BEFORE}20261121t074500_copy",
        f"workshop{BEFORE}20261121t074500",
        f"{BEFORE}20261121t074500",
    ],
)
def test_what_is_somebody_elses(name: str) -> None:
    assert not is_kept(name, "shop")
