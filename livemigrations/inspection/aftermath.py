"""A database before and after a run: new orphans, constraints that are not validated, tables that lost rows."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.bookkeeping import BOOKS
from livemigrations.catalog.checksums import ordinary_tables
from livemigrations.catalog.kept import SCHEMA as KEPT
from livemigrations.catalog.relations import relation_oid
from livemigrations.inspection.soundness import keys
from livemigrations.inspection.soundness.findings import Look, Severity, Verification


@dataclass(slots=True)
class Baseline:
    """The rows of each table by its oid, which a rename keeps, and what ``migrations verify`` finds."""

    rows: dict[int, tuple[str, int]] = field(default_factory=dict)
    findings: dict[tuple[str, str], tuple[str, int | None]] = field(default_factory=dict)


def measure(connection: BaseDatabaseWrapper) -> Baseline:
    """Count the rows of every table and the orphans of every foreign key, and list what is not validated.

    Every question reads in a transaction of its own under ACCESS SHARE. A table that cannot be read is left out.
    """
    look = Look(connection, Verification(connection.alias))
    keys.foreign_keys(look)
    keys.constraints(look)
    found = Baseline()
    for finding in look.found.findings:
        if finding.severity == Severity.PROBLEM:
            found.findings[finding.part, finding.object] = finding.text, finding.count
    for table in ordinary_tables(connection):
        if table.schema == KEPT or table.name.startswith(BOOKS):
            continue
        try:
            oid = relation_oid(connection, table)
            [(count,)] = look.fetch(f"SELECT count(*) FROM ONLY {table}")
        except DatabaseError:
            continue
        if oid is not None:
            found.rows[oid] = table.plain, count
    return found


def problems(before: Baseline, after: Baseline) -> list[str]:
    """What a run made worse, a line each. A table that the run dropped is no problem: its rows are kept."""
    found = []
    for (part, name), (text, count) in after.findings.items():
        _, was = before.findings.get((part, name), ("", None))
        if (part, name) not in before.findings or (count or 0) > (was or 0):
            found.append(f"{name}: {text}")
    for oid, (name, count) in after.rows.items():
        _, was = before.rows.get(oid, (name, 0))
        if count < was:
            found.append(f"{name}: had {was:,} rows and has {count:,}")
    return found
