"""A column that gets another type, killed after its statements, in both directions: nothing is lost, nothing is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.livemigrations.operations.retyping import levelled, retype, site_of, values
from tests.livemigrations.site import Site
from tests.support.crashes import KILLED, assassin, damage
from tests.support.database import Database

FORWARD, BACK = ("migrate", "--no-input"), ("migrate", "--no-input", "shop", "0001")
PRICE = retype("price", "IntegerField(null=True)")
KEY = retype("id", "BigAutoField(primary_key=True)")


def shop(database: Database, folder: Path, text: str) -> Site:
    """The shop with its migration pending."""
    with database.connect() as connection:
        connection.execute("CREATE TABLE older (id int)")
    return site_of(Site(folder, database).install(), text)


def definitions(database: Database) -> list[str]:
    """The catalog without names: Django gives a key that it makes anew another one."""
    return sorted(levelled(database).values())


@pytest.mark.slow
def test_killed_forwards_and_taken_back(database: Database, tmp_path: Path) -> None:
    made, runs = shop(database, tmp_path, PRICE), 0
    before, prices = definitions(database), values(database, "price")
    with assassin(database, cwd=made.folder, environment=made.environment()) as run:
        for statements in range(3, 400, 7):
            died = run.run(*FORWARD, statements=statements).code == KILLED
            end = run.run(*BACK)
            assert end.code == 0, end.output
            runs += died
            assert values(database, "price") == prices
            if not died:
                break
    assert runs > 8
    assert definitions(database) == before
    assert damage(database, passages=runs + 1) == {}


@pytest.mark.slow
def test_killed_again_and_again_there_and_back(database: Database, tmp_path: Path) -> None:
    made = shop(database, tmp_path, PRICE + KEY)
    before, prices = definitions(database), values(database, "price")
    with assassin(database, cwd=made.folder, environment=made.environment()) as run:
        assert run.until_done(*FORWARD, seed=1, lives=(8, 40)) > 4
        assert values(database, "price")[:4] == [1, 3, 4, 5]
        assert run.until_done(*BACK, seed=2, lives=(8, 40)) > 4
    assert values(database, "price") == prices
    assert definitions(database) == before
    assert damage(database) == {}
