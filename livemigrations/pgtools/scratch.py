"""Scratch databases: empty, on the server of another one, gone at the end of the block or of the process."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations import conf
from livemigrations.catalog.relations import fetch
from livemigrations.errors import LiveMigrationError
from livemigrations.pgtools.addresses import beside
from livemigrations.pgtools.definitions import Definition, apply_settings
from livemigrations.pgtools.keeping import kept, owned, sweep

PREFIX = "livemigrations_scratch"
_READ_ONLY = "default_transaction_read_only"  # of a database that is frozen; its copy is not


@contextmanager
def scratch_database(
    connection: BaseDatabaseWrapper, *, purpose: str, definition: Definition | None = None
) -> Iterator[BaseDatabaseWrapper]:
    """An empty database with the encoding, locale and settings of ``connection``'s, for the length of the block.

    It is on the same server (or that of ``LIVEMIGRATIONS_SCRATCH_ALIAS``) and known to ``django.db.connections`` by
    its name, also in other threads. A watchdog drops it when this process is killed, and what even that left
    behind goes at the next use. ``purpose`` is a word for its name; ``definition`` is another database to be like.
    Raises ``MissingRights``.
    """
    definition = definition or Definition.read(connection)
    assert definition is not None
    definition = replace(definition, settings=[one for one in definition.settings if one[1] != _READ_ONLY])
    base = beside(_maker(connection))
    try:
        with base.cursor() as cursor:
            cursor.execute(f"SET {_READ_ONLY} = off")
        sweep_scratch(base)
        name = _name(base, purpose)
        with kept(base, name, definition), known(base, name) as made:
            apply_settings(base, definition, name)
            yield made
    finally:
        base.close()


def sweep_scratch(base: BaseDatabaseWrapper) -> list[str]:
    """Drop the scratch databases whose maker is dead; return their names."""
    oids = {str(row[0]) for row in fetch(base, "SELECT oid::bigint FROM pg_database WHERE datallowconn")}
    own = str(fetch(base, "SELECT oid::bigint FROM pg_database WHERE datname = current_database()")[0][0])
    found = [(name, name.removeprefix(f"{PREFIX}_").partition("_")[0]) for name, _ in owned(base, rf"^{PREFIX}_\d+_")]
    # A maker that works from another database holds its lock there, where it cannot be seen from here.
    return sweep(base, [name for name, oid in found if oid == own or oid not in oids])


@contextmanager
def known(base: BaseDatabaseWrapper, name: str) -> Iterator[BaseDatabaseWrapper]:
    """A connection to the database ``name`` beside ``base``, registered under that name as its alias."""
    handler: Any = connections
    made = beside(base, name, alias=name)
    handler.settings[name] = made.settings_dict  # other threads make theirs from it
    connections[name] = made
    try:
        yield made
    finally:
        made.close()
        del connections[name]
        del handler.settings[name]


def _maker(connection: BaseDatabaseWrapper) -> BaseDatabaseWrapper:
    alias = conf.scratch_alias()
    if alias is None:
        return connection
    if alias not in connections:
        raise LiveMigrationError(
            f"LIVEMIGRATIONS_SCRATCH_ALIAS is {alias!r}, and DATABASES knows no such alias: {', '.join(connections)}."
        )
    return connections[alias]


def _name(base: BaseDatabaseWrapper, purpose: str) -> str:
    oid = fetch(base, "SELECT oid::bigint FROM pg_database WHERE datname = current_database()")[0][0]
    word = re.sub(r"[^a-z0-9]+", "_", purpose.lower()).strip("_")[:12] or "work"
    return f"{PREFIX}_{oid}_{word}_{uuid.uuid4().hex[:8]}"
