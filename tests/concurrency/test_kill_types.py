"""A column that gets another type, killed after its statements, in both directions: nothing is lost, nothing is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.livemigrations.operations.retyping import levelled, retype, site_of, values
from tests.livemigrations.site import Site
from tests.support.catalogs import differences
from tests.support.crashes import KILLED, assassin, damage
from tests.support.database import Database

FORWARD, BACK = ("migrate", "--no-input"), ("migrate", "--no-input", "shop", "0001")
CHANGES = retype("price", "IntegerField(null=True)") + retype("id", "BigAutoField(primary_key=True)")


@pytest.fixture
def made(database: Database, tmp_path: Path) -> Site:
    """The shop with its migration pending."""
    with database.connect() as connection:
        connection.execute("CREATE TABLE older (id int)")
    return site_of(Site(tmp_path, database).install(), CHANGES)


@pytest.mark.slow
@pytest.mark.parametrize("first", [3, 8])
def test_killed_forwards_and_taken_back(made: Site, first: int) -> None:
    database, runs = made.database, 0
    before, prices = levelled(database), values(database, "price")
    with assassin(database, cwd=made.folder, environment=made.environment()) as run:
        for statements in range(first, 400, 10):
            died = run.run(*FORWARD, statements=statements).code == KILLED
            end = run.run(*BACK)
            assert end.code == 0, end.output
            runs += died
            assert values(database, "price") == prices
            if not died:
                break
    assert runs > 8
    assert differences(levelled(database), before) == []
    assert damage(database, passages=runs + 1) == {}


@pytest.mark.slow
def test_killed_again_and_again_there_and_back(made: Site) -> None:
    database = made.database
    before, prices = levelled(database), values(database, "price")
    with assassin(database, cwd=made.folder, environment=made.environment()) as run:
        assert run.until_done(*FORWARD, seed=1, lives=(4, 20)) > 4
        assert values(database, "price")[:4] == [1, 3, 4, 5]
        assert run.until_done(*BACK, seed=2, lives=(4, 20)) > 4
    assert values(database, "price") == prices
    assert differences(levelled(database), before) == []
    assert damage(database) == {}
