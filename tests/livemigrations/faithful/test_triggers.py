"""A trigger that a migration drops and creates again loses no event of another session."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.livemigrations.faithful.twins import Twins
from tests.livemigrations.faithful.witness import Query
from tests.support.database import Database
from tests.support.waiting import wait_until

SETUP = """
CREATE TABLE event (id bigserial PRIMARY KEY, dish bigint NOT NULL);
CREATE FUNCTION ev() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO event (dish) VALUES (new.id); RETURN null; END $$;
CREATE TRIGGER ev AFTER UPDATE ON shop_dish FOR EACH ROW EXECUTE FUNCTION ev();
INSERT INTO event (dish) SELECT id FROM shop_dish;
"""
DROP = "migrations.RunSQL('DROP TRIGGER ev ON shop_dish', migrations.RunSQL.noop),"
CREATE = """
migrations.RunSQL("CREATE TRIGGER ev AFTER UPDATE ON shop_dish FOR EACH ROW EXECUTE FUNCTION ev()",
    migrations.RunSQL.noop),
"""
EVENT = """
migrations.SeparateDatabaseAndState(state_operations=[migrations.CreateModel(
    "Event", [("id", models.BigAutoField(primary_key=True)), ("dish", models.BigIntegerField())],
    options={"db_table": "event"})]),
"""
BETWEEN = {
    "two columns": """
        migrations.AddField("Event", "extra", models.IntegerField(null=True)),
        migrations.AddField("Dish", "extra", models.IntegerField(null=True)),""",
    "column with a default": """
        migrations.AddField("Dish", "extra", models.IntegerField(default=5)),
        migrations.AddField("Event", "extra", models.IntegerField(null=True)),""",
    "unique column": """
        migrations.AddField("Event", "extra", models.IntegerField(null=True, unique=True)),""",
    "foreign key": """
        migrations.AddField("Event", "menu", models.ForeignKey("Menu", models.CASCADE, null=True)),""",
    "volatile default": """
        migrations.AddField("Dish", "uid", models.UUIDField(db_default=functions.RandomUUID())),""",
    "rows by Python": """
        migrations.RunPython(lambda apps, editor: apps.get_model("shop", "Menu").objects.filter(pk__lt=50).update(
            title="x"), migrations.RunPython.noop),""",
    "renamed column": 'migrations.RenameField("Dish", "price", "cost"),',
    "type": 'migrations.AlterField("Dish", "name", models.CharField(max_length=90)),',
}


UPDATE = Query("update", "UPDATE shop_dish SET note = note WHERE id = 5", commits=True)


@pytest.fixture
def tracked(pair: Twins) -> Twins:
    """Both databases with a trigger that writes an event for each update."""
    return pair.sql(SETUP).ignore("event")


def events(pair: Twins) -> int:
    """How many events of dish 5 the engine's database has beyond the first."""
    with pair.live.site.database.connect() as connection:
        row = connection.execute("SELECT count(*) - 1 FROM event WHERE dish = 5").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.slow
@pytest.mark.parametrize("between", BETWEEN.values(), ids=[name.replace(" ", "-") for name in BETWEEN])
def test_every_update_leaves_an_event(tracked: Twins, between: str) -> None:
    _, live = tracked.look(UPDATE).migration(EVENT + DROP + between + CREATE).faithful(may_refuse=True)
    assert (live.count("update"), "updates") == (events(tracked), "updates"), live.output


@pytest.mark.slow
def test_two_columns_between_are_not_refused(tracked: Twins) -> None:
    """The packages that keep history write this for each new field of a tracked model."""
    tracked.look(UPDATE).migration(EVENT + DROP + BETWEEN["two columns"] + CREATE)
    _, live = tracked.faithful()
    assert live.count("update") == events(tracked)


@pytest.mark.slow
def test_while_the_lock_of_the_second_table_is_held(tracked: Twins) -> None:
    """The engine waits for the event table. Meanwhile updates go on and each leaves its event."""
    tracked.migration(EVENT + DROP + BETWEEN["two columns"] + CREATE)
    database = tracked.live.site.database
    with database.connect(autocommit=False) as holder, updating(database) as updates:
        holder.execute("SELECT 1 FROM event LIMIT 1")
        with tracked.live.site.popen("migrate", "--no-input") as run:
            said = until(run, f"pid {holder.info.backend_pid}")
            seen = updates.count
            wait_until(lambda: updates.count > seen + 20)
            holder.rollback()
            said += run.communicate(timeout=120)[0]
    assert (run.returncode, updates.errors) == (0, []), said
    assert (updates.count, "updates") == (events(tracked), "updates"), said


def until(run: subprocess.Popen[str], text: str) -> str:
    """What a command prints up to the first line with this text, or up to its end."""
    assert run.stdout is not None
    lines = []
    for line in run.stdout:
        lines.append(line)
        if text in line:
            break
    return "".join(lines)


class Updates:
    """What a session that updates one dish again and again has done."""

    def __init__(self) -> None:
        self.count, self.errors = 0, list[str]()

    def run(self, database: Database, done: threading.Event) -> None:
        """Update until ``done``."""
        with database.connect() as connection:
            while not done.wait(0.005):
                try:
                    connection.execute("UPDATE shop_dish SET note = note WHERE id = 5")
                    self.count += 1
                except psycopg.Error as error:
                    self.errors.append(str(error))


@contextmanager
def updating(database: Database) -> Iterator[Updates]:
    """Update inside the block."""
    updates, done = Updates(), threading.Event()
    thread = threading.Thread(target=updates.run, args=(database, done))
    thread.start()
    try:
        yield updates
    finally:
        done.set()
        thread.join()
