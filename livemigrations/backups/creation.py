"""Making a backup: one snapshot for the dump, the row counts and the checksums."""

from __future__ import annotations

import errno
import json
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.core.serializers.json import DjangoJSONEncoder
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.backups.manifest import SCHEMA, SEARCH_PATH, Backup, File, digest, read, write_safely
from livemigrations.backups.moment import Moment, one_moment
from livemigrations.backups.shelf import Shelf, check_name, default_name
from livemigrations.backups.telling import Silent, Telling, size
from livemigrations.catalog.checksums import TableSum, checksums, inherited_columns
from livemigrations.catalog.contents import Contents, passing
from livemigrations.catalog.relations import fetch
from livemigrations.catalog.snapshot import snapshot
from livemigrations.errors import BackupFailed, ProgramFailed
from livemigrations.pgtools.addresses import beside, database_name
from livemigrations.pgtools.definitions import Definition
from livemigrations.pgtools.programs import major_version, program
from livemigrations.pgtools.running import run, server_version
from livemigrations.signals import backup_failed, backup_finished, backup_started
from livemigrations.statements.names import Name

_FULL = ("No space left on device", "Disk quota exceeded", "File too large")
_SIGXFSZ = -25
_TRIES, _LOCK_WAIT_MS = 3, 5000
_USUAL_RATIO, _SMALLEST = 0.5, 1 << 20


@dataclass(frozen=True, slots=True)
class How:
    """How to back up: pg_dump's ``format`` (custom or directory), parallel ``jobs`` (directory only)."""

    format: str = "custom"
    jobs: int = 1
    check_room: bool = True


def create(
    connection: BaseDatabaseWrapper, name: str | None = None, how: How | None = None, telling: Telling | None = None
) -> Backup:
    """Back up the connection's database into the folder of the backups; return the complete backup.

    Whatever goes wrong, nothing half done is left, and the database was only read. Raises ``BackupFailed``,
    ``ProgramMissing``, and what the database refuses.
    """
    backup_started.send(sender=Backup, using=connection.alias, name=name)
    source = beside(connection)
    try:
        backup = _Making(source, how or How(), telling or Silent()).make(name)
    except BaseException as error:
        backup_failed.send(sender=Backup, using=connection.alias, error=error)
        raise
    finally:
        source.close()
    backup_finished.send(sender=Backup, using=connection.alias, backup=backup)
    return backup


@dataclass(frozen=True, slots=True)
class _Look:
    """What is noted of a database beside the rows of its tables."""

    schema: str
    definition: Definition
    revision: str | None
    applied: int
    columns: dict[Name, tuple[str, ...]]
    contents: Contents


