"""Databases that restores left beside another one: kept on purpose, or by a kill."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.backups.restoration import BEFORE, beside_name, maintenance, sweep_restores
from livemigrations.catalog.relations import fetch
from livemigrations.errors import RestoreRefused


@dataclass(frozen=True, slots=True)
class Kept:
    """A database as it was before a restore, and its size in bytes."""

    database: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside a database: ``kept`` by restores; ``swept`` just now, since restores that died left it."""

    kept: list[Kept] = field(default_factory=list)
    swept: list[str] = field(default_factory=list)


def beside_of(connection: BaseDatabaseWrapper, database: str) -> Beside:
    """Sweep what dead restores left on the server, and look what others kept; nothing where it cannot be reached."""
    start = beside_name(database, f"{BEFORE}00000000t000000").removesuffix("00000000t000000")
    try:
        with maintenance(connection, database) as base:
            swept = sweep_restores(base)
            rows = fetch(
                base,
                "SELECT datname, pg_database_size(oid) FROM pg_database WHERE starts_with(datname, %s)"
                " AND pg_has_role(datdba, 'MEMBER') ORDER BY 1",
                [start],
            )
    except (DatabaseError, RestoreRefused):
        return Beside()
    return Beside([Kept(name, int(count)) for name, count in rows], swept)
