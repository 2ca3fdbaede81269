"""Models with triggers of django-pgtrigger: the triggers survive every change and lose no event."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.livemigrations.faithful.twins import Twins, twins
from tests.livemigrations.faithful.witness import Query
from tests.support.postgres import PgServer

CODE = """
import pgtrigger.compiler
import pgtrigger.migrations

protect = pgtrigger.compiler.Trigger(name="keep", sql=pgtrigger.compiler.UpsertTriggerSql(
    condition="WHEN (OLD.\\"name\\" IS DISTINCT FROM NEW.\\"name\\")", func="RAISE EXCEPTION 'protected';",
    hash="a1", operation="UPDATE", pgid="pgtrigger_keep_00001", table="shop_dish", when="BEFORE"))


def event(columns, hash):
    names = ", ".join(columns)
    values = ", ".join(f'NEW."{column}"' for column in columns)
    return pgtrigger.compiler.Trigger(name="event", sql=pgtrigger.compiler.UpsertTriggerSql(
        func=f"INSERT INTO event ({names}) VALUES ({values}); RETURN NULL;", hash=hash, operation="UPDATE",
        pgid="pgtrigger_event_00002", table="shop_dish", when="AFTER"))
"""
EVENT = "CREATE TABLE event (number bigserial, id bigint, note text, extra int); INSERT INTO event (id) SELECT id FROM shop_dish"
ADD_EVENT = 'pgtrigger.migrations.AddTrigger("dish", event(["id", "note"], "b1")),'
REMOVE_EVENT = 'pgtrigger.migrations.RemoveTrigger("dish", "event"),'
UPDATE = Query("update", "UPDATE shop_dish SET note = note WHERE id = 5", commits=True)
RENAMED = Query("protected", "UPDATE shop_dish SET name = 'x' WHERE id = 6")


@pytest.fixture
def tracked(tmp_path: Path, pg_server: PgServer) -> Iterator[Twins]:
    """Both databases with pgtrigger installed and two triggers: one protects a column, the other writes events."""
    with twins(pg_server, tmp_path, apps=("pgtrigger",)) as made:
        made.sql(EVENT)
        made.migration(f'pgtrigger.migrations.AddTrigger("dish", protect), {ADD_EVENT}', code=CODE)
        made.ignore("event").faithful()
        made.look(UPDATE, RENAMED)
        yield made


CHANGES = {
    "longer text under a condition": 'migrations.AlterField("Dish", "name", models.CharField(max_length=80)),',
    "text under a condition": 'migrations.AlterField("Dish", "name", models.TextField()),',
    "new field of a tracked model": f"""
        {REMOVE_EVENT}
        migrations.AddField("Dish", "extra", models.IntegerField(null=True)),
        pgtrigger.migrations.AddTrigger("dish", event(["id", "note", "extra"], "b2")),""",
    "new field with a volatile default": f"""
        {REMOVE_EVENT}
        migrations.AddField("Dish", "uid", models.UUIDField(db_default=functions.RandomUUID())),
        {ADD_EVENT}""",
    "new indexed field": f"""
        {REMOVE_EVENT}
        migrations.AddField("Dish", "extra", models.IntegerField(null=True, db_index=True)),
        pgtrigger.migrations.AddTrigger("dish", event(["id", "note", "extra"], "b2")),""",
    "trigger replaced in place": """
        pgtrigger.migrations.AddTrigger("dish", event(["id"], "b3")),""",
    "field renamed": f"""
        {REMOVE_EVENT} pgtrigger.migrations.RemoveTrigger("dish", "keep"),
        migrations.RenameField("Dish", "price", "cost"),
        pgtrigger.migrations.AddTrigger("dish", protect), {ADD_EVENT}""",
}
# Taking back a trigger that was replaced in place removes it, with plain Django too.
REVERSIBLE = {name: change for name, change in CHANGES.items() if name != "trigger replaced in place"}


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES.values(), ids=[name.replace(" ", "-") for name in CHANGES])
def test_every_update_leaves_one_event(tracked: Twins, change: str) -> None:
    tracked.migration(change, code=CODE)
    before = events(tracked)
    _, live = tracked.faithful(may_refuse="volatile" in change or "Random" in change)
    assert (events(tracked) - before, "events") == (live.count("update"), "events"), live.output


@pytest.mark.slow
@pytest.mark.parametrize("change", REVERSIBLE.values(), ids=[name.replace(" ", "-") for name in REVERSIBLE])
def test_and_on_the_way_back(tracked: Twins, change: str) -> None:
    tracked.migration(change, code=CODE)
    if tracked.both()[1].code:
        return
    before, state = events(tracked), tracked.live.state()
    live = tracked.live.run("shop", "0002")
    if live.code and "allow-long-locks" in live.output:  # a shorter text rewrites the table
        assert live.state.differences(state) == []
    assert (events(tracked) - before, "events") == (live.count("update"), "events"), live.output
    assert {found for name, found in live.seen if name == "protected"} == {"ERROR protected"}


def events(tracked: Twins) -> int:
    """How many events of dish 5 the engine's database has."""
    with tracked.live.site.database.connect() as connection:
        row = connection.execute("SELECT count(*) FROM event WHERE id = 5").fetchone()
    assert row is not None
    return int(row[0])
