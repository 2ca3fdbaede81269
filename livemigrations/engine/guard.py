"""The last line of defence: work under a strong lock that nothing foresaw is undone before it commits.

A function, an event trigger or Python code may rewrite a table although no statement says so. PostgreSQL gives a table
that is rewritten a new file, so the files before and after tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from livemigrations import conf
from livemigrations.engine.steps import Step
from livemigrations.errors import MigrationRefused
from livemigrations.statements.names import code, literal

REWRITTEN = "LM001"  # a SQLSTATE of our own
_FILES = "livemigrations.files"


def files_sql(tables: Iterable[str] | None) -> str:
    """The statement that notes which file each of the tables, and of their partitions, has; None means all tables."""
    where = "c.relkind IN ('r', 'm') AND c.relfilenode <> 0 AND c.relpersistence <> 't'"
    if tables is not None:
        names = ", ".join(literal(table) for table in tables)
        found = f"SELECT pg_catalog.to_regclass(n)::oid FROM pg_catalog.unnest(ARRAY[{names}]::text[]) n"
        below = (
            f"WITH RECURSIVE family (oid) AS ({found} UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i"
            " JOIN family f ON i.inhparent = f.oid) SELECT oid FROM family"
        )
        where += f" AND c.oid IN ({below})"
    return (
        f"SELECT pg_catalog.set_config('{_FILES}', (SELECT pg_catalog.jsonb_object_agg(c.oid::text, c.relfilenode::text)::text"
        f" FROM pg_catalog.pg_class c WHERE {where}), true)"
    )


def guard_sql() -> str:
    """The statement that raises ``REWRITTEN`` if one of these tables has another file, and is not small."""
    return "DO " + code(
        " DECLARE livemigrations_found text; BEGIN\n"
        "SELECT pg_catalog.string_agg(c.oid::pg_catalog.regclass::text, ', ') INTO livemigrations_found\n"
        f"FROM pg_catalog.jsonb_each_text(nullif(pg_catalog.current_setting('{_FILES}', true), '')::jsonb) f\n"
        "JOIN pg_catalog.pg_class c ON c.oid = f.key::oid WHERE c.relfilenode <> f.value::oid\n"
        f"AND pg_catalog.pg_relation_size(c.oid) > {conf.small_table_bytes()};\n"
        "IF livemigrations_found IS NOT NULL THEN RAISE EXCEPTION USING"
        f" ERRCODE = '{REWRITTEN}', MESSAGE = livemigrations_found; END IF; END "
    )


class TookTooLong(MigrationRefused):
    """A statement ran for too long under a strong lock."""


_INSTEAD = (
    "# statements that the engine can read (ALTER TABLE in a RunSQL, or an operation of Django), one migration for each"
)


def refuse_rewritten(step: Step, error: Exception) -> NoReturn:
    """Raise ``MigrationRefused`` for a step that rewrote a table and was rolled back."""
    tables = str(error).splitlines()[0]
    raise MigrationRefused(
        f"Rolled back: {step.label}\nIt rewrote the populated table {tables} under ACCESS EXCLUSIVE.", _INSTEAD
    ) from error


def refuse_slow(step: Step, error: Exception, took_ms: float, limit_ms: int) -> NoReturn:
    """Raise ``TookTooLong`` for a statement that ran for too long under a strong lock."""
    tables = ", ".join(step.hot)
    raise TookTooLong(
        f"Rolled back: {step.label}\nA statement ran for more than {limit_ms:,} ms while {tables} was locked"
        f" (cancelled after {took_ms:,.0f} ms; LIVEMIGRATIONS_LOCKED_TIMEOUT_MS sets the limit).",
        _INSTEAD,
    ) from error
