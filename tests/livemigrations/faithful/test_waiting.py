"""Whatever a migration waits for, other sessions do not wait behind it."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import pytest

from tests.livemigrations.faithful.twins import REMEDY, Twins
from tests.support.database import Database
from tests.support.waiting import wait_until

ALTER = "ALTER TABLE shop_dish ADD COLUMN q int"
MIGRATIONS = {
    "Python outside of a transaction": (
        "migrations.RunPython(alter, migrations.RunPython.noop, atomic=False),",
        False,
    ),
    "Python in a transaction": ("migrations.RunPython(alter, migrations.RunPython.noop),", True),
    "custom operation": ("Alter(),", True),
    "custom operation outside of a transaction": ("Alter(),", False),
    "DO block": (f'migrations.RunSQL("DO $$ BEGIN {ALTER}; END $$", migrations.RunSQL.noop),', True),
    "function": ('migrations.RunSQL("SELECT alter_dish()", migrations.RunSQL.noop),', True),
    "reindex": ('migrations.RunSQL("REINDEX TABLE shop_dish", migrations.RunSQL.noop),', False),
    "cluster": ('migrations.RunSQL("CLUSTER shop_dish USING shop_dish_pkey", migrations.RunSQL.noop),', False),
    "vacuum full": ('migrations.RunSQL("VACUUM FULL shop_dish", migrations.RunSQL.noop),', False),
    "lock": ('migrations.RunSQL("LOCK TABLE shop_dish", migrations.RunSQL.noop),', True),
    "truncate": ('migrations.RunSQL("TRUNCATE shop_dish", migrations.RunSQL.noop),', True),
    "column": (f'migrations.RunSQL("{ALTER}", migrations.RunSQL.noop),', True),
}
CODE = f"""
def alter(apps, editor):
    editor.execute("{ALTER}")


class Alter(Operation):
    reversible = True

    def state_forwards(self, app_label, state):
        pass

    def database_forwards(self, app_label, editor, before, after):
        alter(None, editor)

    def database_backwards(self, app_label, editor, before, after):
        pass
"""
FUNCTION = f"CREATE FUNCTION alter_dish() RETURNS void LANGUAGE plpgsql AS $$ BEGIN {ALTER}; END $$"
HOLDER_S, LONGEST_MS = 2.5, 900  # a busy test machine; without a timeout others wait for as long as the holder stays


class Reader:
    """Reads one row again and again and remembers the longest wait and the errors."""

    def __init__(self, database: Database) -> None:
        self.database, self.longest_ms, self.errors = database, 0.0, list[str]()
        self.reads = 0

    def run(self, done: threading.Event) -> None:
        """Read until ``done``."""
        with self.database.connect(application_name="test reader") as connection:
            while not done.is_set():
                started = time.monotonic()
                try:
                    connection.execute("SELECT count(*) FROM shop_dish WHERE id = 1")
                except psycopg.Error as error:
                    self.errors.append(str(error))
                self.reads += 1
                self.longest_ms = max(self.longest_ms, (time.monotonic() - started) * 1000)
                done.wait(0.005)


@contextmanager
def reading(database: Database) -> Iterator[Reader]:
    """Read inside the block."""
    reader, done = Reader(database), threading.Event()
    thread = threading.Thread(target=reader.run, args=(done,))
    thread.start()
    try:
        yield reader
    finally:
        done.set()
        thread.join()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("operations", "atomic"), MIGRATIONS.values(), ids=[name.replace(" ", "-") for name in MIGRATIONS]
)
def test_nobody_waits_behind_it(pair: Twins, operations: str, atomic: bool) -> None:
    """A transaction has read the table and stays open for some seconds."""
    pair.sql(FUNCTION).migration(operations, code=CODE, atomic=atomic)
    database = pair.live.site.database
    before = pair.live.state()
    with database.connect(autocommit=False, application_name="test holder") as holder, reading(database) as reader:
        holder.execute("SELECT 1 FROM shop_dish LIMIT 1")
        wait_until(lambda: reader.reads)
        with pair.live.site.popen("migrate", "--no-input") as run:
            wait_until(lambda: run.poll() is not None or _begun(database))
            with suppress(subprocess.TimeoutExpired):
                run.wait(HOLDER_S)
            holder.rollback()
            output = run.communicate(timeout=120)[0]
    live = pair.live.after(run.returncode, output)
    assert reader.errors == []
    assert reader.longest_ms < LONGEST_MS, f"another session waited for {reader.longest_ms:.0f} ms\n{live.output}"
    assert "Traceback" not in live.output
    if live.code:
        assert REMEDY.search(live.output), live.output
        assert live.state.differences(before) == [], live.output


def _begun(database: Database) -> bool:
    """Whether the run has its lease, so that it is about to take its first step."""
    with database.connect() as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = 'livemigrations lease'"
        ).fetchone()
    return row != (0,)
