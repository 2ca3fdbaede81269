"""Checking a backup the only way that proves it: restoring it, and comparing what comes out."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.backups.creation import Meter, table_progress
from livemigrations.backups.manifest import Backup, Verified, digest
from livemigrations.backups.telling import Silent, Telling, size
from livemigrations.catalog.checksums import TableSum, checksums
from livemigrations.catalog.snapshot import differences, snapshot
from livemigrations.errors import BackupBroken, ProgramFailed
from livemigrations.pgtools.restoring import restore
from livemigrations.pgtools.scratch import scratch_database
from livemigrations.signals import backup_verified
from livemigrations.statements.names import Name

JOBS = min(4, os.cpu_count() or 1)


def verify(
    connection: BaseDatabaseWrapper, backup: Backup, *, jobs: int = JOBS, telling: Telling | None = None
) -> Backup:
    """Check the files, restore the backup into a scratch database, compare rows, checksums and schema.

    Returns the backup with the outcome in ``verified``, where the manifest keeps it too; the connection's own
    database is not touched. Raises ``MissingRights`` where no scratch database can be made.
    """
    started, telling = time.monotonic(), telling or Silent()
    problems = file_problems(backup, telling)
    if not problems:
        try:
            problems = _restored_problems(connection, backup, jobs, telling)
        except (ProgramFailed, BackupBroken) as error:
            problems = [str(error)]
    at = datetime.now(UTC).isoformat(timespec="seconds")
    checked = backup.with_check(Verified(at, not problems, problems, round(time.monotonic() - started, 3)))
    backup_verified.send(sender=Backup, using=connection.alias, backup=checked)
    return checked


def file_problems(backup: Backup, telling: Telling) -> list[str]:
    """Where the files are not those that were written, a line each."""
    telling.stage(f"Reading {size(backup.size_bytes)} of {backup.name}")
    found = []
    for file in backup.files:
        path = backup.folder / file.path
        try:
            if path.stat().st_size != file.size:
                found.append(f"{file.path} has {path.stat().st_size:,} bytes instead of {file.size:,}")
            elif digest(path) != file.sha256:
                found.append(f"{file.path} is not what was written: its SHA-256 differs")
        except OSError as error:
            found.append(f"{file.path} cannot be read: {error}")
    return found


def table_problems(expected: Mapping[Name, TableSum], actual: Mapping[Name, TableSum]) -> list[str]:
    """Where rows differ, a line for each table."""
    found = [f"{name.plain} is missing" for name in expected if name not in actual]
    found += [f"{name.plain} is not part of the backup" for name in actual if name not in expected]
    for name, wanted in expected.items():
        there = actual.get(name, wanted)
        if there.rows != wanted.rows:
            found.append(f"{name.plain} has {there.rows:,} rows instead of {wanted.rows:,}")
        elif there.checksum != wanted.checksum:
            found.append(f"{name.plain} has {there.rows:,} rows as expected, but their checksum differs")
    return found


def row_problems(restored: BaseDatabaseWrapper, backup: Backup, telling: Telling) -> list[str]:
    """Where the rows of a restored database are not those of the backup."""
    telling.stage(f"Comparing {backup.rows:,} rows in {len(backup.tables)} tables")
    meter = Meter({name: max(total.rows, 1) for name, total in backup.tables.items()}, telling)
    return table_problems(backup.tables, checksums(restored, told=meter.begin))


def unpack(
    target: BaseDatabaseWrapper, backup: Backup, telling: Telling, *options: str, jobs: int, database: str | None = None
) -> None:
    """Restore the dump into an empty database."""
    telling.stage(f"Restoring {backup.name}")
    listen = table_progress({name: max(total.rows, 1) for name, total in backup.tables.items()}, telling)
    parallel = ("--jobs", str(jobs)) if jobs > 1 else ()
    restore(target, backup.archive, "--verbose", *parallel, *options, database=database, line=listen)


def _restored_problems(connection: BaseDatabaseWrapper, backup: Backup, jobs: int, telling: Telling) -> list[str]:
    mine = ("--no-owner", "--no-privileges", "--no-publications", "--no-subscriptions")
    with scratch_database(connection, purpose="verify", definition=backup.definition) as scratch:
        unpack(scratch, backup, telling, *mine, jobs=jobs)
        problems = row_problems(scratch, backup, telling)
        there = json.loads(json.dumps(snapshot(scratch), cls=DjangoJSONEncoder))
        return problems + differences(_settled(backup.schema()), _settled(there))


def _settled(schema: Any) -> Any:
    """A snapshot whose expressions no longer depend on whether they went through a dump.

    PostgreSQL writes ``status IN ('a')`` of a varchar column as casts, and puts those elsewhere when it reads its own
    text again. Casts and brackets are left out, so that what is compared is the rest.
    """
    if isinstance(schema, dict):
        return {key: _settled(value) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_settled(value) for value in schema]
    if isinstance(schema, str):
        return re.sub(r"::(character varying|double precision|[a-z_]+)(\(\d+\))?(\[\])?|[()\s]", "", schema)
    return schema
