"""The folder of the backups: each in a folder of its own, which appears under its name only when it is complete."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from livemigrations import conf
from livemigrations.backups.manifest import MANIFEST, SCHEMA, Backup, is_unfinished, read, sync_folder
from livemigrations.errors import BackupBroken, BackupFailed, UnknownBackup

_PARTIAL, _LOCK = ".partial-", "lock"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,119}")


@dataclass(frozen=True)
class Broken:
    """A backup that cannot be read, and why."""

    name: str
    why: str


@dataclass(frozen=True)
class Shelf:
    """The backups in a folder (None: that of the setting)."""

    folder: Path = field(default_factory=conf.backup_folder)

    def entries(self, database: str | None = None) -> list[Backup | Broken]:
        """All backups, newest first, or those of one database; what cannot be read stands at the end."""
        good: list[Backup] = []
        bad: list[Backup | Broken] = []
        try:
            folders = sorted(self.folder.iterdir()) if self.folder.is_dir() else []
        except OSError as error:
            raise UnknownBackup(
                f"The folder of the backups cannot be read: {error}. Remedy: let this user read it, or let"
                " LIVEMIGRATIONS_BACKUP_FOLDER name another one."
            ) from error
        for folder in folders:
            if folder.name.startswith("."):
                continue
            try:
                backup = read(folder)
            except BackupBroken as error:
                bad.append(Broken(folder.name, str(error)))
                continue
            if backup is not None and database in (None, backup.database):
                good.append(backup)
        return [*sorted(good, key=lambda one: (one.created_at, one.name), reverse=True), *bad]

    def backups(self, database: str | None = None) -> list[Backup]:
        """The backups that can be read, newest first."""
        return [entry for entry in self.entries(database) if isinstance(entry, Backup)]

    def find(self, name: str, database: str) -> Backup:
        """A backup by its name, or the newest of a database by the name ``latest``. Raises ``UnknownBackup``."""
        found = self.backups(database)
        if name == "latest" and found:
            return found[0]
        backup = read(self.folder / name) if _NAME.fullmatch(name) else None
        if backup is not None:
            return backup
        known = ", ".join(one.name for one in found[:5]) or "none"
        raise UnknownBackup(
            f"There is no backup {name!r} of {database} in {self.folder} (newest first: {known}). Remedy: give a name"
            " that `manage.py backup list` shows, or let LIVEMIGRATIONS_BACKUP_FOLDER name the folder."
        )

    def sweep(self) -> list[str]:
        """Remove what backups that were killed left behind; return the names of these folders.

        None where nothing can be removed at all, as on a disk that is mounted read-only.
        """
        if not self.folder.is_dir():
            return []
        try:
            with self._guard():
                return self._sweep()
        except OSError:
            return []

    def _sweep(self) -> list[str]:
        gone = []
        for folder in self.folder.glob(f"{_PARTIAL}*"):
            with suppress(OSError), (folder / _LOCK).open("a") as handle:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
                gone.append(folder.name)
        return gone

    @contextmanager
    def unfinished(self) -> Iterator[Path]:
        """A folder to write a backup into, which nobody sweeps meanwhile; what is left in it goes at the end."""
        folder = self.folder / f"{_PARTIAL}{os.getpid()}-{os.urandom(4).hex()}"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._guard():
                self._sweep()
                folder.mkdir(mode=0o700)
                handle = (folder / _LOCK).open("w")
                fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError as error:
            raise BackupFailed(
                f"Nothing can be written to the folder of the backups: {error}. Nothing was changed. Remedy: make it"
                " writable, or let LIVEMIGRATIONS_BACKUP_FOLDER name another one."
            ) from error
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            handle.close()

    @contextmanager
    def _guard(self) -> Iterator[None]:
        """One process at a time makes or sweeps unfinished folders."""
        with (self.folder / ".guard").open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def shelve(self, unfinished: Path, name: str, *, exact: bool) -> Path:
        """Give a complete backup its name; with ``exact`` no other one if it is taken. Returns its folder."""
        for number in range(1, 1000):
            target = self.folder / (name if number == 1 else f"{name}-{number}")
            if not target.exists() and _rename(unfinished, target):
                (target / _LOCK).unlink(missing_ok=True)
                sync_folder(self.folder)
                return target
            if exact:
                break
        raise self.taken(name)

    def taken(self, name: str) -> BackupFailed:
        return BackupFailed(
            f"A backup {name} exists already in {self.folder}. Remedy: choose another --name, or leave it away."
        )

    def remove(self, backup: Backup) -> str:
        """Remove a backup, at once for whoever looks; return why it was left alone, empty if it is gone.

        A folder that holds files which are not ours is left, a link, and one that somebody restores from.
        """
        if backup.folder.is_symlink():
            return f"it is a link to {backup.folder.readlink()}"
        ours = {MANIFEST, SCHEMA, _LOCK, *(file.path for file in backup.files)}
        there = {path.relative_to(backup.folder).as_posix() for path in backup.folder.rglob("*") if not path.is_dir()}
        if not all(path in ours or is_unfinished(path) for path in there):
            return f"files that are not ours are in {backup.folder}"
        doomed = self.folder / f"{_PARTIAL}{os.getpid()}-{backup.name}"
        try:
            with _folder_lock(backup.folder, fcntl.LOCK_EX):
                backup.folder.rename(doomed)
        except FileNotFoundError:  # somebody else removes it
            return ""
        except BlockingIOError:
            return "somebody restores or verifies it"
        except OSError as error:
            return f"it cannot be removed: {error}"
        shutil.rmtree(doomed, ignore_errors=True)
        return ""


@contextmanager
def reading(backup: Backup) -> Iterator[None]:
    """Nobody prunes the backup inside the block. Raises ``UnknownBackup`` if it has gone, or is going now."""
    with ExitStack() as stack:
        try:
            stack.enter_context(_folder_lock(backup.folder, fcntl.LOCK_SH))
            (backup.folder / MANIFEST).stat()
        except (FileNotFoundError, BlockingIOError) as error:
            raise UnknownBackup(f"The backup {backup.name} has just been pruned. Nothing was changed.") from error
        yield


@contextmanager
def _folder_lock(folder: Path, kind: int) -> Iterator[None]:
    """Lock a folder without waiting: ``BlockingIOError`` if it is taken. Not every network disk can; then it is not."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN):
                raise
        yield
    finally:
        os.close(handle)


def _rename(folder: Path, target: Path) -> bool:
    """Rename a folder unless one of that name has come up in this moment."""
    try:
        folder.rename(target)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
        return False
    return True


def check_name(name: str) -> str:
    """Return the name if it can be one of a backup; raises ``BackupFailed``."""
    if not _NAME.fullmatch(name) or name == "latest":
        raise BackupFailed(
            f"{name!r} cannot be the name of a backup. Remedy: letters, digits, dots, dashes and underscores, up to 120,"
            " and not 'latest'."
        )
    return name


def default_name(database: str, at: datetime | None = None) -> str:
    """The name of a backup that was given none: the database's, and the time in UTC."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", database)[:80] or "database"
    return f"{plain.lstrip('-.') or 'database'}-{(at or datetime.now(UTC)):%Y%m%d-%H%M%S}"
