"""One migration, one direction: operation by operation, from wherever the journal says that it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.db.migrations import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from livemigrations.bookkeeping import has_bookkeeping
from livemigrations.engine import journal as books
from livemigrations.engine import overrides
from livemigrations.engine.beyond_django import advance
from livemigrations.engine.digests import digest_of, is_unchanged, source_of
from livemigrations.engine.journal import BACK, FORWARD, Row
from livemigrations.engine.lanes.online import wait_for_builder
from livemigrations.engine.planner import Planner, parts
from livemigrations.engine.runner import run_step
from livemigrations.engine.session import Session
from livemigrations.engine.steps import Lane, Step
from livemigrations.engine.translate import steps_for
from livemigrations.errors import MigrationEdited, StepFailed
from livemigrations.statements.parse import parse


@dataclass(frozen=True, slots=True)
class Place:
    """An operation in its migration, with the states before and after it."""

    identity: books.Operation
    operation: Operation
    before: ProjectState
    after: ProjectState


class Passage:
    """Takes one migration forwards or back."""

    def __init__(self, session: Session, migration: Migration, record: Callable[[bool], None]) -> None:
        self.session, self.migration, self.record = session, migration, record
        self.journal = session.journal
        known = has_bookkeeping(session.connection)
        self.rows = self.journal.open_rows(migration.app_label, migration.name) if known else {}
        self.planner = Planner(session.connection, session.around)

    def forwards(self, state: ProjectState, *, applied: bool = False) -> ProjectState:
        """Apply the operations that are not applied and record the migration. Returns the state after it.

        ``applied`` says whether Django records it as applied: then it was half taken back, and only that is done again.
        """
        places, state = self._places(state, backwards=False)
        self._refuse_edited(places)
        for place in places:
            self._forward(place, applied=applied)
        self._finish(forward=True)
        return overrides.result_of(places[0].operation, state) if places else state

    def back(self, state: ProjectState, *, applied: bool) -> None:
        """Take back the operations that are applied and unrecord the migration.

        ``state`` is the one before the migration; ``applied`` says whether Django records it as applied.
        """
        places, _ = self._places(state.clone(), backwards=True)
        self._refuse_edited(places)
        for place in reversed(places):
            self._back(place, applied=applied)
        self._finish(forward=False)

    def fake(self, *, forward: bool) -> None:
        """Record the migration, or its absence, and run nothing; whatever was begun of it counts as settled."""
        self._finish(forward=forward)

    def _finish(self, *, forward: bool) -> None:
        connection = self.session.connection
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            self.session.lease.hold(cursor)
            self.journal.close(self.migration.app_label, self.migration.name)
            self.record(forward)

    # --- one operation -----------------------------------------------------------------------------------------

    def _forward(self, place: Place, *, applied: bool) -> None:
        self._at(place, FORWARD)
        rows = self._begun(place)
        if not rows and applied:
            return
        if rows and rows[0].direction == FORWARD:
            if not all(row.done for row in rows):
                self._run(place, rows, backwards=False)
            self._follow(place, backwards=False)
            return
        if rows and not all(row.done for row in rows):
            self._run(place, rows, backwards=True)
        steps = self._plan(place, backwards=False)
        self._carry_out(place, FORWARD, self.session.around.putting_back(steps))

    def _back(self, place: Place, *, applied: bool) -> None:
        self._at(place, BACK)
        rows = self._begun(place)
        if rows and rows[0].direction == BACK:
            if not all(row.done for row in rows):
                self._run(place, rows, backwards=True)
            self._follow(place, backwards=True)
            return
        if rows:
            steps = self._undoing(place, rows)
        elif applied:
            steps = self._reversing(place)
        else:
            return
        self._carry_out(place, BACK, self.session.around.putting_back(steps))

    def _follow(self, place: Place, *, backwards: bool) -> None:
        before, after = (place.after, place.before) if backwards else (place.before, place.after)
        self.planner.follow(place.identity.app, place.operation, before, after, backwards=backwards)

    def _at(self, place: Place, direction: str) -> None:
        self.session.around.keeper.at(place.identity.app, place.identity.migration, direction)

    def _carry_out(self, place: Place, direction: str, steps: list[Step]) -> None:
        rows = self.journal.plan(place.identity, direction, steps, self.session.lease.hold)
        self._run(place, rows, backwards=direction == BACK, planned=steps)

    def _begun(self, place: Place) -> list[Row]:
        """The newest open rows of an operation, if one of its steps was ever begun."""
        rows = self.rows.get(place.identity.index, [])
        rows = [row for row in rows if row.direction == rows[-1].direction]
        return rows if any(row.state != "planned" for row in rows) else []

    def _plan(self, place: Place, *, backwards: bool) -> list[Step]:
        before, after = (place.after, place.before) if backwards else (place.before, place.after)
        if backwards and not place.operation.reversible:
            raise StepFailed(
                f"{place.identity.app}.{place.identity.migration}, operation {place.identity.index + 1}"
                f" ({place.operation.describe()}) cannot be reversed. What was taken back before is kept."
            )
        steps = self.planner.steps(
            place.identity.app,
            place.operation,
            before,
            after,
            backwards=backwards,
            atomic=self.migration.atomic,
        )
        return steps or [Step(f"nothing to do in the database: {place.operation.describe()}", Lane.INSTANT)]

    def _reversing(self, place: Place) -> list[Step]:
        """The steps back of a complete operation. What it adopted stays; what it added to that goes."""
        last = self.journal.last_forward(place.identity.app, place.identity.migration, place.identity.index)
        adopted = any(row.outcome == "adopted" for row in last)
        if adopted or (not last and getattr(place.operation, "adopts", False)):
            return self._undo_steps(place, [row for row in last if row.outcome != "adopted"])
        return self._plan(place, backwards=True)

    def _undoing(self, place: Place, rows: list[Row]) -> list[Step]:
        """The steps back of an operation that was begun: those that ran, undone.

        If one of them has no way back of its own, or rows are still to be put back into what it made, the operation is
        finished first and then taken back as a whole: what is dropped again must be complete.
        """
        if all(row.done for row in rows):
            return self._reversing_open(place, rows)
        begun = [row for row in rows if row.state != "planned" and row.outcome != "adopted"]
        returning = any(row.definition.transfer and row.definition.transfer.back for row in rows)
        if not returning and all(row.definition.undo or not _acts(row.definition) for row in begun):
            for row in begun:
                if row.definition.index and not row.done:
                    wait_for_builder(self.session, row.definition.index)
            return self._undo_steps(place, begun)
        self._run(place, rows, backwards=False)
        found = self.journal.open_rows(place.identity.app, place.identity.migration)
        return self._reversing_open(place, found[place.identity.index])

    def _reversing_open(self, place: Place, rows: list[Row]) -> list[Step]:
        if any(row.outcome == "adopted" for row in rows):
            return self._undo_steps(place, [row for row in rows if row.outcome != "adopted"])
        return self._plan(place, backwards=True)

    def _undo_steps(self, place: Place, rows: list[Row]) -> list[Step]:
        statements = [sql for row in reversed(rows) for sql in row.definition.undo]
        steps = list(steps_for(self.session.around, parse(";\n".join(statements))))
        return steps or [Step(f"left as it was found: {place.operation.describe()}", Lane.INSTANT)]

    def _run(self, place: Place, rows: list[Row], *, backwards: bool, planned: list[Step] | None = None) -> None:
        """Run those of the rows that are not done. Python work is planned anew on resume: the journal keeps only SQL."""
        python = [step for step in planned or self._python(place, rows, backwards=backwards) if step.work]
        for row in rows:
            is_python = _is_python(row.definition)
            work = python.pop(0).work if is_python else None
            if not row.done:
                run_step(self.session, place.identity, row, work)
        self.session.around.executed()

    def _python(self, place: Place, rows: list[Row], *, backwards: bool) -> list[Step]:
        if not any(_is_python(row.definition) for row in rows):
            return []
        return [step for step in self._plan(place, backwards=backwards) if step.work]

    # --- the migration -----------------------------------------------------------------------------------------

    def _places(self, state: ProjectState, *, backwards: bool) -> tuple[list[Place], ProjectState]:
        places: list[Place] = []
        app, name = self.migration.app_label, self.migration.name
        operations = overrides.operations_of(self.migration, backwards=backwards)
        if note := overrides.note_of(operations):
            self.session.reporter.note(note)
        for operation in operations:
            before = state.clone()
            advance(operation, app, state)
            for part, one, other in parts(app, operation, before, state.clone()):
                digest = digest_of(part, self.migration)
                identity = books.Operation(app, name, len(places), digest, source_of(part))
                places.append(Place(identity, part, one, other))
        return places, state

    def _refuse_edited(self, places: list[Place]) -> None:
        """Raise ``MigrationEdited`` if an operation of which something is done is another one now."""
        for index, rows in self.rows.items():
            begun = [row for row in rows if row.state != "planned"]
            place = places[index] if index < len(places) else None
            now = place.identity if place else None
            if begun and not (place and is_unchanged(place.operation, self.migration, begun[-1].digest)):
                label = f"{self.migration.app_label}.{self.migration.name}"
                raise MigrationEdited(
                    f"{label} was edited after it was half applied: operation {index + 1} is not what was begun.\n"
                    f"  begun as (digest {begun[-1].digest[:12]}):\n{_quoted(begun[-1].source)}\n"
                    f"  and is now (digest {now.digest[:12] if now else 'none'}):\n"
                    f"{_quoted(now.source if now else '(no such operation)')}\n"
                    "Nothing was changed. Remedy: restore the file as it was, finish or take back the migration, then"
                    " write the change into a new one."
                )


def _is_python(step: Step) -> bool:
    return step.lane == Lane.BATCH and not step.sql and step.transfer is None


def _acts(step: Step) -> bool:
    return bool(step.sql) or step.lane == Lane.BATCH


def _quoted(source: str) -> str:
    return "\n".join(f"    {line}" for line in source.strip().splitlines())
