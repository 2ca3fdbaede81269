"""``migrations plan``: what a run would do, operation by operation, with nothing written anywhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import fields, replace

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration

from livemigrations.catalog.relations import USER_SCHEMA, fetch
from livemigrations.catalog.twins import twins_on
from livemigrations.engine.connections import sqlstate
from livemigrations.engine.dry import DryPassage, dry_session, plan_of, read_only, walk
from livemigrations.engine.journal import Row
from livemigrations.engine.passage import Place
from livemigrations.engine.runner import NOT_THERE
from livemigrations.engine.selection import Selection, sprint_of
from livemigrations.engine.session import Session
from livemigrations.engine.status import description_of, pending
from livemigrations.engine.steps import Lane, RowCheck, Step
from livemigrations.engine.unfinished import refuse_unfinished
from livemigrations.errors import LiveMigrationError, MigrationEdited, MigrationRefused, ProgramMissing
from livemigrations.pgtools.copies import schema_copy
from livemigrations.pgtools.scratch import scratch_database
from livemigrations.results import PendingMigration
from livemigrations.review.estimates import Experience, estimate, rewrite
from livemigrations.review.facts import Facts
from livemigrations.review.planned import PlannedCheck, PlannedMigration, PlannedOperation, PlannedStep, PlanReport
from livemigrations.review.standing import in_the_way
from livemigrations.review.trial import try_out
from livemigrations.translation import Stage

_ASSIGNED = re.compile(r"""(?:\bSET|,)\s*"?(\w+)"?\s*=""", re.IGNORECASE)


def plan(
    connection: BaseDatabaseWrapper,
    app_label: str | None = None,
    migration_name: str | None = None,
    *,
    sprint: int | None = None,
    stage: str | None = None,
    check_rows: bool = False,
) -> PlanReport:
    """What ``migrate`` with the same words would do now.

    Everything is read in transactions that are read-only. Where an operation would adopt a table that stands there,
    the two definitions are compared in a scratch database. ``check_rows`` asks the questions about rows as well:
    they read whole tables.
    """
    with read_only(connection), _twins_elsewhere(connection):
        session = dry_session(connection)
        executor, chosen = plan_of(session, Selection(sprint=sprint, stage=stage), app_label, migration_name)
        if stage == Stage.CONTRACT:
            refuse_unfinished(connection, executor.loader, chosen)
        reader = _Reader(session)
        foreseen = walk(executor, chosen, lambda migration: Foreseen(session, migration, reader.read))
        known = {migration.revision: migration for migration in pending(connection)}
        stands = _anything_stands(connection)
    untried = _try_out(connection, foreseen) if stands else ""
    report = PlanReport(
        connection.alias,
        [one.planned(known, backwards=(one.migration, True) in chosen) for one in foreseen],
        untried,
    )
    return _asked(connection, report) if check_rows else report


# --- the trial -----------------------------------------------------------------------------------------------------

_ANYTHING = (
    f"SELECT EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {USER_SCHEMA}"
    " AND c.relname !~ '^(livemigrations_|django_migrations)')"
)


def _anything_stands(connection: BaseDatabaseWrapper) -> bool:
    """Whether the database has any relation of its own that could be in the way."""
    return bool(fetch(connection, _ANYTHING)[0][0])


def _try_out(connection: BaseDatabaseWrapper, foreseen: list[Foreseen]) -> str:
    """Note at each planned step what would stop it on the server; return why that could not be tried, if so."""
    places = [(one, number) for one in foreseen for number in range(len(one.raw))]
    if not any(step.sql for one in foreseen for step in one.raw):
        return ""
    try:
        found = try_out(connection, [one.raw[number] for one, number in places])
    except LiveMigrationError as error:
        return str(error)
    for place, problem in found.items():
        one, number = places[place]
        one.stop(number, problem)
    return ""


# --- twins ---------------------------------------------------------------------------------------------------------


class NotCompared(LiveMigrationError):
    """The definitions could not be compared."""


@contextmanager
def _twins_elsewhere(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Have definitions compared in a scratch database, made when the first one is needed."""
    with ExitStack() as stack:
        made: list[BaseDatabaseWrapper | NotCompared] = []

        def make() -> BaseDatabaseWrapper:
            if not made:
                try:
                    made.append(_scratch(stack, connection))
                except LiveMigrationError as error:
                    made.append(NotCompared(f"The table that stands there was not compared. {error}"))
            if isinstance(made[0], NotCompared):
                raise made[0]
            return made[0]

        with twins_on(make):
            yield


