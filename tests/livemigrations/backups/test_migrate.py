"""``migrate --backup``: before the first step, if there is one, and not without it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.livemigrations.site import Site
from tests.support.database import Database

TABLE = 'live.CreateTable("Item", [("id", models.BigAutoField(primary_key=True))]),'
COLUMN = 'migrations.AddField("item", "name", models.CharField(max_length=9, db_default="")),'


@pytest.fixture
def backed(site: Site) -> Site:
    return site.shop(TABLE.replace("live.CreateTable", "migrations.CreateModel"), COLUMN)


def names(site: Site) -> list[str]:
    folder = site.folder / "backups"
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")) if folder.is_dir() else []


def commands(database: Database) -> list[str]:
    with database.connect() as connection:
        return [row[0] for row in connection.execute("SELECT command FROM livemigrations_run ORDER BY id")]


def test_a_backup_before_the_first_step_and_none_without_one(backed: Site, database: Database) -> None:
    said = backed.migrate("shop", "0001", "--backup").stdout
    (name,) = names(backed)
    assert f"Backed up as {name}" in said
    assert said.index("Backed up") < said.index("Applying shop.0001_step")
    assert commands(database)[-1].endswith(f"(backup: {name})")
    assert "Backed up" not in backed.migrate("shop", "0001", "--backup").stdout
    backed.migrate("--check", "--backup", check=False)
    assert names(backed) == [name]
    backed.migrate()
    assert names(backed) == [name], "only if asked"
    with database.connect() as connection:
        connection.execute("INSERT INTO shop_item (name) VALUES ('x')")
    backed.manage("backup", "restore", name, "--no-input", "--drop-old")
    with database.connect() as connection:
        assert connection.execute("SELECT to_regclass('shop_item')").fetchone() == (None,)
    assert "Applying shop.0002_step" in backed.migrate().stdout, "what the backup holds can be migrated again"


def test_a_backup_before_what_is_only_recorded(backed: Site, database: Database) -> None:
    said = backed.migrate("--fake", "--backup").stdout
    (name,) = names(backed)
    assert said.index(f"Backed up as {name}") < said.index("Applying shop.0001_step")
    assert "Backed up" not in backed.migrate("--fake", "--backup").stdout
    assert names(backed) == [name]


def test_a_backup_that_fails_stops_the_run(backed: Site, database: Database, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    backed.set(f"LIVEMIGRATIONS_BACKUP_FOLDER = {str(tmp_path / 'file' / 'backups')!r}")
    said = backed.refused("--backup")
    assert "Nothing can be written to the folder of the backups" in said
    assert "The backup before the run failed. No migration was run." in said
    with database.connect() as connection:
        assert connection.execute("SELECT to_regclass('shop_item')").fetchone() == (None,)
    assert commands(database) == []
    assert "Applying shop.0001_step" in backed.migrate().stdout


def test_the_report_of_a_run_that_failed_names_the_backup(backed: Site) -> None:
    backed.shop(TABLE.replace("live.CreateTable", "migrations.CreateModel"), 'migrations.RunSQL("SELECT 1/0", ""),')
    done = backed.migrate("--backup", "--json", check=False)
    report = json.loads(done.stdout)
    assert (report["outcome"], report["applied"]) == ("failed", ["shop.0001_step"])
    assert [report["backup"]] == names(backed)
    assert report["duration_s"] > 0


def test_a_copy_that_was_made_in_the_middle_of_a_run_is_free(backed: Site, database: Database) -> None:
    """The backup has the lease of the run, which is at work on another database."""
    backed.migrate("shop", "0001")
    with database.connect() as connection, database.server.connect() as elsewhere:
        connection.execute(
            "UPDATE livemigrations_lease SET token = gen_random_uuid(), heartbeat_at = clock_timestamp(), backend_pid = pid,"
            " backend_start = a.backend_start FROM pg_stat_activity a WHERE a.pid = %s",
            [elsewhere.info.backend_pid],
        )
        assert "Applying shop.0002_step" in backed.migrate().stdout


def test_from_python(backed: Site) -> None:
    report = backed.python("""
        from livemigrations import MigrationService
        service = MigrationService()
        report = service.run(backup=True)
        made = service.verify_backup(report.backup)
        print(json.dumps([report.backup, [b.name for b in service.backups()], made.verified.ok, service.backup("mine").name]))
    """)
    assert report[0] is not None
    assert report[1:] == [[report[0]], True, "mine"]


def test_a_pg_dump_that_is_killed_stops_the_run(backed: Site, database: Database, tmp_path: Path) -> None:
    """As the kernel does where memory runs out."""
    real = database.server.bin("pg_dump")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pg_dump").write_text(f'#!/bin/sh\n[ "$1" = --version ] && exec {real} --version\nkill -9 $$\n')
    (tmp_path / "bin" / "pg_dump").chmod(0o755)
    said = backed.refused("--backup", env={"PG_BIN": str(tmp_path / "bin")})
    assert "pg_dump was ended by signal 9" in said
    assert "The backup before the run failed. No migration was run." in said
    assert (names(backed), commands(database)) == ([], [])
    assert "Applying shop.0001_step" in backed.migrate().stdout
