"""Checking a backup the only way that proves it: restoring it, and comparing what comes out."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.backups.creation import Meter, table_progress
from livemigrations.backups.manifest import SEARCH_PATH, Backup, Verified, digest
from livemigrations.backups.reasons import majors, remedy_here, remedy_there, too_new_for
from livemigrations.backups.room import refuse_without_room
from livemigrations.backups.shelf import reading
from livemigrations.backups.telling import Silent, Telling, size
from livemigrations.catalog.checksums import TableSum, checksums, inherited_columns
from livemigrations.catalog.contents import Contents, problems, recomputed
from livemigrations.catalog.relations import fetch
from livemigrations.catalog.snapshot import differences, snapshot
from livemigrations.errors import BackupBroken, CheckImpossible, ProgramFailed
from livemigrations.pgtools.restoring import restore
from livemigrations.pgtools.scratch import scratch_database
from livemigrations.signals import backup_verified
from livemigrations.statements.names import Name, identifier

JOBS = min(4, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class _Way:
    """How to verify: with so many processes, and with a look at the server's disk or without."""

    jobs: int
    check_room: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a comparison found: ``problems`` of the backup, and ``notes`` on what no dump brings back, a line each."""

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def verify(
    connection: BaseDatabaseWrapper,
    backup: Backup,
    *,
    jobs: int = JOBS,
    telling: Telling | None = None,
    check_room: bool = True,
) -> Backup:
    """Check the files, restore the backup into a scratch database, compare rows, checksums and schema.

    Returns the backup with the outcome in ``verified``, where the manifest keeps it too; the connection's own
    database is not touched. Raises ``MissingRights`` where no scratch database can be made, and ``CheckImpossible``
    where the server, and not the backup, is in the way.
    """
    started, telling = time.monotonic(), telling or Silent()
    with reading(backup):
        found = _outcome(connection, backup, _Way(jobs, check_room), telling)
    at, took = datetime.now(UTC).isoformat(timespec="seconds"), round(time.monotonic() - started, 3)
    checked = _noted(backup, Verified(at, not found.problems, found.problems, took, found.notes))
    backup_verified.send(sender=Backup, using=connection.alias, backup=checked)
    return checked


def _outcome(connection: BaseDatabaseWrapper, backup: Backup, way: _Way, telling: Telling) -> Outcome:
    found = Outcome(file_problems(backup, telling))
    if not found.problems:
        try:
            found = _restored(connection, backup, way, telling)
        except ProgramFailed as error:
            if remedy := remedy_here(error):
                raise CheckImpossible(
                    f"{backup.name} could not be restored here, so whether it is good is not known: {error}\n"
                    f"Remedy: {remedy} Or let LIVEMIGRATIONS_SCRATCH_ALIAS name a server where it can be."
                ) from error
            found = Outcome([str(error), *filter(None, [remedy_there(error)])])
        except BackupBroken as error:
            found = Outcome([str(error)])
    return found


def _noted(backup: Backup, verified: Verified) -> Backup:
    """Have the manifest keep the outcome, where it can be written to."""
    try:
        return backup.with_check(verified)
    except OSError as error:
        notes = [*verified.notes, f"the outcome could not be noted in {backup.folder}: {error}"]
        return replace(backup, verified=replace(verified, notes=notes))


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
        elif not there.is_like(wanted):
            found.append(f"{name.plain} has {there.rows:,} rows as expected, but their checksum differs")
    return found


def recounted(database: BaseDatabaseWrapper, backup: Backup, meter: Meter) -> dict[Name, TableSum]:
    """The sums of a database's tables, columns in the order of the backup where they are still the same ones."""
    here = inherited_columns(database)
    orders = {name: total.columns for name, total in backup.tables.items()}
    same = {name: columns for name, columns in orders.items() if sorted(columns) == sorted(here.get(name, ()))}
    return checksums(database, columns=same, told=meter.begin)


