"""The live ``migrate`` as a mixin, for projects whose own ``migrate`` overrides Django's."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate as django_migrate
from django.db import DatabaseError, InterfaceError, connections
from django.db.migrations.exceptions import InconsistentMigrationHistory
from django.db.migrations.executor import MigrationExecutor

from livemigrations import conf
from livemigrations.engine.executor import LiveExecutor
from livemigrations.engine.failures import explained, in_words, settle, uninterrupted
from livemigrations.engine.pooler import direct
from livemigrations.engine.reporter import reporter_for, summary
from livemigrations.engine.selection import Selection
from livemigrations.engine.session import Session
from livemigrations.errors import BrokenHistory, LiveMigrationError, VerificationFailed
from livemigrations.management.logged import Logged
from livemigrations.management.options import add_live_options, refuse_contradictions
from livemigrations.management.reports import json_of
from livemigrations.results import RunReport
from livemigrations.signals import run_failed, run_finished

if TYPE_CHECKING:
    from livemigrations.inspection.aftermath import Baseline

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
_KEPT = "What was done is kept: run migrate again and it goes on from here."


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
    _executors: list[LiveExecutor]
    _session: Session | None = None
    _started = 0.0
    _told = _verified = False
    _unbegun = "Nothing was changed."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)  # type: ignore[misc]
        add_live_options(parser)

    def run_from_argv(self, argv: list[str]) -> None:
        """Run as a command of its own: Ctrl-C is answered with a message, and needs no traceback."""
        try:
            with uninterrupted():
                super().run_from_argv(argv)  # type: ignore[misc]
        except KeyboardInterrupt:
            if not self._told:
                sys.stderr.write(f"Interrupted. {self.left}".rstrip() + "\n")
            sys.exit(130)

    @property
    def left(self) -> str:
        """What an end at this moment leaves, in words."""
        begun = self._session is not None and self._session.journal.run_id is not None
        return _KEPT if begun else self._unbegun

    def check(self, *args: Any, **options: Any) -> Any:
        """Check as Django does. Some fields ask the server for its version: one that nobody reaches is put into words."""
        with in_words():
            return super().check(*args, **options)  # type: ignore[misc]

    def handle(self, *args: Any, **options: Any) -> str | None:
        connection, self.report = connections[options["database"]], None
        if options.get("as_json"):
            options["verbosity"] = 0
        selection = Selection(options.get("sprint"), options.get("forward"), options.get("back"), options.get("stage"))
        refuse_contradictions(options)
        conf.check()
        if connection.vendor != "postgresql":
            return self._plain(connection.vendor, selection, *args, **options)
        with uninterrupted(), ExitStack() as stack:
            with in_words():
                must = not (_looks_only(options) or options.get("sql"))
                own = stack.enter_context(direct(connection, must=must, tell=self._tell(options)))
            return self._live(own, selection, args, options)

    def _tell(self, options: dict[str, Any]) -> Callable[[str], None]:
        return self.stdout.write if options["verbosity"] and not options.get("sql") else lambda text: None  # type: ignore[attr-defined]

    def _live(self, connection: Any, selection: Selection, args: Any, options: dict[str, Any]) -> str | None:
        """PostgreSQL, on a connection that keeps its session."""
        if options.get("sql"):
            self._write_script(connection, selection, options)
            return None
        session = Session(connection, self._reporter(options), _command_line())
        self._session, self._executors, self._started = session, [], time.monotonic()
        session.around.long_locks_allowed = bool(options.get("allow_long_locks"))
        self._set_keeper(session, options)
        error: BaseException | None = None
        try:
            return self._run(session, selection, args, options)
        except Exception as failed:
            error = failed
            if options.get("rollback_on_failure"):
                try:
                    self._take_back(connection, options, failed)
                except LiveMigrationError as taken_back:
                    error = taken_back
                    raise
            raise
        except BaseException as interrupted:
            error = interrupted
            raise
        finally:
            if options.get("as_json"):
                self.stdout.write(json_of(self.report or self._report(session), error))  # type: ignore[attr-defined]

    def _report(self, session: Session) -> RunReport:
        """What the run has done so far, whether it ended well or not."""
        report = RunReport(session.connection.alias, steps=session.steps, duration_s=time.monotonic() - self._started)
        if self._executors:
            executor = self._executors[-1]
            report.applied, report.unapplied, report.waiting = executor.applied, executor.unapplied, executor.waiting
            report.backup = getattr(executor, "backup", None)
            report.verified = self._verified or None
        return report

    def _take_back(self, connection: Any, options: dict[str, Any], error: Exception) -> None:
        """Reverse what the run began, on a connection and under a lease of its own."""
        from livemigrations.engine.reversal import take_back

        begun = self._executors[-1].begun if self._executors else []
        if not begun:
            return
        connection.close()
        session = Session(connection, self._reporter(options), f"take back: {_command_line()}")
        session.around.long_locks_allowed = bool(options.get("allow_long_locks"))
        try:
            with in_words():
                take_back(session, begun, error)
        finally:
            session.reporter.end()
            session.close()

    def _set_keeper(self, session: Session, options: dict[str, Any]) -> None:
        keeper = session.around.keeper
        keeper.discard = keeper.discard or bool(options.get("discard_data"))
        if options.get("interactive") and sys.stdin is not None and sys.stdin.isatty():
            keeper.confirm = session.reporter.ask

    def _plain(self, vendor: str, selection: Selection, *args: Any, **options: Any) -> str | None:
        """Another database than PostgreSQL: Django's migrate, unchanged."""
        wanted = any(options.get(name) for name in ("sql", "backup", "rollback_on_failure", "verify", "as_json"))
        if selection.chosen or selection.stage or wanted:
            raise CommandError(
                "--sprint, --forward, --back, --stage, --sql, --backup, --rollback-on-failure, --verify and --json need"
                f" PostgreSQL, not {vendor}.",
                returncode=2,
            )
        self._unbegun = ""  # Django keeps no books of what a run began
        result: str | None = super().handle(*args, **options)  # type: ignore[misc]
        return result

    def _reporter(self, options: dict[str, Any]) -> Any:
        made = options.get("reporter") or reporter_for(self.stdout, self.style, options["verbosity"])  # type: ignore[attr-defined]
        return Logged(made, options["database"], _command_line())

    def _run(self, session: Session, selection: Selection, args: Any, options: dict[str, Any]) -> str | None:
        look_only = _looks_only(options)

        def make(connection: Any, progress: Any = None) -> LiveExecutor:
            wait, fake = bool(options.get("wait")), bool(options.get("fake"))
            kind = self._executor_class(options)
            self._executors.append(kind(session, selection, wait=wait, dry=look_only, fake=fake))
            return self._executors[-1]

        own_words = (selection.chosen or selection.stage) and not look_only
        quiet = {**options, "verbosity": 0} if own_words else options
        try:
            with _executor(make), uninterrupted():
                baseline = self._baseline(session, options)
                result: str | None = super().handle(*args, **quiet)  # type: ignore[misc]
                self._verify(session, baseline)
        except InconsistentMigrationHistory as error:
            raise BrokenHistory(f"{error} Nothing was changed.") from error
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
            self._finished(session, options)
        return result

    def _baseline(self, session: Session, options: dict[str, Any]) -> Baseline | None:
        """What --verify compares with; None where nothing would run."""
        if not options.get("verify"):
            return None
        from livemigrations.inspection.aftermath import measure

        return measure(session.connection)

    def _verify(self, session: Session, baseline: Baseline | None) -> None:
        """Raise ``VerificationFailed`` if the run made something worse."""
        if baseline is None or session.journal.run_id is None:
            return
        from livemigrations.inspection.aftermath import measure, problems

        if found := problems(baseline, measure(session.connection)):
            raise VerificationFailed(found)
        self._verified = True

    def _executor_class(self, options: dict[str, Any]) -> Callable[..., LiveExecutor]:
        if not options.get("backup"):
            return LiveExecutor
        from livemigrations.backups.telling import Silent, telling_for
        from livemigrations.management.backing import BackingExecutor

        def telling() -> Any:
            return Silent() if options.get("reporter") else telling_for(self.stdout, options["verbosity"])  # type: ignore[attr-defined]

        return partial(BackingExecutor, make_telling=telling)

    def _failed(self, session: Session, error: BaseException) -> None:
        if session.journal.run_id is None or isinstance(error, SystemExit):
            return
        if isinstance(error, KeyboardInterrupt):
            session.reporter.note(f"Interrupted. {_KEPT}")
            self._told = True
            settle(session.connection, session.backend)
        if session.connection.connection is not None and session.connection.is_usable():
            session.journal.end_run("failed", f"{type(error).__name__}: {error}")
        run_failed.send(sender=type(self), using=session.connection.alias, error=error)

    def _finished(self, session: Session, options: dict[str, Any]) -> None:
        self.report, executor = self._report(session), self._executors[-1]
        if session.journal.run_id is None:
            if options["verbosity"] and (executor.selection.chosen or executor.selection.stage):
                session.reporter.note("  No migrations to apply.")
            self._tell_waiting(session, executor)
            return
        session.journal.end_run("finished")
        for line in summary(session.steps, self.report.duration_s):
            session.reporter.note(line)
        if self._verified:
            session.reporter.note("Verified: no new orphans, nothing new that is not validated, no table lost rows.")
        self._tell_waiting(session, executor)
        run_finished.send(sender=type(self), using=session.connection.alias, report=self.report)

    def _tell_waiting(self, session: Session, executor: LiveExecutor) -> None:
        for line in executor.waiting:
            session.reporter.note(f"  {line}")

    def _write_script(self, connection: Any, selection: Selection, options: dict[str, Any]) -> None:
        from livemigrations.engine.script import script

        with in_words():
            where = options.get("app_label"), options.get("migration_name")
            parts = list(script(connection, selection, *where, discard=bool(options.get("discard_data"))))
        for part in parts:
            self.stdout.write(part)  # type: ignore[attr-defined]


def _looks_only(options: dict[str, Any]) -> bool:
    return bool(options.get("check_unapplied") or options.get("plan") or options.get("prune"))


def _command_line() -> str:
    return " ".join(["migrate", *sys.argv[2:]]) if "migrate" in sys.argv[1:2] else "migrate"
