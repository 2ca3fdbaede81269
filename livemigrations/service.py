"""The Python interface: what the commands do, for products that migrate from their own code."""

from __future__ import annotations

from io import StringIO
from typing import Any

from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.backups.service import BackupService
from livemigrations.engine.pooler import direct
from livemigrations.engine.status import history, status
from livemigrations.errors import LiveMigrationError
from livemigrations.inspection.service import InspectionService, twin
from livemigrations.management.commands.migrate import Command
from livemigrations.results import AppliedMigration, RunReport, Status
from livemigrations.review.plan import plan
from livemigrations.review.planned import PlannedMigration
from livemigrations.review.trace import Choice, trace
from livemigrations.review.traced import TraceReport


class MigrationService(InspectionService, BackupService):
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
        **options: bool,
    ) -> RunReport:
        """Apply what is pending, or what is named; ``stage`` is None, "expand" or "contract".

        With ``backup`` the database is backed up before the first step, if there is one. ``options`` are the switches of
        the command: verify, rollback_on_failure, discard_data, allow_long_locks, fake, fake_initial, run_syncdb.
        Raises ``errors.LiveMigrationError``; what was done is kept, unless ``rollback_on_failure`` took it back.
        """
        _refuse_less_than_one("forward", forward)
        where = [part for part in (app_label, migration_name) if part]
        chosen = {"sprint": sprint, "forward": forward, "stage": stage}
        return self._migrate(*where, **chosen, wait=wait, backup=backup, **_switches(options))

    def rollback(
        self, steps: int | None = 1, *, sprint: int | None = None, wait: bool = False, **options: bool
    ) -> RunReport:
        """Take back the last ``steps`` migrations (None: all), or everything after ``sprint``; ``options`` as for ``run``."""
        _refuse_less_than_one("steps", steps)
        chosen = {"sprint": sprint} if sprint is not None else {"back": 0 if steps is None else steps}
        return self._migrate(**chosen, wait=wait, **_switches(options))

    def sql(
        self,
        app_label: str | None = None,
        migration_name: str | None = None,
        *,
        sprint: int | None = None,
        stage: str | None = None,
        discard_data: bool = False,
    ) -> str:
        """The script for psql that ``migrate --sql`` writes; nothing is changed."""
        from livemigrations.engine.script import script
        from livemigrations.engine.selection import Selection

        selection = Selection(sprint=sprint, stage=stage)
        return "\n".join(script(self._connection, selection, app_label, migration_name, discard=discard_data))

    def status(self) -> Status:
        """Where the database stands."""
        return status(self._connection)

    def history(self) -> list[AppliedMigration]:
        """What was applied, newest first."""
        return history(self._connection)

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

    arun = twin(run)
    arollback = twin(rollback)
    asql = twin(sql)
    astatus = twin(status)
    ahistory = twin(history)
    aplan = twin(plan)
    atrace = twin(trace)
    run_migrations = arun
    get_migration_status = astatus


def run_migrations(using: str = DEFAULT_DB_ALIAS, **options: Any) -> RunReport:
    """``MigrationService(using).run(**options)``."""
    return MigrationService(using).run(**options)


def get_migration_status(using: str = DEFAULT_DB_ALIAS) -> Status:
    """``MigrationService(using).status()``."""
    return MigrationService(using).status()


_SWITCHES = ("verify", "rollback_on_failure", "discard_data", "allow_long_locks", "fake", "fake_initial", "run_syncdb")


def _switches(options: dict[str, bool]) -> dict[str, bool]:
    """The switches that migrate knows. Raises ``TypeError`` for another."""
    if unknown := sorted(set(options) - set(_SWITCHES)):
        raise TypeError(f"migrate has no option {', '.join(unknown)}. Known: {', '.join(_SWITCHES)}.")
    return options


def _refuse_less_than_one(name: str, number: int | None) -> None:
    if number is not None and number < 1:
        raise LiveMigrationError(f"{name} has to be 1 or more, not {number}. Nothing was changed.")
