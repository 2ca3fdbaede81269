"""The Python interface: what the commands do, for products that migrate from their own code."""

from __future__ import annotations

from io import StringIO
from typing import Any

from asgiref.sync import sync_to_async
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.backups.service import BackupService
from livemigrations.engine.pooler import direct
from livemigrations.engine.status import status
from livemigrations.errors import LiveMigrationError
from livemigrations.management.commands.migrate import Command
from livemigrations.results import RunReport, Status
from livemigrations.review.plan import plan
from livemigrations.review.planned import PlannedMigration
from livemigrations.review.trace import Choice, trace
from livemigrations.review.traced import TraceReport


class MigrationService(BackupService):
    """Migrates one database and says where it stands. ``using`` is the alias; every method has an async twin."""

    def __init__(self, using: str = DEFAULT_DB_ALIAS) -> None:
        self.using = using

    @property
    def _connection(self) -> BaseDatabaseWrapper:
        return connections[self.using]

    def run(
        self,
        app_label: str | None = None,
        migration_name: str | None = None,
        *,
        sprint: int | None = None,
        forward: int | None = None,
        stage: str | None = None,
        wait: bool = False,
        backup: bool = False,
    ) -> RunReport:
        """Apply what is pending, or what is named; ``stage`` is None, "expand" or "contract".

        With ``backup`` the database is backed up before the first step, if there is one.
        Raises ``errors.LiveMigrationError``; what was done is kept.
        """
        _refuse_less_than_one("forward", forward)
        where = [part for part in (app_label, migration_name) if part]
        return self._migrate(*where, sprint=sprint, forward=forward, stage=stage, wait=wait, backup=backup)

    def rollback(self, steps: int | None = 1, *, sprint: int | None = None, wait: bool = False) -> RunReport:
        """Take back the last ``steps`` migrations (None: all), or everything after ``sprint``."""
        _refuse_less_than_one("steps", steps)
        if sprint is not None:
            return self._migrate(sprint=sprint, wait=wait)
        return self._migrate(back=0 if steps is None else steps, wait=wait)

    def status(self) -> Status:
        """Where the database stands."""
        return status(self._connection)

    def plan(
        self,
        app_label: str | None = None,
        migration_name: str | None = None,
        *,
        sprint: int | None = None,
        stage: str | None = None,
        check_rows: bool = False,
    ) -> list[PlannedMigration]:
        """What ``run`` would apply, in order, each with its operations, steps, locks, tables and refusals."""
        report = plan(self._connection, app_label, migration_name, sprint=sprint, stage=stage, check_rows=check_rows)
        return report.migrations

    def trace(
        self,
        app_label: str | None = None,
        migration_name: str | None = None,
        *,
        sprint: int | None = None,
        stage: str | None = None,
        sample: int = 0,
        plain: bool = False,
    ) -> TraceReport:
        """What ``run`` really locks and does, seen on a scratch copy of the schema with up to ``sample`` rows a table."""
        choice = Choice(app_label, migration_name, sprint, stage)
        with direct(self._connection) as connection:
            return trace(connection, choice, sample=sample, plain=plain)

    def _migrate(self, *where: str, **options: Any) -> RunReport:
        command = Command()
        call_command(command, *where, database=self.using, interactive=False, verbosity=0, stdout=StringIO(), **options)
        report = command.report or RunReport(self.using)
        now = self.status()
        report.current_revision, report.pending_migrations = now.current_revision, now.pending_migrations
        return report

    async def arun(self, *args: Any, **options: Any) -> RunReport:
        """``run``, awaited in a thread."""
        return await sync_to_async(self.run)(*args, **options)

    async def arollback(self, *args: Any, **options: Any) -> RunReport:
        """``rollback``, awaited in a thread."""
        return await sync_to_async(self.rollback)(*args, **options)

    async def astatus(self) -> Status:
        """``status``, awaited in a thread."""
        return await sync_to_async(self.status)()

    async def aplan(self, *args: Any, **options: Any) -> list[PlannedMigration]:
        """``plan``, awaited in a thread."""
        return await sync_to_async(self.plan)(*args, **options)

    async def atrace(self, *args: Any, **options: Any) -> TraceReport:
        """``trace``, awaited in a thread."""
        return await sync_to_async(self.trace)(*args, **options)


def _refuse_less_than_one(name: str, number: int | None) -> None:
    if number is not None and number < 1:
        raise LiveMigrationError(f"{name} has to be 1 or more, not {number}. Nothing was changed.")
