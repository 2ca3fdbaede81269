"""Does the previous release still work on the expanded schema? Tried on a scratch copy, the database untouched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration
from django.db.migrations.exceptions import AmbiguityError
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from livemigrations.engine.executor import LiveExecutor
from livemigrations.engine.rehearsal import Naming, standing_in
from livemigrations.engine.selection import Key, Plan, Selection, full_order, refuse_broken_history
from livemigrations.engine.session import Session
from livemigrations.engine.stages import staged
from livemigrations.errors import LiveMigrationError, RehearsalFailed
from livemigrations.inspection import attempts
from livemigrations.inspection.attempts import Attempt, Failure, Release, attempt
from livemigrations.pgtools.copies import schema_copy
from livemigrations.results import StepReport
from livemigrations.signals import step_finished
from livemigrations.translation import Stage

_PURPOSE = "compatible"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the previous release does and can do no more, and the step that broke it."""

    model: str
    action: str
    detail: str
    statement: str
    error: str
    migration: str
    step: str


@dataclass(slots=True)
class Compatibility:
    """What was tried. ``ran`` are the migrations that were run on the copy, ``untried`` what failed before them."""

    database: str
    release: str
    ran: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    tried: int = 0
    untried: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def works(self) -> bool:
        return not self.findings

    @property
    def exit_code(self) -> int:
        return 0 if self.works else 1

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "works": self.works, "exit_code": self.exit_code}


def compatibility(
    connection: BaseDatabaseWrapper, *, since: Sequence[str] = (), everything: bool = False, sample: int = 20
) -> Compatibility:
    """Try the release that the applied migrations belong to on what the pending expand migrations make of its schema.

    ``since`` names the last migration of that release in an app, ``app.name``, where newer ones are applied already;
    ``everything`` runs the pending contract migrations too; ``sample`` is the number of rows to copy of each table.
    Raises ``LiveMigrationError`` for names that are not known, and what copies and migrations raise.
    """
    loader = MigrationLoader(connection)
    refuse_broken_history(loader, connection)
    undone = _after(loader, since)
    plan, waiting = _plan(loader, undone, everything=everything)
    release = _release(loader, undone)
    report = Compatibility(connection.alias, ", ".join(since) or "the applied migrations", waiting=waiting)
    if not plan or not release.models:
        return report
    back = [(migration, True) for migration in reversed([loader.graph.nodes[key] for key in undone])]
    with _copy(connection, sample, back) as copy:
        works, report.untried = _baseline(Release(copy, release.apps.get_models(include_auto_created=True)))
        report.tried = len(works)
        report.ran = _run(copy, plan)
        broken = {one.key for one in works if attempt(copy, one)}
    if broken:
        with _copy(connection, sample, back) as copy:
            report.findings = _culprits(copy, release, plan, broken)
    return report


# --- what is run -----------------------------------------------------------------------------------------------


def _after(loader: MigrationLoader, since: Sequence[str]) -> list[Key]:
    """The applied migrations that came after the named ones, in order."""
    later: set[Key] = set()
    for text in since:
        app, _, name = text.partition(".")
        try:
            key = (app, loader.get_migration_by_prefix(app, name).name)
        except KeyError as error:
            raise LiveMigrationError(
                f"There is no migration {text}. Remedy: give app.name, as showmigrations does."
            ) from error
        except AmbiguityError as error:
            raise LiveMigrationError(
                f"More than one migration of {app} begins with {name}. Remedy: give its whole name."
            ) from error
        if key not in loader.applied_migrations:
            raise LiveMigrationError(f"{app}.{key[1]} is not applied: a release that has it has not been at work here.")
        later |= {other for other in loader.graph.backwards_plan(key) if other != key}
        later |= {other for other in loader.graph.nodes if other[0] == app and key in _before(loader, other)}
    return [key for key in full_order(loader) if key in later and key in loader.applied_migrations]


def _before(loader: MigrationLoader, key: Key) -> set[Key]:
    return set(loader.graph.forwards_plan(key)) - {key}