class _Making:
    """One backup being made; ``source`` is a connection of its own."""

    def __init__(self, source: BaseDatabaseWrapper, how: How, telling: Telling) -> None:
        self.source, self.how, self.telling = source, how, telling
        self.shelf = Shelf()
        self.database = database_name(source)

    def make(self, name: str | None) -> Backup:
        if name is not None and (self.shelf.folder / check_name(name)).exists():
            raise self.shelf.taken(name)
        program("pg_dump", server_version=server_version(self.source))  # says at once if there is none
        wanted = name or default_name(self.database)
        with self.shelf.unfinished() as folder:
            try:
                self._write(folder, wanted)
                final = self.shelf.shelve(folder, wanted, exact=name is not None)
            except OSError as error:
                raise self._failed(folder, str(error), full=error.errno in _FULL_NUMBERS) from error
            except ProgramFailed as error:
                full = error.code == _SIGXFSZ or any(word in line for line in error.said for word in _FULL)
                raise self._failed(folder, str(error), full=full) from error
        backup = read(final)
        assert backup is not None
        return backup

    def _write(self, folder: Path, name: str) -> None:
        started, at = time.monotonic(), datetime.now(UTC)
        for left in reversed(range(_TRIES)):
            with one_moment(self.source) as moment:
                self._check_room(moment)
                look = self._look()
                try:
                    self._dump(folder, moment)
                except ProgramFailed as error:  # somebody waits for a table of ours, and pg_dump waits behind him
                    if left and any("LOCK TABLE" in line for line in error.said):
                        _remove(self._target(folder))
                        continue
                    raise
                contents = look.contents.until(self.source)  # pg_dump reads sequences as they are, not as they were
                sums = self._sums(moment, look)
            break
        write_safely(folder / SCHEMA, look.schema)
        Backup(
            name=name,
            folder=folder,
            database=self.database,
            created_at=at.isoformat(timespec="milliseconds"),
            duration_s=round(time.monotonic() - started, 3),
            format=self.how.format,
            server_version=".".join(str(part) for part in self.source.get_database_version()),
            pg_dump_version=major_version(program("pg_dump", server_version=server_version(self.source))),
            revision=look.revision,
            applied_count=look.applied,
            table_bytes=moment.size,
            definition=look.definition,
            files=_files(folder),
            tables=sums,
            contents=contents,
            database_bytes=moment.database,
        ).write()

    def _look(self) -> _Look:
        """Read what is no table's row, before the dump: much of it PostgreSQL shows as it is, not as it was.

        The locks that this takes are given back, since pg_dump, which has no limit on its waits for these, could wait
        behind somebody who waits for them.
        """
        self.telling.stage(f"Looking at {self.database}")
        with passing(self.source):
            path = fetch(self.source, "SELECT current_schemas(false)")[0][0]  # another role may have another one
            schema = json.dumps({SEARCH_PATH: path, **snapshot(self.source)}, cls=DjangoJSONEncoder)
            definition = Definition.read(self.source)
            revision, applied = _revision(self.source)
        assert definition is not None
        columns = inherited_columns(self.source)
        return _Look(schema, definition, revision, applied, columns, Contents.read(self.source))

    def _target(self, folder: Path) -> Path:
        return folder / ("data.dump" if self.how.format == "custom" else "data")

    def _dump(self, folder: Path, moment: Moment) -> None:
        options: list[str | Path] = ["--format", self.how.format, "--file", self._target(folder), "--verbose"]
        options += ["--snapshot", moment.snapshot, "--lock-wait-timeout", str(_LOCK_WAIT_MS)]
        if self.how.jobs > 1:
            options += ["--jobs", str(self.how.jobs)]
        self.telling.stage(f"Dumping {self.database}, {size(moment.size)} in {len(moment.tables)} tables")
        run("pg_dump", self.source, options, line=table_progress(moment.tables, self.telling))

    def _sums(self, moment: Moment, look: _Look) -> dict[Name, TableSum]:
        self.telling.stage(f"Counting the rows and their checksums in {len(moment.tables)} tables")
        meter = Meter(moment.tables, self.telling)
        return checksums(self.source, moment.tables, columns=look.columns, told=meter.begin)

    def _check_room(self, moment: Moment) -> None:
        """Refuse before anything is written where the disk cannot hold what is expected."""
        before = [backup for backup in self.shelf.backups(self.database) if backup.table_bytes and backup.size_bytes]
        ratio = before[0].size_bytes / before[0].table_bytes if before else _USUAL_RATIO
        wanted = int(moment.size * ratio * 1.1) + _SMALLEST
        free = shutil.disk_usage(self.shelf.folder).free
        if self.how.check_room and free < wanted:
            guess = f"judging by {before[0].name}" if before else "half of what its tables take on the server"
            raise BackupFailed(
                f"The backup of {self.database} will take about {size(wanted)} ({guess}), and {self.shelf.folder} has"
                f" {size(free)} left. Nothing was written. Remedy: free some space, prune older backups, let"
                " LIVEMIGRATIONS_BACKUP_FOLDER name a larger disk, or try all the same with --skip-room-check."
            )

    def _failed(self, folder: Path, why: str, *, full: bool) -> BackupFailed:
        written = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        left = "What was written is removed, and the database was only read."
        if full:
            free = shutil.disk_usage(self.shelf.folder).free
            return BackupFailed(
                f"The disk of {self.shelf.folder} filled up after {size(written)} of the backup ({size(free)} are free"
                f" now): {why}\n{left} Remedy: free some space, prune older backups, or let"
                " LIVEMIGRATIONS_BACKUP_FOLDER name a larger disk; then back up again."
            )
        return BackupFailed(f"The backup of {self.database} failed: {why}\n{left}")


_FULL_NUMBERS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Meter:
    """Turns the names of tables, as they are begun, into the part of the bytes that is done."""

    def __init__(self, sizes: dict[Name, int], telling: Telling) -> None:
        self.sizes, self.telling = sizes, telling
        self.total = sum(sizes.values()) or 1
        self._done, self._open = 0, 0

    def begin(self, table: Name) -> None:
        self._done += self._open
        self._open = self.sizes.get(table, 0)
        self.telling.progress(table.plain, min(self._done / self.total, 1.0))


def table_progress(sizes: dict[Name, int], telling: Telling) -> Callable[[str], None]:
    """What listens to pg_dump or pg_restore --verbose and tells how far it is."""
    meter, plain = Meter(sizes, telling), {table.plain: table for table in sizes}

    def listen(line: str) -> None:
        found = re.search(r'(?:contents of|data for) table "(.+)"', line)
        if found and found[1] in plain:
            meter.begin(plain[found[1]])

    return listen


def _files(folder: Path) -> list[File]:
    dumped = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in (SCHEMA, "lock"))
    return [File(path.relative_to(folder).as_posix(), path.stat().st_size, digest(path)) for path in dumped]


def _revision(connection: BaseDatabaseWrapper) -> tuple[str | None, int]:
    """The newest applied migration and their number, as the snapshot has them."""
    if fetch(connection, "SELECT to_regclass('django_migrations') IS NULL")[0][0]:
        return None, 0
    rows = fetch(
        connection,
        "SELECT (SELECT app || '.' || name FROM django_migrations ORDER BY id DESC LIMIT 1), count(*)"
        " FROM django_migrations",
    )
    return rows[0][0], int(rows[0][1])


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
