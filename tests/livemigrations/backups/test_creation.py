"""Making backups: one moment, whole or not at all, and no secret shown."""

from __future__ import annotations

import json
import resource
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from livemigrations.backups import creation, moment
from livemigrations.backups.creation import How, create
from livemigrations.backups.telling import Silent
from livemigrations.catalog.checksums import ordinary_tables
from livemigrations.errors import BackupFailed, ProgramMissing
from livemigrations.management.backups import create as create_command
from livemigrations.management.commands.backup import Command
from livemigrations.pgtools import programs
from livemigrations.signals import backup_failed, backup_finished, backup_started
from tests.livemigrations.backups.shop import UNQUALIFIED, Shop
from tests.support import loud
from tests.support.database import fresh
from tests.support.waiting import wait_until

NOISE = """
CREATE TABLE noise (id int PRIMARY KEY, b bytea);
INSERT INTO noise SELECT n, (SELECT string_agg(sha256((n * 100 + m)::text::bytea), '') FROM generate_series(1, 30) m)
    FROM generate_series(1, 6000) n;
"""


def test_what_a_manifest_says(any_shop: Shop) -> None:
    made = any_shop.json("create", "--name", "first")
    database = any_shop.site.database
    assert (made["name"], made["database"], made["format"]) == ("first", database.name, "custom")
    assert made["server_version"].split(".")[0] == str(database.server.version)
    assert made["pg_dump_version"] >= database.server.version
    assert {table["name"]: table["rows"] for table in made["tables"]} == {"booking": 5000, "customer": 500}
    folder = any_shop.folder / "first"
    assert made["size_bytes"] == (folder / "data.dump").stat().st_size
    assert sorted(path.name for path in folder.iterdir()) == ["data.dump", "manifest.json", "schema.json"]
    assert (any_shop.folder.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o700, 0o700)
    assert {"booking", "customer"} <= set(json.loads((folder / "schema.json").read_text())["relations"])


def test_dump_and_checksums_are_of_one_moment(shop: Shop) -> None:
    """Under traffic that writes to two tables at once, every backup verifies."""
    stop, moves = threading.Event(), []

    def traffic() -> None:
        with shop.site.database.connect() as connection:
            while not stop.is_set():
                with connection.transaction():
                    connection.execute("INSERT INTO customer (name, kind) VALUES ('busy', 'guest')")
                    connection.execute("UPDATE booking SET price = price + 1 WHERE id % 10 = 0")
                    connection.execute("DELETE FROM booking WHERE id = (SELECT max(id) FROM booking)")
                moves.append(1)

    threads = [threading.Thread(target=traffic)]
    for thread in threads:
        thread.start()
    try:
        before = len(moves)
        shop.backup("create", "--name", "one")
        shop.backup("create", "--name", "two", "--format", "directory", "--jobs", "2")
        assert len(moves) > before
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    for name in ("one", "two"):
        shop.backup("verify", name)
    rows = [{table["name"]: table["rows"] for table in backup["tables"]} for backup in _manifests(shop)]
    assert all(counts["booking"] + counts["customer"] == 5500 for counts in rows), "two tables, one moment"


def _manifests(shop: Shop) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in shop.folder.glob("*/manifest.json")]


def test_two_at_once_are_two(shop: Shop) -> None:
    with shop.process("create") as one, shop.process("create") as other:
        said = [process.communicate(timeout=300)[0] for process in (one, other)]
    assert (one.returncode, other.returncode) == (0, 0), said
    assert len(shop.left()) == 2
    assert len(shop.json("list")["backups"]) == 2


