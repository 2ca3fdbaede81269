"""Published tables: what the plan and the run say about subscribers, and what would stop every write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.concurrency.watch import eventually
from tests.livemigrations.inspection.quick import QuickSite, quick_site
from tests.support import postgres
from tests.support.database import Database, fresh
from tests.support.postgres import Fleet, newest

TABLES = """
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True)),
    ("note", models.TextField(null=True))]),
migrations.CreateModel("Part", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField())]),
migrations.CreateModel("Other", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True))]),
migrations.AddConstraint("Part", models.UniqueConstraint(fields=["n"], name="part_n")),
"""
CHANGES = """
migrations.AddField("Thing", "more", models.IntegerField(null=True)),
migrations.AddField("Other", "more", models.IntegerField(null=True)),
migrations.RenameField("Thing", "n", "number"),
migrations.RemoveField("Thing", "note"),
"""
GONE = 'migrations.DeleteModel("Thing"),'
IDENTITY = 'migrations.RemoveConstraint("Part", "part_n"),'


@contextmanager
def published(folder: Path, database: Database, *operations: str) -> Iterator[QuickSite]:
    """A site whose first migration is applied and whose tables have rows and are published; the rest is pending."""
    with quick_site(folder, database) as site:
        site.shop(TABLES, *operations)
        site.migrate("shop", "0001", "-v0")
        with database.connect() as connection:
            for table in ("thing", "part", "other"):
                connection.execute(f"INSERT INTO shop_{table} (n) SELECT g FROM generate_series(1, 3000) g")
            connection.execute("ALTER TABLE shop_part REPLICA IDENTITY USING INDEX part_n")
            connection.execute("CREATE PUBLICATION papers FOR TABLE shop_thing, shop_part")
            connection.execute("CREATE PUBLICATION narrow FOR TABLE shop_other (id, n)")
        yield site


def notes(site: QuickSite) -> list[str]:
    done = site.manage("migrations", "plan", "--json", check=False)
    steps = [s for m in json.loads(done.stdout)["migrations"] for o in m["operations"] for s in o["steps"]]
    return [note for step in steps for note in step["replication"]]


@pytest.mark.slow
@pytest.mark.postgres_matrix
def test_what_subscribers_need_is_told(tmp_path: Path, any_database: Database) -> None:
    """Before, by the plan, and by the run; a column that a publication does not take up is none of their business."""
    with published(tmp_path, any_database, CHANGES, GONE) as site, any_database.connect() as connection:
        told = notes(site)
        shown = site.manage("migrations", "plan").stdout
        done = site.migrate()
        for part in (
            "published by papers: a subscriber without the column more stops at the next change. Add it there first.",
            "a subscriber finds columns by their names",
            "the column note comes no more",
            "does not come back by itself",
        ):
            assert [note for note in told if part in note], part
            assert part in " ".join(shown.split())
            assert part in done.stdout
        assert "narrow" not in shown + done.stdout
        rows = connection.execute("SELECT count(*) FROM pg_publication_tables WHERE pubname = 'papers'").fetchone()
        assert rows == (1,)  # the dropped table leaves the publication, as under plain Django


@pytest.mark.slow
@pytest.mark.parametrize(
    "operation", [IDENTITY, 'migrations.RunSQL("DROP INDEX part_n_too", ""),'], ids=["constraint", "index"]
)
def test_the_index_that_names_old_rows_is_not_dropped(tmp_path: Path, database: Database, operation: str) -> None:
    with published(tmp_path, database, operation) as site, database.connect() as connection:
        if "part_n_too" in operation:
            connection.execute("CREATE UNIQUE INDEX part_n_too ON shop_part (n)")
            connection.execute("ALTER TABLE shop_part REPLICA IDENTITY USING INDEX part_n_too")
        plan = site.manage("migrations", "plan", check=False)
        assert plan.returncode == 1
        assert "Would stop at shop.0002_step, operation 1." in plan.stdout
        refused = site.refused()
        for said in (plan.stdout, refused):
            assert "as its replica identity" in said
            assert "ALTER TABLE shop_part REPLICA IDENTITY DEFAULT" in said
        connection.execute("UPDATE shop_part SET n = n WHERE id = 1")
        connection.execute("ALTER TABLE shop_part REPLICA IDENTITY DEFAULT")
        site.migrate("-v0")
        connection.execute("UPDATE shop_part SET n = n WHERE id = 1")


@pytest.mark.slow
def test_without_the_refusal_every_write_would_fail(database: Database) -> None:
    """What the refusal is for, in the server's own words."""
    with database.connect() as connection:
        connection.execute("CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL UNIQUE); INSERT INTO t VALUES (1, 1)")
        connection.execute("ALTER TABLE t REPLICA IDENTITY USING INDEX t_n_key; CREATE PUBLICATION p FOR TABLE t")
        connection.execute("ALTER TABLE t DROP CONSTRAINT t_n_key")
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="does not have a replica identity"):
            connection.execute("UPDATE t SET n = 2")


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A database of a server of its own that writes what subscribers need."""
    monkeypatch.setitem(postgres.OPTIONS, "wal_level", "logical")
    fleet = Fleet.create()
    try:
        with fresh(fleet.server(newest())) as made:
            yield made
    finally:
        fleet.stop()


@contextmanager
def subscribed(publisher: Database) -> Iterator[Database]:
    """A subscriber of ``papers`` that has its tables and rows."""
    with fresh(publisher.server) as made, made.connect() as connection:
        publisher.psql("SELECT pg_create_logical_replication_slot('place', 'pgoutput')")
        connection.execute("CREATE TABLE shop_thing (id bigint PRIMARY KEY, n int, note text)")
        connection.execute("CREATE TABLE shop_part (id bigint PRIMARY KEY, n int UNIQUE)")
        connection.execute(
            f"CREATE SUBSCRIPTION place CONNECTION '{publisher.dsn}' PUBLICATION papers WITH (create_slot = false)"
        )
        eventually(lambda: things(made) == 3000)
        try:
            yield made
        finally:
            connection.execute("ALTER SUBSCRIPTION place DISABLE")
            connection.execute("ALTER SUBSCRIPTION place SET (slot_name = NONE)")
            connection.execute("DROP SUBSCRIPTION place")
            active = "SELECT FROM pg_replication_slots WHERE active"
            eventually(lambda: connection.execute(active).fetchone() is None)
            for (home,) in connection.execute("SELECT database FROM pg_replication_slots").fetchall():
                with publisher.server.connect(home) as there:
                    there.execute("SELECT pg_drop_replication_slot('place')")
                if home != publisher.name:
                    publisher.server.drop_database(home)


def things(database: Database) -> int:
    with database.connect() as connection:
        row = connection.execute("SELECT count(*) FROM shop_thing").fetchone()
        assert row is not None
        return int(row[0])


@pytest.mark.slow
def test_a_subscriber(tmp_path: Path, publisher: Database) -> None:
    """It goes on where the plan was followed, and a restore tells what becomes of it."""
    with published(tmp_path, publisher, CHANGES.splitlines()[1]) as site, subscribed(publisher) as subscriber:
        site.set(f"LIVEMIGRATIONS_BACKUP_FOLDER = {str(tmp_path / 'backups')!r}")
        assert len(notes(site)) == 1
        subscriber.psql("ALTER TABLE shop_thing ADD COLUMN more int")
        for command in (("migrations", "trace"), ("migrations", "compatible"), ("migrations", "adopt", "--dry-run")):
            site.manage(*command)
        assert publisher.scratches() == []
        site.migrate("-v0")
        publisher.psql("INSERT INTO shop_thing (n, more) VALUES (1, 2)")
        eventually(lambda: things(subscriber) == 3001)

        site.manage("backup", "create", "--name", "one")
        site.manage("backup", "verify", "one")
        refused = site.manage("backup", "restore", "one", "--no-input", check=False)
        assert refused.returncode == 1
        assert ", place, " in refused.stdout
        done = site.manage("backup", "restore", "one", "--no-input", "--disconnect", "--drop-old")
        assert "the replication slot place, which holds WAL" in done.stdout
        assert things(publisher) == 3001
