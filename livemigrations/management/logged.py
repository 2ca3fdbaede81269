"""A reporter that writes what it is told to the log as well."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from livemigrations import logs
from livemigrations.catalog.activity import Session as DatabaseSession
from livemigrations.engine.reporter import Reporter


class Logged:
    """Passes everything on to another reporter; the start of a run and waiting sessions go to the log, too."""

    def __init__(self, reporter: Reporter, database: str, command: str) -> None:
        self.reporter, self.database, self.command = reporter, database, command

    def run(self, migrations: int) -> None:
        logs.run_started(self.database, self.command, migrations)
        self.reporter.run(migrations)

    def waiting(self, what: str, sessions: Iterable[DatabaseSession]) -> None:
        found = list(sessions)
        logs.waiting(self.database, what, found)
        self.reporter.waiting(what, found)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.reporter, name)
