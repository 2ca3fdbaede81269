"""The live ``migrate`` as a mixin, for projects whose own ``migrate`` overrides Django's."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate as django_migrate
from django.db import DatabaseError, InterfaceError, connections
from django.db.migrations.executor import MigrationExecutor

from livemigrations.engine.executor import LiveExecutor
from livemigrations.engine.failures import explained, in_words
from livemigrations.engine.reporter import reporter_for, summary
from livemigrations.engine.selection import Selection
from livemigrations.engine.session import Session
from livemigrations.results import RunReport
from livemigrations.signals import run_failed, run_finished


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"give a whole number from 1 on, not {text!r}")
    return int(text)


def _count_or_all(text: str) -> int:
    return 0 if text == "all" else _count(text)


def _sprint(text: str) -> int:
    if not text.isdigit():
        raise ArgumentTypeError(f"give the number of a sprint, not {text!r}")
    return int(text)


_Make = Callable[..., MigrationExecutor]
_make: ContextVar[_Make | None] = ContextVar("livemigrations_executor", default=None)


class _ChosenExecutor(MigrationExecutor):
    """Stands in for the executor that Django's command names as a module global, its only way in.

    Outside of a live run, and in other threads, it makes Django's own.
    """

    def __new__(cls, connection: Any, progress_callback: Any = None) -> Any:
        make = _make.get() or MigrationExecutor
        return make(connection, progress_callback)


vars(django_migrate)["MigrationExecutor"] = _ChosenExecutor


@contextmanager
def _executor(make: _Make) -> Iterator[None]:
    """Let Django's command use another executor inside the block."""
    token = _make.set(make)
    try:
        yield
    finally:
        _make.reset(token)


class LiveMigrateMixin:
    """Put it before Django's (or the project's) migrate Command: ``class Command(LiveMigrateMixin, Command)``."""

    report: RunReport | None = None

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)  # type: ignore[misc]
        group = parser.add_argument_group("live migrations")
        which = group.add_mutually_exclusive_group()
        which.add_argument("--sprint", type=_sprint, metavar="N", help="Migrate to the end of sprint N, either way.")
        which.add_argument("--forward", type=_count, metavar="N", help="Apply the next N migrations.")
        which.add_argument(
            "--back",
            type=_count_or_all,
            metavar="N|all",
            help="Take back the last N migrations, or all of them.",
        )
        group.add_argument(
            "--allow-long-locks",
            action="store_true",
            help="Run also what would be refused on populated tables. For a window without traffic.",
        )
        group.add_argument("--wait", action="store_true", help="Wait while another migrate runs on this database.")
        group.add_argument(
            "--sql",
            action="store_true",
            help="Write all that is pending as a script for psql; change nothing.",
        )

    def handle(self, *args: Any, **options: Any) -> str | None:
        connection = connections[options["database"]]
        selection = Selection(options.get("sprint"), options.get("forward"), options.get("back"))
        if selection.chosen and options.get("app_label"):
            raise CommandError("--sprint, --forward and --back choose by themselves: leave the app label away.")
        if connection.vendor != "postgresql":
            return self._plain(connection.vendor, selection, *args, **options)
        if options.get("sql"):
            self._write_script(connection, selection, options)
            return None
        session = Session(connection, self._reporter(options), _command_line())
        session.around.long_locks_allowed = bool(options.get("allow_long_locks"))
        return self._run(session, selection, args, options)

    def _plain(self, vendor: str, selection: Selection, *args: Any, **options: Any) -> str | None:
        """Another database than PostgreSQL: Django's migrate, unchanged."""
        if selection.chosen or options.get("sql"):
            raise CommandError(f"--sprint, --forward, --back and --sql need PostgreSQL, not {vendor}.")
        result: str | None = super().handle(*args, **options)  # type: ignore[misc]
        return result

    def _reporter(self, options: dict[str, Any]) -> Any:
        return options.get("reporter") or reporter_for(self.stdout, self.style, options["verbosity"])  # type: ignore[attr-defined]

    def _run(self, session: Session, selection: Selection, args: Any, options: dict[str, Any]) -> str | None:
        look_only = bool(options.get("check_unapplied") or options.get("plan") or options.get("prune"))
        made: list[LiveExecutor] = []

        def make(connection: Any, progress: Any = None) -> LiveExecutor:
            made.append(LiveExecutor(session, selection, wait=bool(options.get("wait")), dry=look_only))
            return made[-1]

        quiet = {**options, "verbosity": 0} if selection.chosen and not look_only else options
        started = time.monotonic()
        try:
            with _executor(make):
                result: str | None = super().handle(*args, **quiet)  # type: ignore[misc]
        except (DatabaseError, InterfaceError) as error:
            self._failed(session, error)
            if (better := explained(error, begun=session.journal.run_id is not None)) is None:
                raise
            raise better from error
        except BaseException as error:
            self._failed(session, error)
            raise
        finally:
            session.reporter.end()
            session.close()
        if not look_only:
            self._finished(session, made[-1], time.monotonic() - started, options)
        return result

    def _failed(self, session: Session, error: BaseException) -> None:
        if session.journal.run_id is None or isinstance(error, SystemExit):
            return
        if isinstance(error, KeyboardInterrupt):
            session.reporter.note("Interrupted. What was done is kept: run migrate again and it goes on from here.")
        if session.connection.connection is not None and session.connection.is_usable():
            session.journal.end_run("failed", f"{type(error).__name__}: {error}")
        run_failed.send(sender=type(self), using=session.connection.alias, error=error)

    def _finished(self, session: Session, executor: LiveExecutor, seconds: float, options: dict[str, Any]) -> None:
        self.report = RunReport(session.connection.alias, executor.applied, executor.unapplied, session.steps, seconds)
        if session.journal.run_id is None:
            if options["verbosity"] and executor.selection.chosen:
                session.reporter.note("  No migrations to apply.")
            return
        session.journal.end_run("finished")
        for line in summary(session.steps, seconds):
            session.reporter.note(line)
        run_finished.send(sender=type(self), using=session.connection.alias, report=self.report)

    def _write_script(self, connection: Any, selection: Selection, options: dict[str, Any]) -> None:
        from livemigrations.engine.script import script

        with in_words():
            parts = list(script(connection, selection, options.get("app_label"), options.get("migration_name")))
        for part in parts:
            self.stdout.write(part)  # type: ignore[attr-defined]


def _command_line() -> str:
    return " ".join(["migrate", *sys.argv[2:]]) if "migrate" in sys.argv[1:2] else "migrate"