def _scratch(stack: ExitStack, connection: BaseDatabaseWrapper) -> BaseDatabaseWrapper:
    """A copy of the schema, for its types and functions; without pg_dump an empty database will mostly do."""
    try:
        return stack.enter_context(schema_copy(connection, purpose="plan"))
    except ProgramMissing:
        return stack.enter_context(scratch_database(connection, purpose="plan"))


# --- one migration -------------------------------------------------------------------------------------------------


class _Reader:
    """Turns steps into what is told of them, at the moment when they are planned."""

    def __init__(self, session: Session) -> None:
        self.facts = Facts(session.connection, session.around)
        self.experience = Experience.of(session.connection)
        self.replication = session.replication
        self.around = session.around

    def read(self, step: Step, *, refused: bool) -> PlannedStep:
        tables = self.facts.tables(step)
        long = refused and step.lane == Lane.INSTANT
        return PlannedStep(
            step.label,
            step.lane.value,
            step.sql,
            self.facts.locks(step),
            tables,
            rewrite(tables) if long else estimate(step, tables, self.experience),
            tuple(_check(check) for check in step.checks),
            self.facts.waits(step),
            step.transactional,
            tuple(self.replication.notes(step)),
            self.replication.obstacle(step) or in_the_way(self.around, step),
        )


_ASKED_LATER = "not asked: it needs a function of its own; migrate asks before it changes anything"


def _check(check: RowCheck) -> PlannedCheck:
    note = _ASKED_LATER if check.helper else "not asked: --check-rows asks"
    return PlannedCheck(check.problem, check.remedy, check.count, check.sample, note=note)


class Foreseen(DryPassage):
    """A passage that notes what it would do, and goes on behind what would be refused."""

    def __init__(self, session: Session, migration: Migration, read: Callable[..., PlannedStep]) -> None:
        super().__init__(session, migration, lambda forward: None)
        self.read = read
        self.operations: list[PlannedOperation] = []
        self.raw: list[Step] = []
        self.edited = ""
        self._steps: list[PlannedStep] = []
        self._raw: list[Step] = []
        self._refused = False

    def planned(self, known: dict[str, PendingMigration], *, backwards: bool) -> PlannedMigration:
        """The migration as it is pending, with its operations."""
        name = f"{self.migration.app_label}.{self.migration.name}"
        base = known.get(name) or PendingMigration(name, description_of(self.migration), sprint_of(self.migration))
        values = {one.name: getattr(base, one.name) for one in fields(base)}
        return PlannedMigration(**values, backwards=backwards, refusal=self.edited, operations=tuple(self.operations))

    def _forward(self, place: Place, *, applied: bool) -> None:
        self._note(place, lambda: super(Foreseen, self)._forward(place, applied=applied))

    def _back(self, place: Place, *, applied: bool) -> None:
        self._note(place, lambda: super(Foreseen, self)._back(place, applied=applied))

    def _note(self, place: Place, look: Callable[[], None]) -> None:
        self._steps, self._raw, refusal, unknown = [], [], "", ""
        try:
            look()
        except NotCompared as error:
            unknown = str(error)
        except MigrationRefused as error:
            refusal = str(error)
            self._look_again(look)
        except LiveMigrationError as error:
            refusal = str(error)
        operation = PlannedOperation(
            place.identity.index + 1, place.operation.describe(), tuple(self._steps), refusal, unknown
        )
        self.operations.append(operation)
        self.raw += self._raw

    def _look_again(self, look: Callable[[], None]) -> None:
        """What --allow-long-locks would do: later operations build on it."""
        around = self.session.around
        around.long_locks_allowed = self._refused = True
        self._steps, self._raw = [], []
        try:
            look()
        finally:
            around.long_locks_allowed = self._refused = False

    def _queued(self, steps: list[Step]) -> None:
        self._take(steps)

    def _stopped(self, error: LiveMigrationError) -> None:
        last = self.operations[-1]
        self.operations[-1] = replace(last, refusal="\n".join(filter(None, (last.refusal, str(error)))))

    def _resume(self, place: Place, rows: list[Row]) -> None:
        taken = len(self._raw)
        super()._resume(place, rows)
        if len(self._raw) == taken:
            self._take([row.definition for row in rows if not row.done])

    def _run(self, place: Place, rows: list[Row], *, backwards: bool) -> None:
        """The rest of an operation that was begun."""
        self._take([row.definition for row in rows if not row.done])

    def _take(self, steps: list[Step]) -> None:
        self._steps += [self.read(step, refused=self._refused) for step in steps]
        self._raw += steps

    def stop(self, number: int, problem: str) -> None:
        """Note what would stop the step of that number, counted over all operations."""
        for place, operation in enumerate(self.operations):
            if number < len(operation.steps):
                steps = list(operation.steps)
                steps[number] = replace(steps[number], obstacle=steps[number].obstacle or problem)
                self.operations[place] = replace(operation, steps=tuple(steps))
                return
            number -= len(operation.steps)

    def _undoing(self, place: Place, rows: list[Row]) -> list[Step]:
        """As a run would, without waiting for anybody and without finishing what cannot be undone."""
        begun = [row for row in rows if row.state != "planned" and row.outcome != "adopted"]
        if not all(row.done for row in rows) and all(row.definition.undo for row in begun):
            return self._undo_steps(place, begun)
        return self._reversing_open(place, rows)

    def _refuse_edited(self, places: list[Place]) -> None:
        try:
            super()._refuse_edited(places)
        except MigrationEdited as error:
            self.edited = str(error)


