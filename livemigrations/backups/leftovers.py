"""Databases that restores left beside another one: kept on purpose, or by a kill."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.backups.restoration import BEFORE, beside_name, maintenance, sweep_restores
from livemigrations.catalog.relations import fetch
from livemigrations.errors import RestoreRefused

_OWN = "SELECT datname FROM pg_database WHERE pg_has_role(datdba, 'MEMBER') ORDER BY 1"
_SIZE = "SELECT pg_database_size(%s::name)"
_ENDING = re.compile(rf"{BEFORE}\d{{8}}t\d{{6}}(_\d+)?$")


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
    try:
        with maintenance(connection, database) as base:
            swept = sweep_restores(base)
            names = [str(row[0]) for row in fetch(base, _OWN)]
            kept = [Kept(name, int(fetch(base, _SIZE, [name])[0][0])) for name in names if is_kept(name, database)]
    except (DatabaseError, RestoreRefused):
        return Beside()
    return Beside(kept, swept)


def is_kept(name: str, database: str) -> bool:
    """Whether a restore to ``database`` gave this name to what stood there, which a long name is cut for."""
    ending = _ENDING.search(name)
    return ending is not None and name == beside_name(database, ending[0])
