"""Copies of a schema: a scratch database with the same definitions, the books, and a few rows if asked."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.bookkeeping import TABLES
from livemigrations.catalog.relations import fetch
from livemigrations.pgtools.addresses import beside
from livemigrations.pgtools.restoring import restore
from livemigrations.pgtools.running import run
from livemigrations.pgtools.samples import Sampler
from livemigrations.pgtools.scratch import scratch_database
from livemigrations.statements.names import identifier

_LEASE = "livemigrations_lease"
BOOKS = ("django_migrations", *(table for table in TABLES if table != _LEASE))  # nobody is migrating the copy

# A subscription would keep the copy from being dropped, and a copy publishes nothing.
_OPTIONS = (
    "--format", "custom", "--schema-only", "--no-owner", "--no-privileges", "--no-publications", "--no-subscriptions",
    "--lock-wait-timeout", "60s",
)  # fmt: skip


@contextmanager
def schema_copy(connection: BaseDatabaseWrapper, *, purpose: str, sample: int = 0) -> Iterator[BaseDatabaseWrapper]:
    """A scratch database with the schema of ``connection``'s database, all of its schemas, as of one moment.

    It has the rows of ``django_migrations`` and of the engine's books (but the lease: nobody migrates the copy), the
    positions of the sequences, and up to ``sample`` rows of every other table, plus the rows that their foreign
    keys need. Owners and grants are left out: all of it belongs to the role of the copy. Takes what pg_dump takes:
    ACCESS SHARE on the tables, for the length of a dump without rows. Raises ``ProgramFailed`` and what
    ``scratch_database`` raises.
    """
    source = beside(connection)
    try:
        with scratch_database(connection, purpose=purpose) as copy, tempfile.TemporaryDirectory() as folder:
            dump = Path(folder) / "schema.dump"
            with _one_moment(source) as moment:
                run("pg_dump", source, [*_OPTIONS, "--snapshot", moment, "--file", dump])
                _restore(copy, dump, "pre-data")
                Sampler(source, copy, BOOKS).fill(sample)
                copy.close()  # its session's settings were changed
            _restore(copy, dump, "post-data")
            if sample:
                _refresh(source, copy)
            _analyze(copy)
            yield copy
    finally:
        source.close()


@contextmanager
def _one_moment(source: BaseDatabaseWrapper) -> Iterator[str]:
    """A read-only transaction whose snapshot others can use by the name that this gives."""
    with source.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0")
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        try:
            cursor.execute("SELECT pg_export_snapshot()")
            yield str(cursor.fetchone()[0])
        finally:
            cursor.execute("ROLLBACK")


def _restore(copy: BaseDatabaseWrapper, dump: Path, section: str) -> None:
    restore(copy, dump, "--section", section, "--no-owner", "--no-privileges")


def _refresh(source: BaseDatabaseWrapper, copy: BaseDatabaseWrapper) -> None:
    """Fill the materialized views that are filled in the source."""
    views = fetch(
        source,
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'm' AND c.relispopulated ORDER BY c.oid",
    )
    with copy.cursor() as cursor:
        for schema, name in views:
            cursor.execute(f"REFRESH MATERIALIZED VIEW {identifier(schema, name)}")


def _analyze(copy: BaseDatabaseWrapper) -> None:
    with copy.cursor() as cursor:
        cursor.execute("ANALYZE")
