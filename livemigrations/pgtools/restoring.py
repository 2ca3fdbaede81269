"""pg_restore, also where it is newer than the server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch
from livemigrations.pgtools.programs import major_version, program
from livemigrations.pgtools.running import run, server_version

_NEW_SETTING, _SINCE = "transaction_timeout", 17


def restore(
    connection: BaseDatabaseWrapper,
    archive: Path,
    *options: str,
    made_by: int = 0,
    database: str | None = None,
    line: Callable[[str], None] | None = None,
) -> None:
    """Restore an archive into the connection's database, or into ``database``; stops at the first error.

    A pg_restore of 17 or newer sets a parameter that older servers do not know, and nothing tells it not to. There
    it cannot stop at the first error; that one is let pass, and any other one makes it fail at its end. ``made_by``
    is the major version of the pg_dump that wrote the archive, which older programs cannot read. Raises
    ``ProgramFailed`` and ``ProgramMissing``.
    """
    version, settings = server_version(connection), _patience(connection)
    client = major_version(program("pg_restore", server_version=version, made_by=made_by))
    if version // 10000 >= _SINCE or client < _SINCE:
        arguments: list[str | Path] = [*options, "--exit-on-error", archive]
        run("pg_restore", connection, arguments, made_by=made_by, database=database, settings=settings, line=line)
        return
    errors: list[str] = []

    def listen(text: str) -> None:
        if text.startswith("pg_restore: error:"):
            errors.append(text)
        if line is not None:
            line(text)

    def harmless(said: list[str]) -> bool:
        finished = any(text.startswith("pg_restore: warning: errors ignored on restore:") for text in said)
        return finished and all(_NEW_SETTING in text for text in errors)

    run(
        "pg_restore",
        connection,
        [*options, archive],
        made_by=made_by,
        database=database,
        settings=settings,
        line=listen,
        tolerate=harmless,
    )


def _patience(connection: BaseDatabaseWrapper) -> str:
    """What keeps the server from ending a process of pg_restore that waits for work; it sees to other timeouts itself."""
    limited = fetch(connection, "SELECT 1 WHERE current_setting('idle_session_timeout') <> '0'")
    return "-c idle_session_timeout=0" if limited else ""