def _plan(loader: MigrationLoader, undone: list[Key], *, everything: bool) -> tuple[Plan, list[str]]:
    """What to run on the copy: what was applied since, and what is pending in the stage."""
    pending: Plan = [
        (loader.graph.nodes[key], False) for key in full_order(loader) if key not in loader.applied_migrations
    ]
    waiting: list[str] = []
    if not everything:
        chosen = staged(loader, Stage.EXPAND, pending, loader.applied_migrations)
        pending, waiting = chosen.plan, chosen.waiting
    return [*((loader.graph.nodes[key], False) for key in undone), *pending], waiting


def _release(loader: MigrationLoader, undone: list[Key]) -> ProjectState:
    """The state that the previous release's models are made from."""
    known = [key for key in loader.applied_migrations if key in loader.graph.nodes and key not in undone]
    return loader.graph.make_state(nodes=known, real_apps=loader.unmigrated_apps) if known else ProjectState()


@contextmanager
def _copy(connection: BaseDatabaseWrapper, sample: int, back: Plan) -> Iterator[BaseDatabaseWrapper]:
    """A copy that stands where the previous release had its database."""
    with schema_copy(connection, purpose=_PURPOSE, sample=sample) as made, standing_in(made, connection.alias) as copy:
        if back:
            _run(copy, back)
        yield copy


def _run(copy: BaseDatabaseWrapper, plan: Plan) -> list[str]:
    """Run a plan on a copy; return the names of its migrations."""
    session = Session(copy, Naming(), "migrations compatible")
    try:
        LiveExecutor(session, Selection()).run_plan(plan)
        session.journal.end_run("finished")
    except LiveMigrationError as error:
        raise RehearsalFailed(
            "The migrations did not come to their end on the copy, so nothing could be tried. The database itself was"
            f" not changed. There it was:\n{error}"
        ) from error
    finally:
        session.close()
    return [_name(migration) for migration, _ in plan]


def _name(migration: Migration) -> str:
    return f"{migration.app_label}.{migration.name}"


# --- what is tried ---------------------------------------------------------------------------------------------


def _baseline(release: Release) -> tuple[list[Attempt], list[str]]:
    """What works before anything is run, and a line for each thing that does not and so can show nothing.

    Single values that the schema refuses from the start are passed over: the release cannot write those.
    """
    works, untried = [], []
    for one in release.attempts():
        if not (failure := attempt(release.connection, one)):
            works.append(one)
        elif not one.is_value:
            untried.append(f"{one.model}: {one.action} {one.detail}: {failure.error.splitlines()[0]}")
    return works, untried


def _culprits(copy: BaseDatabaseWrapper, state: ProjectState, plan: Plan, broken: set[attempts.Key]) -> list[Finding]:
    """Run the plan again and try what broke after every step, so that the step is known."""
    release = Release(copy, state.apps.get_models(include_auto_created=True))
    left = {one.key: one for one in release.attempts() if one.key in broken}
    found: list[Finding] = []

    def look(migration: str, step: str) -> None:
        for key, one in list(left.items()):
            if failure := attempt(copy, one):
                del left[key]
                found.append(_finding(one, failure, migration, step))

    with _after_each_step(copy, lambda report: look(report.migration, _words(report))):
        _run(copy, plan)
    look(_name(plan[-1][0]), "the end of it")
    return _causes(found)


def _causes(found: list[Finding]) -> list[Finding]:
    """Without what fails only because the row that it needs can be inserted no more, by the same step."""
    steps = {(one.model, one.migration, one.step) for one in found if (one.action, one.detail) == ("insert", "a row")}
    return [
        one
        for one in found
        if (one.action, one.detail) == ("insert", "a row")
        or not one.statement.startswith("INSERT")
        or (one.model, one.migration, one.step) not in steps
    ]


def _finding(one: Attempt, failure: Failure, migration: str, step: str) -> Finding:
    return Finding(one.model, one.action, one.detail, failure.statement, failure.error, migration, step)


def _words(report: StepReport) -> str:
    return f"operation {report.operation + 1}: {report.description}"


@contextmanager
def _after_each_step(copy: BaseDatabaseWrapper, look: Callable[[StepReport], None]) -> Iterator[None]:
    def receive(sender: object, *, using: str, report: StepReport, **rest: Any) -> None:
        if using == copy.alias:
            look(report)

    step_finished.connect(receive, weak=False)
    try:
        yield
    finally:
        step_finished.disconnect(receive)
