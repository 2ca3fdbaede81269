"""What a backup holds and what is known of it: a JSON file beside the dump."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from livemigrations.catalog.checksums import TableSum
from livemigrations.catalog.contents import Contents
from livemigrations.errors import BackupBroken
from livemigrations.pgtools.definitions import Definition
from livemigrations.statements.names import Name

MANIFEST, SCHEMA = "manifest.json", "schema.json"
SEARCH_PATH = "search_path"
_KIND, _VERSION = "livemigrations backup", 1


@dataclass(frozen=True, slots=True)
class File:
    """A file of the dump: its path inside the backup, its size in bytes, its SHA-256."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Verified:
    """The last check of a backup: when (ISO 8601), whether it was well, what was wrong, how long it took.

    ``notes`` are what a restore will not bring back as it was, and no dump could.
    """

    at: str
    ok: bool
    problems: list[str]
    duration_s: float
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Backup:
    """A complete backup. Times are ISO 8601 in UTC, sizes in bytes; ``revision`` is the newest migration in it.

    ``tables`` maps names to row counts and checksums of the snapshot that was dumped; ``table_bytes`` is what these
    tables and the large objects took on the server's disk, ``database_bytes`` what the whole database did (0: not
    noted). ``contents`` is what else was in it (None: not noted). ``format`` is ``custom`` or ``directory``.
    """

    name: str
    folder: Path
    database: str
    created_at: str
    duration_s: float
    format: str
    server_version: str
    pg_dump_version: int
    revision: str | None
    applied_count: int
    table_bytes: int
    definition: Definition
    files: list[File]
    tables: dict[Name, TableSum] = field(default_factory=dict)
    verified: Verified | None = None
    contents: Contents | None = None
    database_bytes: int = 0

    @property
    def size_bytes(self) -> int:
        return sum(file.size for file in self.files)

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())

    @property
    def age_s(self) -> float:
        return (datetime.now(UTC) - datetime.fromisoformat(self.created_at)).total_seconds()

    @property
    def problem(self) -> str:
        """What is wrong with it as far as a glance tells, its last check included; empty if nothing is."""
        for file in self.files:
            path = self.folder / file.path
            if not path.is_file():
                return f"{file.path} is missing"
            if path.stat().st_size != file.size:
                return f"{file.path} has {path.stat().st_size:,} bytes instead of {file.size:,}"
        return "; ".join(self.verified.problems) if self.verified and not self.verified.ok else ""

    @property
    def archive(self) -> Path:
        """What pg_restore reads: a file, or a folder."""
        return self.folder / ("data.dump" if self.format == "custom" else "data")

    def to_json(self) -> dict[str, Any]:
        tables = [
            {"schema": name.schema, "name": name.name, "rows": total.rows, "checksum": total.checksum}
            | ({"columns": list(total.columns)} if total.columns else {})
            for name, total in self.tables.items()
        ]
        data = {key: getattr(self, key) for key in _PLAIN}
        return {
            "kind": _KIND,
            "version": _VERSION,
            **data,
            "size_bytes": self.size_bytes,
            "definition": self.definition.to_json(),
            "files": [asdict(file) for file in self.files],
            "tables": tables,
            "contents": self.contents.to_json() if self.contents else None,
            "database_bytes": self.database_bytes,
            "verified": asdict(self.verified) if self.verified else None,
        }

    def schema(self) -> dict[str, Any]:
        """The snapshot of the schema that was taken with the dump, and the search path under which it was."""
        try:
            found: dict[str, Any] = json.loads((self.folder / SCHEMA).read_text())
        except (OSError, ValueError) as error:
            raise BackupBroken(f"The backup {self.name} is broken: {SCHEMA} cannot be read ({error}).") from error
        return found

    def with_check(self, verified: Verified) -> Backup:
        """Record a check in the manifest; return the backup as it is now."""
        checked = replace(self, verified=verified)
        checked.write()
        return checked

    def write(self) -> None:
        """Write the manifest, whole or not at all."""
        write_safely(self.folder / MANIFEST, json.dumps(self.to_json(), indent=1))


_PLAIN = (
    "name", "database", "created_at", "duration_s", "format", "server_version", "pg_dump_version", "revision",
    "applied_count", "table_bytes",
)  # fmt: skip


def read(folder: Path) -> Backup | None:
    """The backup in a folder, or None if the folder is none of ours. Raises ``BackupBroken`` for one that is damaged."""
    try:
        text = (folder / MANIFEST).read_text()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise BackupBroken(f"The backup {folder.name} is broken: {MANIFEST} cannot be read ({error}).") from error
    try:
        data = json.loads(text)
        if data["kind"] != _KIND:
            return None
        if data["version"] > _VERSION:
            raise BackupBroken(f"The backup {folder.name} was made by a newer version of livemigrations.")
        backup = _backup(folder, data)
        _check(backup)
        return backup
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupBroken(f"The backup {folder.name} is broken: {MANIFEST} is damaged ({error!r}).") from error


def _backup(folder: Path, data: dict[str, Any]) -> Backup:
    return Backup(
        **{key: data[key] for key in _PLAIN if key != "name"},
        name=folder.name,
        folder=folder,
        definition=Definition.from_json(data["definition"]),
        files=[File(**file) for file in data["files"]],
        tables={
            Name(t["schema"], t["name"]): TableSum(t["rows"], t["checksum"], tuple(t.get("columns", ())))
            for t in data["tables"]
        },
        verified=Verified(**data["verified"]) if data["verified"] else None,
        contents=Contents.from_json(data["contents"]) if data.get("contents") else None,
        database_bytes=data.get("database_bytes", 0),
    )


def _check(backup: Backup) -> None:
    """Raise ``ValueError`` or ``TypeError`` where a value cannot be: it would be believed, or fail somewhere later."""
    if datetime.fromisoformat(backup.created_at).tzinfo is None:
        raise ValueError(f"created_at has no time zone: {backup.created_at}")
    if backup.format not in ("custom", "directory"):
        raise ValueError(f"format is {backup.format!r}")
    for file in backup.files:
        if PurePosixPath(file.path).is_absolute() or ".." in PurePosixPath(file.path).parts:
            raise ValueError(f"files leads out of the folder: {file.path}")
    if not any(PurePosixPath(file.path).parts[0] == backup.archive.name for file in backup.files):
        raise ValueError(f"files does not name {backup.archive.name}")
    definition = backup.definition
    if definition.provider not in ("b", "c", "i"):
        raise ValueError(f"provider is {definition.provider!r}")
    for _, privilege, _ in definition.grants or []:  # these become part of a statement as they are
        if privilege not in ("CREATE", "TEMPORARY", "CONNECT"):
            raise ValueError(f"there is no privilege {privilege!r} on a database")
    numbers = [
        definition.connection_limit,
        backup.table_bytes,
        backup.database_bytes,
        backup.applied_count,
        *(file.size for file in backup.files),
    ]
    numbers += [total.rows for total in backup.tables.values()]
    texts = [backup.database, *(total.checksum for total in backup.tables.values())]
    texts += [backup.verified.at, *backup.verified.problems] if backup.verified else []
    if not all(type(value) is int for value in numbers) or not all(type(value) is str for value in texts):
        raise TypeError("a number or a text is of another kind")


def write_safely(path: Path, text: str) -> None:
    """Write a file under another name, have it on the disk, and rename it."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with unfinished.open("w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def is_unfinished(path: str) -> bool:
    """Whether a path inside a backup is of a file that ``write_safely`` was killed over."""
    return any(re.fullmatch(rf"\.{re.escape(name)}\.\d+", path) for name in (MANIFEST, SCHEMA))


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
