"""``migrations trace``: the pending migrations run on a copy of the schema, watched statement by statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor

from livemigrations import conf
from livemigrations.catalog.relations import database_is_empty, fetch
from livemigrations.engine.confinement import running
from livemigrations.engine.dry import dry_session, plan_of, read_only, targets
from livemigrations.engine.executor import LiveExecutor
from livemigrations.engine.rehearsal import Mirrored, Naming, Rehearsal, Seen, observe, standing_in
from livemigrations.engine.reporter import Silent
from livemigrations.engine.selection import Selection
from livemigrations.engine.steps import Step
from livemigrations.errors import LiveMigrationError, MigrationRefused
from livemigrations.pgtools.copies import schema_copy
from livemigrations.pgtools.running import server_version
from livemigrations.results import StepReport
from livemigrations.review.trace_findings import Scene, findings
from livemigrations.review.trace_recorder import Place, Recorder
from livemigrations.review.traced import DANGER, Finding, SourceTable, TraceReport
from livemigrations.statements.names import Name


@dataclass(frozen=True, slots=True)
class Choice:
    """Which migrations are traced, in the words of migrate."""

    app_label: str | None = None
    migration_name: str | None = None
    sprint: int | None = None
    stage: str | None = None

    @property
    def selection(self) -> Selection:
        return Selection(sprint=self.sprint, stage=self.stage)


def trace(
    connection: BaseDatabaseWrapper, choice: Choice | None = None, *, sample: int = 0, plain: bool = False
) -> TraceReport:
    """Run the chosen migrations on a scratch copy of the schema and tell what each statement really did.

    The copy has no rows, or up to ``sample`` of each table; tables count as populated and as large as they are in
    the source, so that the live engine takes the ways that it would take there. ``plain`` runs Django's own executor
    instead. The source is only read. Raises ``MissingRights`` where no scratch database can be made.
    """
    choice = choice or Choice()
    with read_only(connection):
        report = TraceReport(connection.alias, "django" if plain else "live", server_version(connection), sample)
        _, chosen = plan_of(dry_session(connection), choice.selection, choice.app_label, choice.migration_name)
        if not chosen:
            return report
        seen = observe(connection)
    with schema_copy(connection, purpose="trace", sample=sample) as copy, standing_in(copy, connection.alias) as stand:
        recorder = Recorder(stand)
        report.untraced += _unseen(stand, plain=plain)
        keys = _keys(recorder)
        run = _run_plain if plain else _run_live
        with recorder.recording(), _stopped(report):
            run(report, recorder, seen, choice)
        report.statements = recorder.statements
        report.untraced += recorder.untraced
        scene = _scene(recorder, seen, keys | _keys(recorder))
    report.findings += findings(report.statements, scene)
    met = {table for statement in report.statements for table in {**statement.held, **statement.scanned}}
    report.tables = {name: table for name, table in scene.tables.items() if name in met}
    return report


def _unseen(copy: BaseDatabaseWrapper, *, plain: bool) -> Iterator[str]:
    """What this trace cannot see."""
    if fetch(copy, "SHOW track_counts")[0][0] == "off":
        yield "scans and written rows: the server's setting track_counts is off"
    if not plain and database_is_empty(copy):
        yield "single steps: the database is empty, so all runs in few transactions, and nobody could wait for it"


@contextmanager
def _stopped(report: TraceReport) -> Iterator[None]:
    """Note why a run ended early: what it did until then is worth telling."""
    try:
        yield
    except (LiveMigrationError, DatabaseError) as error:
        report.stopped = str(error).strip()


# --- the live engine -----------------------------------------------------------------------------------------------


class _Traced(Rehearsal):
    """A rehearsal that tells the recorder which step runs."""

    recorder: Recorder

    def step_started(self, migration: str, operation: int, step: Step) -> None:
        self.recorder.place = Place(migration, operation + 1, step.label, step.lane.value)

    def step_finished(self, step: Step, report: StepReport) -> None:
        super().step_finished(step, report)
        self.recorder.place = None


class _Teller(Naming):
    """Notes which migrations run, and lets --allow-long-locks hold only for the one that was refused."""

    def __init__(self, report: TraceReport) -> None:
        self.report = report
        self.around: Mirrored | None = None

    def migration(self, name: str, *, backwards: bool, fake: bool = False) -> None:
        super().migration(name, backwards=backwards, fake=fake)
        if name not in self.report.migrations:
            self.report.migrations.append(name)
            if self.around is not None:
                self.around.long_locks_allowed = False


def _run_live(report: TraceReport, recorder: Recorder, seen: dict[Name, Seen], choice: Choice) -> None:
    """Run as migrate would; behind what is refused, as --allow-long-locks would."""
    teller = _Teller(report)
    teller.around = around = Mirrored(recorder.connection, seen)
    while (refused := _until_refused(recorder, teller, choice)) is not None:
        where = report.migrations[-1] if report.migrations else ""
        report.findings.append(Finding("refused", DANGER, where, "", "", str(refused)))
        if around.long_locks_allowed:
            raise refused
        around.executed()  # what was planned together with it has not run
        around.long_locks_allowed = True


def _until_refused(recorder: Recorder, teller: _Teller, choice: Choice) -> MigrationRefused | None:
    session = _Traced(recorder.connection, teller, "migrations trace")
    session.recorder = recorder
    assert teller.around is not None
    session.around = teller.around
    try:
        executor = LiveExecutor(session, choice.selection)
        goals = targets(executor, choice.app_label, choice.migration_name)
        executor.migrate(goals, executor.migration_plan(goals))
    except MigrationRefused as error:
        return error
    finally:
        recorder.place = None
        session.close()
    return None


# --- Django's executor ---------------------------------------------------------------------------------------------


def _run_plain(report: TraceReport, recorder: Recorder, seen: dict[Name, Seen], choice: Choice) -> None:
    """The same migrations as the live engine would take, through the executor and the editor of Django."""
    rehearsal = Rehearsal(recorder.connection, Silent())
    _, chosen = plan_of(rehearsal, choice.selection, choice.app_label, choice.migration_name)
    for backwards in (True, False):
        keys = [(m.app_label, m.name) for m, back in chosen if back == backwards]
        if not keys:
            continue
        executor = MigrationExecutor(recorder.connection, _following(report, recorder))
        plan = [(executor.loader.graph.nodes[key], backwards) for key in keys]
        executor.migrate(keys, plan, executor._create_project_state(with_applied_migrations=True))  # type: ignore[attr-defined]


def _following(report: TraceReport, recorder: Recorder) -> Callable[..., None]:
    """What Django's executor tells of its progress, for the recorder."""

    def follow(action: str, migration: Migration | None = None, fake: bool = False) -> None:
        if action in ("apply_start", "unapply_start") and migration is not None:
            report.migrations.append(str(migration))
            running(str(migration))
            recorder.place = Place(str(migration))
        elif action in ("apply_success", "unapply_success"):
            recorder.place = None

    return follow


# --- what it is judged by ------------------------------------------------------------------------------------------

_KEYS = "SELECT conrelid::bigint, confrelid::bigint FROM pg_constraint WHERE contype = 'f' AND conrelid <> confrelid"


def _keys(recorder: Recorder) -> frozenset[tuple[str, str]]:
    rows = fetch(recorder.connection, _KEYS)
    names = recorder.names
    return frozenset((names[child], names[parent]) for child, parent in rows if child in names and parent in names)


def _scene(recorder: Recorder, seen: dict[Name, Seen], keys: frozenset[tuple[str, str]]) -> Scene:
    tables: dict[str, SourceTable] = {}
    for oid, name in recorder.names.items():
        if (facts := seen.get(recorder.original[oid])) is not None:
            tables[name] = SourceTable(facts.populated, facts.rows, facts.size)
    waits = fetch(
        recorder.connection, "SELECT extract(epoch FROM current_setting('deadlock_timeout')::interval) * 1000"
    )
    return Scene(tables, keys, conf.small_table_bytes(), float(waits[0][0]))
