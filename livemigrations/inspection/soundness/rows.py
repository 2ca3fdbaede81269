"""Rows before and after: a count and a checksum of every column of every table, kept in a file."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from livemigrations.bookkeeping import BOOKS
from livemigrations.catalog.checksums import TEXT_FORM, ordinary_tables
from livemigrations.catalog.kept import SCHEMA as KEPT
from livemigrations.catalog.relations import fetch
from livemigrations.errors import LiveMigrationError
from livemigrations.inspection.soundness.findings import Look, Severity
from livemigrations.statements.names import Name, identifier

VERSION = 1
_COLUMNS = """
SELECT a.attname, coalesce(a.attnum = ANY (i.indkey), FALSE), a.attgenerated::text FROM pg_attribute a
LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""


@dataclass(slots=True)
class TableRows:
    """The rows of one table: their number, and a checksum for each column, keyed by the primary key's ``key`` columns."""

    rows: int
    key: list[str]
    columns: dict[str, str] = field(default_factory=dict)


def count_rows(look: Look, wanted: Iterable[str] | None = None) -> dict[str, TableRows]:
    """Read every table once. A column's checksum is a sum over its rows: their order on disk does not matter.

    The books of the engine and of Django are left out, and what a migration dropped and keeps.
    """
    look.part = "rows"
    tables = [t for t in ordinary_tables(look.connection) if not t.name.startswith(BOOKS) and t.schema != KEPT]
    if wanted is not None:
        names = set(wanted)
        tables = [table for table in tables if table.plain in names]
    found: dict[str, TableRows] = {}
    for table in look.each(tables, lambda table: table.plain):
        with look.on(table.plain):
            found[table.plain] = _of(look, table)
    return found


def _of(look: Look, table: Name) -> TableRows:
    columns = fetch(look.connection, _COLUMNS, [str(table)])
    key = [name for name, is_key, _ in columns if is_key]
    names = [name for name, _, generated in columns if generated != "v"]
    keys = "".join(f"{identifier(name)}, " for name in key)
    sums = "".join(f", coalesce(sum(hashtextextended(ROW({keys}{identifier(name)})::text, 0)), 0)" for name in names)
    count, *values = look.fetch(f"SELECT count(*){sums} FROM ONLY {table}", settings=TEXT_FORM)[0]
    return TableRows(count, key, {name: f"{int(v) % 2**64:016x}" for name, v in zip(names, values, strict=True)})


def save(look: Look, path: Path) -> None:
    """Write the rows' figures to a file, whole or not at all. Raises ``LiveMigrationError`` if it cannot be written."""
    tables = count_rows(look)
    data = {
        "version": VERSION,
        "database": str(look.connection.settings_dict["NAME"]),
        "saved_at": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        "tables": {name: asdict(rows) for name, rows in tables.items()},
    }
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(json.dumps(data, indent=1))
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise _unwritable(path, error) from error


def refuse_unwritable(path: Path) -> None:
    """Raise ``LiveMigrationError`` where ``save`` could not write its file."""
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        with TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> LiveMigrationError:
    return LiveMigrationError(f"{path} cannot be written: {error.strerror}. Remedy: name another file.")


def compare(look: Look, before: Mapping[str, TableRows]) -> None:
    """Hold the rows against those that ``load`` read, in the columns that both have."""
    now = count_rows(look)
    look.part = "rows"
    for table, was in before.items():
        if table not in now:
            if not any(finding.object == table for finding in look.found.findings):
                look.add(
                    Severity.PROBLEM, table, f"is gone with its {was.rows:,} rows", "restore it, or expect it", was.rows
                )
            continue
        _compare(look, table, was, now[table])
    for table in sorted(set(now) - set(before)):
        look.add(Severity.NOTE, table, f"is new, with {now[table].rows:,} rows")


def _compare(look: Look, table: str, was: TableRows, now: TableRows) -> None:
    if was.rows != now.rows:
        text = f"had {was.rows:,} rows and has {now.rows:,}"
        look.add(Severity.PROBLEM, table, text, "find out who wrote meanwhile", now.rows - was.rows)
        return
    gone = sorted(set(was.columns) - set(now.columns))
    if gone:
        look.add(Severity.NOTE, table, f"columns gone or renamed: {', '.join(gone)}")
    if was.key != now.key:
        look.add(Severity.NOTE, table, "has another primary key: only its rows were counted")
        return
    changed = [name for name, value in was.columns.items() if now.columns.get(name, value) != value]
    if changed:
        look.add(Severity.PROBLEM, table, f"values changed in {', '.join(changed)}", "find out who wrote meanwhile")


def load(path: Path) -> dict[str, TableRows]:
    """Read a file that ``save`` wrote: its rows by table. Raises ``LiveMigrationError`` if it is none."""
    try:
        data: dict[str, Any] = json.loads(path.read_text())
        if data["version"] != VERSION:
            raise ValueError(f"version {data['version']}")
        return {name: TableRows(**rows) for name, rows in data["tables"].items()}
    except OSError as error:
        raise LiveMigrationError(
            f"{path} cannot be read: {error.strerror}. Remedy: write it with --save first."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LiveMigrationError(
            f"{path} is no file of migrations verify --save ({error}). Remedy: name that."
        ) from error
