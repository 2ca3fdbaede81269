"""One migration with every kind of step, killed after each of its statements, in both directions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from livemigrations.catalog.snapshot import differences
from tests.concurrency import shop
from tests.support.crashes import KILLED, Assassin, assassin, damage
from tests.support.database import Database
from tests.support.fixtures import Catalog
from tests.support.project import Project
from tests.support.sampling import ALL_CRASHES, sample

FORWARD, BACK = ("migrate", "--no-input"), ("migrate", "--no-input", "shop", "0001")
OPERATIONS = (
    shop.COLUMN,
    shop.KEY,
    shop.UNIQUE,
    """
migrations.RunSQL(
    ["UPDATE shop_item SET note = name", "UPDATE shop_order SET name = 'y' WHERE id = 1"],
    ["UPDATE shop_order SET name = 'x' WHERE id = 1"],
),
live.SetNotNull("item", "note", models.TextField()),
live.AddIndex("order", models.Index(fields=["item"], name="order_item")),
migrations.RemoveIndex("order", "order_item"),
migrations.RunPython(migrations.RunPython.noop, migrations.RunPython.noop),
migrations.CreateModel("Label", [("id", models.BigAutoField(primary_key=True)),
                                 ("item", models.ForeignKey("shop.item", models.CASCADE))]),
migrations.AddField("order", "memo", models.TextField(null=True)),
migrations.RemoveField("order", "memo"),
migrations.RenameField("item", "note", "comment"),
""",
)
MOST, EACH = 250, 8
FIRST = sample("each", range(1, EACH + 1), 1, complete=ALL_CRASHES)


@pytest.fixture
def made(database: Database, tmp_path: Path) -> Project:
    """The project with its migration pending."""
    return shop.shop(database, tmp_path, *OPERATIONS)


def _must(run: Assassin, *argv: str) -> None:
    end = run.run(*argv)
    assert end.code == 0, end.output


def _deaths(run: Assassin, command: tuple[str, ...], other: tuple[str, ...], first: int) -> Any:
    """Kill the command after each eighth statement from ``first`` on; after each death the other command must succeed."""
    for statements in range(first, MOST, EACH):
        died = run.run(*command, statements=statements).code == KILLED
        yield died
        if not died:
            return
        _must(run, *other)


@pytest.mark.slow
@pytest.mark.parametrize("first", FIRST)
def test_killed_forwards_and_taken_back(database: Database, made: Project, catalog: Catalog, first: int) -> None:
    before, runs = catalog(database), 0
    with assassin(database, cwd=made.folder, environment=made.environment()) as run:
        for died in _deaths(run, FORWARD, BACK, first):
            runs += died
        _must(run, *BACK)
        lost = differences(catalog(database), before)
    assert runs > 8
    assert lost == []
    assert damage(database, passages=runs + 1) == {}


@pytest.mark.slow
@pytest.mark.parametrize("first", FIRST)
def test_killed_on_the_way_back_and_applied_again(
    database: Database, made: Project, catalog: Catalog, first: int
) -> None:
    with assassin(database, cwd=made.folder, environment=made.environment()) as run:
        _must(run, *FORWARD)
        after = catalog(database)
        runs = sum(1 for _ in _deaths(run, BACK, FORWARD, first))
        _must(run, *FORWARD)
    assert runs > 2
    assert differences(catalog(database), after) == []
    assert damage(database, passages=runs + 2) == {}
