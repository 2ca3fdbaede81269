"""SIGKILL in the middle of what cannot be undone by a rollback, while the server works on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.concurrency import shop
from tests.concurrency.watch import active, eventually, holding
from tests.support.crashes import damage
from tests.support.database import Database

BUILD = 'INDEX CONCURRENTLY "item_name"'
OLD_SNAPSHOT = ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1 FROM shop_order LIMIT 1")


@pytest.mark.slow
def test_killed_while_a_concurrent_index_waits_for_a_snapshot(database: Database, tmp_path: Path) -> None:
    made = shop.shop(database, tmp_path, shop.INDEX)
    with holding(database, *OLD_SNAPSHOT) as holder:
        with made.popen("migrate") as first:
            eventually(lambda: shop.indexes(database).get("item_name") is False)
            first.kill()
        with made.popen("migrate") as again:
            eventually(lambda: active(database, BUILD))
            holder.rollback()
            output = again.communicate(timeout=300)[0]
    assert again.returncode == 0, output
    assert shop.indexes(database)["item_name"]
    assert damage(database) == {}


@pytest.mark.slow
@pytest.mark.parametrize("backwards", [False, True], ids=["forward", "back"])
def test_killed_while_a_concurrent_index_waits_for_its_table(
    database: Database, tmp_path: Path, backwards: bool
) -> None:
    made = shop.shop(database, tmp_path, shop.INDEX, extra=shop.UNTIL_LOCKED)
    command = ("migrate", "--back", "1") if backwards else ("migrate",)
    with holding(database, "LOCK TABLE shop_item IN SHARE UPDATE EXCLUSIVE MODE") as holder:
        with made.popen("migrate") as first:
            eventually(lambda: active(database, BUILD))
            first.kill()
        with made.popen(*command) as again:
            eventually(lambda: not active(database, BUILD) or again.poll() is not None)
            holder.rollback()
            output = again.communicate(timeout=300)[0]
    assert again.returncode == 0, output
    eventually(lambda: not active(database, BUILD))
    assert shop.indexes(database) == ({"shop_item_pkey": True} | ({} if backwards else {"item_name": True}))
    assert damage(database) == {}


@pytest.mark.slow
def test_killed_while_a_key_is_validated(database: Database, tmp_path: Path) -> None:
    made = shop.shop(database, tmp_path, shop.KEY, extra=shop.UNTIL_LOCKED)
    with holding(database, "LOCK TABLE shop_order IN SHARE UPDATE EXCLUSIVE MODE") as holder:
        with made.popen("migrate") as first:
            eventually(lambda: active(database, "LOCK TABLE"))
            holder.rollback()
            eventually(lambda: first.poll() is not None or active(database, "NOT VALID") == [])
            holder.execute("LOCK TABLE shop_order IN SHARE UPDATE EXCLUSIVE MODE")
            first.kill()
        holder.rollback()
        made.manage("migrate")
    with database.connect() as connection:
        assert connection.execute(
            "SELECT convalidated FROM pg_constraint WHERE conrelid = 'shop_order'::regclass AND contype = 'f'"
        ).fetchall() == [(True,)]
    assert damage(database) == {}