def compare(restored: BaseDatabaseWrapper, backup: Backup, telling: Telling) -> Outcome:
    """Where the content of a restored database is not that of the backup."""
    telling.stage(f"Comparing {backup.rows:,} rows in {len(backup.tables)} tables")
    meter = Meter({name: max(total.rows, 1) for name, total in backup.tables.items()}, telling)
    found = table_problems(backup.tables, recounted(restored, backup, meter))
    if backup.contents is None:
        return Outcome(
            found, ["an older version made it, which noted no large objects, views and sequences to compare"]
        )
    there = Contents.read(restored)
    return Outcome(found + problems(backup.contents, there), recomputed(backup.contents, there))


def unpack(
    target: BaseDatabaseWrapper, backup: Backup, telling: Telling, *options: str, jobs: int, database: str | None = None
) -> None:
    """Restore the dump into an empty database."""
    telling.stage(f"Restoring {backup.name}")
    listen = table_progress({name: max(total.rows, 1) for name, total in backup.tables.items()}, telling)
    parallel = ("--jobs", str(jobs)) if jobs > 1 else ()
    arguments = ("--verbose", "--no-subscriptions", *parallel, *options)
    restore(target, backup.archive, *arguments, made_by=backup.pg_dump_version, database=database, line=listen)
    target.close()  # it was idle all the time, for which the server may have ended its session


def _restored(connection: BaseDatabaseWrapper, backup: Backup, way: _Way, telling: Telling) -> Outcome:
    mine = ("--no-owner", "--no-privileges", "--no-publications", "--no-tablespaces")
    with scratch_database(connection, purpose="verify", definition=backup.definition) as scratch:
        if too_new := too_new_for(scratch, backup):
            raise CheckImpossible(f"{too_new} LIVEMIGRATIONS_SCRATCH_ALIAS may name one.")
        if way.check_room:
            refuse_without_room(scratch, backup, "pg_default", telling, CheckImpossible)
        unpack(scratch, backup, telling, *mine, jobs=way.jobs)
        found, schema = compare(scratch, backup, telling), _compared_schema(scratch, backup)
        return Outcome(found.problems + schema.problems, found.notes + schema.notes)


def _compared_schema(scratch: BaseDatabaseWrapper, backup: Backup) -> Outcome:
    """Where the schema of a restored database is not that of the backup."""
    expected, gone = _without_invalid(backup.schema())
    there, _ = _without_invalid(_schema(scratch, expected.pop(SEARCH_PATH, None)))
    notes = [f"the invalid index {name} is not part of it" for name in gone]
    made, here = majors(scratch, backup)
    if made == here:
        return Outcome(differences(_settled(expected), _settled(there)), notes)
    other = f"it is of PostgreSQL {made}; PostgreSQL {here} writes definitions otherwise, and only names were compared"
    return Outcome(differences(_names(expected), _names(there)), [*notes, other])


def _schema(database: BaseDatabaseWrapper, path: list[str] | None) -> dict[str, Any]:
    """The schema as a backup has it; ``path`` is the search path of its time (None: not noted)."""
    if path is not None:
        fetch(database, "SELECT set_config('search_path', %s, false)", [", ".join(map(identifier, path))])
    seen: dict[str, Any] = json.loads(json.dumps(snapshot(database), cls=DjangoJSONEncoder))
    return seen


def _without_invalid(schema: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The schema without its invalid indexes, which no dump holds but those of partitioned tables, and their names."""
    relations, gone = {}, []
    for name, relation in schema["relations"].items():
        lost = relation["kind"] != "p"
        invalid = [index for index, text in relation["indexes"].items() if lost and str(text).endswith(" INVALID")]
        valid = {index: text for index, text in relation["indexes"].items() if index not in invalid}
        relations[name] = {**relation, "indexes": valid}
        gone += invalid
    return {**schema, "relations": relations}, gone


def _names(schema: dict[str, Any]) -> dict[str, Any]:
    """What a schema holds, by name and kind, without the definitions."""
    parts = ("columns", "indexes", "constraints", "triggers")
    relations = {
        name: {"kind": relation["kind"], **{part: dict.fromkeys(relation[part]) for part in parts}}
        for name, relation in schema["relations"].items()
    }
    return {"relations": relations, **{part: dict.fromkeys(schema[part]) for part in ("functions", "sequences")}}


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