def test_a_name_is_given_once(shop: Shop) -> None:
    shop.backup("create", "--name", "mine")
    assert "exists already" in shop.refused("create", "--name", "mine")
    assert "cannot be the name of a backup" in shop.refused("create", "--name", "../mine")
    assert "cannot be the name of a backup" in shop.refused("create", "--name", "latest")
    assert "--format directory" in shop.refused("create", "--jobs", "2", code=2)
    assert shop.left() == ["mine"]
    assert "There is no backup '../backups/mine'" in shop.refused("verify", "../backups/mine")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True, check=False).returncode:
        loud.skip("a disk that fills up: mounting one needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("options", [[], ["--format", "directory", "--jobs", "2"]], ids=["custom", "directory"])
def test_a_disk_that_fills_up(shop: Shop, small_disk: Path, settings: Any, options: list[str]) -> None:
    shop.sql(NOISE)
    settings.LIVEMIGRATIONS_BACKUP_FOLDER = small_disk / "backups"
    before = shop.rows()
    said = shop.refused("create", "--skip-room-check", *options)
    assert f"The disk of {small_disk / 'backups'} filled up after" in said
    assert "No space left on device" in said
    assert sorted(path.name for path in (small_disk / "backups").iterdir()) == [".guard"]
    assert shop.rows() == before
    said = shop.refused("create", *options)
    assert "will take about" in said
    assert "Nothing was written" in said


def test_a_file_that_may_not_grow(shop: Shop) -> None:
    """What a quota does, also without root."""
    shop.sql(NOISE)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    with shop.process("create", preexec_fn=limit) as making:
        said = making.communicate(timeout=300)[0]
    assert making.returncode == 1, said
    assert "filled up after" in said
    assert shop.left() == []


def test_killed_or_interrupted_nothing_is_left(shop: Shop) -> None:
    shop.sql(NOISE)
    for number in (signal.SIGINT, signal.SIGKILL):
        with shop.process("create", env={"PGOPTIONS": "-c client_min_messages=debug5"}) as making:
            wait_until(lambda: list(shop.folder.glob(".partial-*/data.dump")))
            making.send_signal(number)
            said = making.communicate(timeout=300)[0]
        if number == signal.SIGINT:
            assert making.returncode == 130
            assert "Interrupted. Nothing of the backup is left" in said
        else:
            wait_until(lambda: not _dumping(shop))
            assert len(shop.left()) == 1, "nobody was left to remove it"
            assert shop.json("list")["backups"] == []
        assert shop.left() == []


def test_ctrl_c_after_the_backup_is_complete_says_so(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def press(*arguments: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(create_command, "prune", press)
    said = shop.refused("create", "--name", "kept", "--keep", "1", code=130)
    assert "The backup kept is complete" in said
    assert shop.left() == ["kept"]


def _dumping(shop: Shop) -> bool:
    with shop.site.database.connect() as connection:
        rows = connection.execute(
            "SELECT 1 FROM pg_stat_activity WHERE application_name = 'pg_dump' AND datname = current_database()"
        )
        return rows.fetchone() is not None


def test_an_old_pg_dump_is_refused(shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    (old / "pg_dump").write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 15.9'\n")
    (old / "pg_dump").chmod(0o755)
    monkeypatch.setenv("PG_BIN", str(old))
    monkeypatch.setenv("PATH", str(old))
    monkeypatch.setattr(programs, "SYSTEM", tmp_path / "none")
    monkeypatch.setattr(programs, "WHEEL", "no_such_package")
    with pytest.raises(ProgramMissing) as caught:
        create(shop.connection)
    major = shop.site.database.server.version
    assert f"pg_dump of PostgreSQL {major} or newer is needed" in str(caught.value)
    assert f"PG_BIN: pg_dump 15 in {old}" in str(caught.value)
    assert shop.left() == []


def test_a_newer_client_than_the_server(pg_server_15: Any, open_shop: Any, settings: Any) -> None:
    """Its pg_restore sets a parameter that the server does not know."""
    newest = programs.program("pg_dump", server_version=18)
    settings.LIVEMIGRATIONS_PG_BIN = newest.parent
    with fresh(pg_server_15) as database:
        shop = open_shop(database)
        before = shop.rows()
        assert shop.json("create")["pg_dump_version"] >= 18
        shop.backup("verify")
        shop.sql("DELETE FROM booking")
        shop.backup("restore", "latest", "--no-input", "--drop-old")
        assert shop.rows() == before
        shop.sql(UNQUALIFIED)
        shop.backup("create")
        assert "pg_restore ended with 1" in shop.refused("verify"), "no other error is let pass"
        shop.connection.close()


def test_a_password_is_neither_shown_nor_written(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real authentication; what a look at the process list would show is recorded by programs of our own."""
    database, secret = shop.site.database, "s3cr3t 'quoted\\"
    role = f"clerk_{database.name}"
    hba = database.server.home / "data" / "pg_hba.conf"
    line = f"local all {role} scram-sha-256\n"
    spy, real = tmp_path / "spy", database.server.programs.folder
    spy.mkdir()
    for name in ("pg_dump", "pg_restore"):
        (spy / name).write_text(f'#!/bin/sh\nprintf "%s\\n" "$0 $*" >> {tmp_path}/seen\nexec {real}/{name} "$@"\n')
        (spy / name).chmod(0o755)
    with database.server.connect() as admin:
        hba.write_text(line + hba.read_text())
        admin.execute("SELECT pg_reload_conf()")
        quoted = secret.replace("'", "''")
        admin.execute(f"CREATE ROLE {role} LOGIN CREATEDB PASSWORD '{quoted}'")
        admin.execute(f"ALTER DATABASE {database.name} OWNER TO {role}")
        shop.sql(f"ALTER TABLE booking OWNER TO {role}; ALTER TABLE customer OWNER TO {role}")
        monkeypatch.setenv("PG_BIN", str(spy))
        try:
            shop.connect_as(role, "wrong")
            with pytest.raises(OperationalError, match="password authentication failed"):
                create(shop.connection)
            shop.connect_as(role, secret)
            before = shop.rows()
            shop.backup("create")
            shop.backup("verify")
            shop.sql("DELETE FROM booking")
            shop.backup("restore", "latest", "--no-input", "--drop-old")
            assert shop.rows() == before
        finally:
            shop.connection.close()
            hba.write_text(hba.read_text().replace(line, ""))
            admin.execute("SELECT pg_reload_conf()")
            admin.execute(f"ALTER DATABASE {database.name} OWNER TO teppan")
            with database.connect() as inside:
                inside.execute(f"REASSIGN OWNED BY {role} TO teppan; DROP OWNED BY {role}")
            admin.execute(f"DROP ROLE {role}")
    seen = (tmp_path / "seen").read_text()
    assert "pg_dump --no-password --dbname" in seen
    assert "pg_restore --no-password --dbname" in seen
    written = "".join(path.read_text(errors="replace") for path in shop.folder.rglob("*") if path.is_file())
    assert "s3cr3t" not in seen + written


def test_a_table_that_stays_locked_is_named(shop: Shop, settings: Any) -> None:
    settings.LIVEMIGRATIONS_LOCK_DEADLINE_S = 0.2
    with shop.site.database.connect(autocommit=False, application_name="long job") as other:
        other.execute("LOCK TABLE booking IN ACCESS EXCLUSIVE MODE")
        said, pid = shop.refused("create"), other.info.backend_pid
    assert "The table public.booking stayed locked" in said
    assert f"pid {pid} (teppan, long job" in said
    assert shop.left() == []


def test_who_queues_between_the_lock_and_the_dump_goes_first(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump would wait for him, he for us, and we for pg_dump, which the server cannot see."""
    monkeypatch.setattr(creation, "_LOCK_WAIT_MS", 300)
    queued: list[threading.Thread] = []
    dump = creation._Making._dump

    def change() -> None:
        shop.sql("ALTER TABLE booking ADD COLUMN note text")

    def dump_late(self: Any, *args: Any) -> None:
        if not queued:
            queued.append(threading.Thread(target=change))
            queued[0].start()
            wait_until(lambda: _waits_for_lock(shop))
        dump(self, *args)

    monkeypatch.setattr(creation._Making, "_dump", dump_late)
    shop.backup("create")
    queued[0].join(30)
    assert "note" in shop.rows()["booking"][0]
    monkeypatch.undo()
    shop.backup("verify")


@pytest.mark.parametrize(
    ("before", "then", "tables"),
    [("SELECT", "CREATE TABLE extra AS SELECT 1", 3), ("CREATE TABLE extra (id int)", "DROP TABLE extra", 2)],
    ids=["comes", "goes"],
)
def test_a_table_that_comes_or_goes_before_the_moment(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, before: str, then: str, tables: int
) -> None:
    shop.sql(before)
    statements = [then]

    def seen(connection: Any) -> Any:
        found = ordinary_tables(connection)
        if statements:
            shop.sql(statements.pop())
        return found

    monkeypatch.setattr(moment, "ordinary_tables", seen)
    assert len(shop.json("create")["tables"]) == tables
    shop.backup("verify")


def test_the_last_backup_says_how_much_room_the_next_one_takes(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    made = shop.json("create", "--name", "first")
    path = shop.folder / "first" / "manifest.json"
    text, known = path.read_text(), f'"table_bytes": {made["table_bytes"]}'
    assert known in text
    path.write_text(text.replace(known, f'"table_bytes": {made["size_bytes"] // 10}'))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(9, 9, 3_000_000))
    assert "judging by first), and" in shop.refused("create")
    shop.backup("create", "--skip-room-check")


def _waits_for_lock(shop: Shop) -> bool:
    with shop.site.database.connect() as connection:
        rows = connection.execute(
            "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'booking'::regclass"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return rows.fetchone() is not None


@pytest.mark.parametrize("part", ["create", "list", "verify", "restore", "prune"])
def test_help_teaches(part: str) -> None:
    out = StringIO()
    with redirect_stdout(out), pytest.raises(SystemExit) as left:
        Command().run_from_argv(["manage.py", "backup", part, "--help"])
    assert left.value.code == 0
    said = out.getvalue()
    assert f"manage.py backup {part}" in said.partition("options:")[0].partition("\n\n")[2], "an example"
    assert "exit codes:" in said
    assert "130" in said


def test_a_folder_that_cannot_be_written(shop: Shop, settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings.LIVEMIGRATIONS_BACKUP_FOLDER = tmp_path / "file" / "backups"
    assert "Nothing can be written to the folder of the backups" in shop.refused("create")


def test_signals_tell_the_story(shop: Shop) -> None:
    heard: list[tuple[str, dict[str, Any]]] = []

    def listener(event: str) -> Any:
        return lambda **facts: heard.append((event, facts))

    told = {event: listener(event) for event in ("started", "finished", "failed")}
    for signal_, event in ((backup_started, "started"), (backup_finished, "finished"), (backup_failed, "failed")):
        signal_.connect(told[event])
    made = create(shop.connection, "heard", How("directory"), Silent())
    with pytest.raises(BackupFailed):
        create(shop.connection, "heard")
    assert [event for event, _ in heard] == ["started", "finished", "started", "failed"]
    assert {facts["using"] for _, facts in heard} == {"shop"}
    assert heard[1][1]["backup"] == made
    assert isinstance(heard[3][1]["error"], BackupFailed)