# --- rows ----------------------------------------------------------------------------------------------------------


def _asked(connection: BaseDatabaseWrapper, report: PlanReport) -> PlanReport:
    """The report with every question about rows answered, but for rows that an earlier step may write."""
    writing: list[PlannedStep] = []

    def of_step(step: PlannedStep) -> PlannedStep:
        answered = (_answered(connection, check) for check in step.checks)
        checks = tuple(
            _left_open(check) if check.rows and any(_may_settle(one, step, check) for one in writing) else check
            for check in answered
        )
        if step.lane == Lane.BATCH.value:
            writing.append(step)
        return replace(step, checks=checks)

    migrations = []
    for migration in report.migrations:
        operations = [replace(o, steps=tuple(of_step(step) for step in o.steps)) for o in migration.operations]
        migrations.append(replace(migration, operations=tuple(operations)))
    return replace(report, migrations=migrations)


def _may_settle(earlier: PlannedStep, step: PlannedStep, check: PlannedCheck) -> bool:
    """Whether a step that writes rows may change what a check before a later step finds. Of Python nobody knows."""
    if not earlier.sql and not earlier.tables:
        return True
    if not {table.name for table in earlier.tables} & {table.name for table in step.tables}:
        return False
    columns = _ASSIGNED.findall(" ".join(earlier.sql))
    return not columns or any(re.search(rf"\b{re.escape(column)}\b", check.query) for column in columns)


def _left_open(check: PlannedCheck) -> PlannedCheck:
    note = f"cannot be answered yet: an earlier step writes rows; {check.rows:,} as they are now"
    return replace(check, rows=None, sample=(), note=note)


def _answered(connection: BaseDatabaseWrapper, check: PlannedCheck) -> PlannedCheck:
    if check.note == _ASKED_LATER:
        return check
    try:
        with read_only(connection):
            rows = int(fetch(connection, check.query)[0][0])
            sample = tuple(str(row[0]) for row in fetch(connection, check.sample_query)) if rows else ()
            return replace(check, rows=rows, sample=sample, note="")
    except DatabaseError as error:
        if sqlstate(error).startswith("22"):
            return replace(check, note="cannot be asked: it converts values, and one of them does not convert")
        if sqlstate(error) not in NOT_THERE:
            raise
        return replace(check, note="cannot be asked yet: an earlier step makes what it reads")
