"""One migration, one direction: operation by operation, from wherever the journal says that it stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.migrations import Migration
from django.db.migrations import operations as django_operations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from livemigrations.bookkeeping import has_bookkeeping
from livemigrations.engine import journal as books
from livemigrations.engine import overrides
from livemigrations.engine.assembly import Assembly, Planned, Planning
from livemigrations.engine.beyond_django import advance
from livemigrations.engine.context import carry, set_by
from livemigrations.engine.digests import digest_of, is_unchanged, source_of
from livemigrations.engine.journal import BACK, FORWARD, Row
from livemigrations.engine.lanes.online import wait_for_builder
from livemigrations.engine.planner import Planner, is_collected, parts
from livemigrations.engine.runner import ask_ahead, refuse_obstacles, run_unit
from livemigrations.engine.session import Session
from livemigrations.engine.steps import Lane, Step
from livemigrations.engine.straddling import UNKNOWN, groups_of, total
from livemigrations.engine.surroundings import Overlay, RunFirst
from livemigrations.engine.touched import statements_of
from livemigrations.engine.translate import learn, steps_for
from livemigrations.engine.units import Unit, may_share, units_of
from livemigrations.errors import MigrationEdited, MigrationRefused, StepFailed
from livemigrations.statements.changes import Changes, is_additive
from livemigrations.statements.parse import parse


@dataclass(frozen=True, slots=True)
class Place:
    """An operation in its migration, with the states before and after it."""

    identity: books.Operation
    operation: Operation
    before: ProjectState
    after: ProjectState


class Passage:
    """Takes one migration forwards or back: plans operations ahead, and runs them in as few transactions as possible."""

    def __init__(self, session: Session, migration: Migration, record: Callable[[bool], None]) -> None:
        self.session, self.migration, self.record = session, migration, record
        self.journal = session.journal
        known = has_bookkeeping(session.connection)
        self.rows = self.journal.open_rows(migration.app_label, migration.name) if known else {}
        self.planner = Planner(session.connection, session.around)
        self.queue: list[Planned] = []
        self._held: tuple[str, ...] = ()
        self._ahead: list[frozenset[int]] = []

    def forwards(self, state: ProjectState, *, applied: bool = False) -> ProjectState:
        """Apply the operations that are not applied and record the migration. Returns the state after it.

        ``applied`` says whether Django records it as applied: then it was half taken back, and only that is done again.
        """
        places, state = self._places(state, backwards=False)
        self._refuse_edited(places)
        self._look_ahead(places, FORWARD)
        for place in places:
            self._forward(place, applied=applied)
        self._flush()
        self._finish(forward=True)
        return overrides.result_of(places[0].operation, state) if places else state

    def back(self, state: ProjectState, *, applied: bool) -> None:
        """Take back the operations that are applied and unrecord the migration.

        ``state`` is the one before the migration; ``applied`` says whether Django records it as applied.
        """
        places, _ = self._places(state.clone(), backwards=True)
        self._refuse_edited(places)
        self._look_ahead(places[::-1], BACK)
        for place in reversed(places):
            self._back(place, applied=applied)
        self._flush()
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
            self._resume(place, rows)
            return
        if rows and not all(row.done for row in rows):
            self._flush()
            self._turn_around(place, rows)
            return
        self._add(place, FORWARD)

    def _back(self, place: Place, *, applied: bool) -> None:
        self._at(place, BACK)
        rows = self._begun(place)
        if rows and rows[0].direction == BACK:
            self._resume(place, rows)
        elif rows and not all(row.done for row in rows):
            self._flush()
            self._carry_out(place, BACK, self.session.around.putting_back(self._undoing(place, rows)))
            self._flush()
        elif rows or applied:
            self._add(place, BACK)

    def _resume(self, place: Place, rows: list[Row]) -> None:
        """Queue the steps of an operation that are not done; those before and after it may share their transaction."""
        direction = rows[0].direction
        ran = set_by(row.definition for row in rows if row.done)
        self._held += tuple(sql for sql in ran if sql not in self._held)
        left = [row for row in rows if not row.done]
        if any(_is_python(row.definition) for row in left):
            self._flush()
            self._run(place, rows, backwards=direction == BACK)
        elif left:
            steps = [row.definition for row in left]
            overlay = self.session.around.look_ahead(self.planner.late)
            whole = self._is_whole(place, direction)
            self.queue.append(
                Planned(place.identity, place.operation, direction, steps, overlay, lambda: steps, whole, rows=left)
            )
            learn(self.session.around, (statement for step in steps for sql in step.sql for statement in parse(sql)))
        self._follow(place, backwards=direction == BACK)

    def _turn_around(self, place: Place, rows: list[Row]) -> None:
        """Apply an operation again that was half taken back: undo the steps back that ran, or finish them first."""
        begun = [row for row in rows if row.state != "planned"]
        if all(row.definition.undo or not _acts(row.definition) for row in begun):
            self._carry_out(place, FORWARD, self._undo_steps(place, begun))
            self._flush()
            self._follow(place, backwards=False)
            return
        self._run(place, rows, backwards=True)
        self._add(place, FORWARD)

    def _follow(self, place: Place, *, backwards: bool) -> None:
        before, after = (place.after, place.before) if backwards else (place.before, place.after)
        self.planner.follow(place.identity.app, place.operation, before, after, backwards=backwards)

    def _at(self, place: Place, direction: str) -> None:
        self.session.around.keeper.at(place.identity.app, place.identity.migration, direction)

    def _add(self, place: Place, direction: str) -> None:
        """Plan an operation behind those that are planned already, unless it must see what they have done."""
        if self._must_see(place):
            self._flush()
        self._at(place, direction)
        around, plan = self.session.around, self._planning(place, direction)
        overlay = around.look_ahead(self.planner.late)
        around.may_run_first = bool(self.queue)
        try:
            steps = plan()
        except RunFirst:
            around.restore(overlay)
            if self._belongs(place):
                raise MigrationRefused(_RENAMED.format(number=place.identity.index + 1), _PARTS) from None
            self._flush()
            overlay = around.look_ahead(self.planner.late)
            around.may_run_first = False
            steps = plan()
        finally:
            around.may_run_first = False
        self._carry_out(place, direction, steps, overlay, plan)
        if not self.migration.atomic:
            self._flush()

    def _planning(self, place: Place, direction: str) -> Planning:
        def plan() -> list[Step]:
            self._at(place, direction)
            steps = self._reversing(place) if direction == BACK else self._plan(place, backwards=False)
            return self.session.around.putting_back(steps)

        return plan

    def _must_see(self, place: Place) -> bool:
        """Whether the operation must be planned from the database as it is once the queue has run.

        That is so for Python code, for rows that return, and for an operation of which an earlier run left a part.
        """
        python = any(one.is_python for one in self.queue) and is_collected(place.operation)
        half_done = any(one.refills or one.rows for one in self.queue)
        return (python or half_done) and not self._belongs(place)

    def _belongs(self, place: Place) -> bool:
        """Whether an operation must share its transaction with one that is queued."""
        queued = {one.identity.index for one in self.queue}
        return any(place.identity.index in places and queued & places for places in self._ahead)

    def _carry_out(
        self,
        place: Place,
        direction: str,
        steps: list[Step],
        overlay: Overlay | None = None,
        again: Planning | None = None,
    ) -> None:
        """Queue the steps of an operation."""
        overlay = overlay or self.session.around.look_ahead(self.planner.late)
        planned = Planned(
            place.identity,
            place.operation,
            direction,
            steps,
            overlay,
            again or (lambda: steps),
            self._is_whole(place, direction),
            refills=bool(self.session.around.keeper.refilled),
        )
        self.queue.append(planned)
        self._queued(steps)

    def _queued(self, steps: list[Step]) -> None:
        """Called with the steps of each operation that is planned."""

    def _is_whole(self, place: Place, direction: str) -> bool:
        """Whether the statements of a RunSQL must share a transaction: one of them does more than add something."""
        statements = statements_of(place.operation, backwards=direction == BACK)
        return self.migration.atomic and len(statements) > 1 and not all(map(is_additive, statements))

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
        """The steps that undo an operation of which only some steps have run.

        If a step that ran cannot be undone by itself, or rows are still to be put back, the operation is finished first
        and then reversed as a whole: what is dropped again must be complete.
        """
        begun = [row for row in rows if row.state != "planned" and row.outcome != "adopted"]
        returning = any(row.definition.transfer and row.definition.transfer.back for row in rows)
        if not returning and all(row.definition.undo or not _acts(row.definition) for row in begun):
            for row in begun:
                if row.definition.index and not row.done:
                    wait_for_builder(self.session, row.definition.index)
            return self._undo_steps(place, begun)
        self._run(place, rows, backwards=False)
        self._at(place, BACK)
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

    # --- running -----------------------------------------------------------------------------------------------

    def _look_ahead(self, places: Sequence[Place], direction: str) -> None:
        """Find the operations that must share one transaction, before the first of them is planned."""
        if not self.migration.atomic or all(isinstance(place.operation, _ADDITIONS) for place in places):
            return
        backwards = direction == BACK
        changes = [self._changes(place, backwards=backwards) for place in places]
        self._ahead = [
            frozenset(place.identity.index for place in places[group.first : group.last + 1])
            for group in groups_of(changes)
        ]

    def _changes(self, place: Place, *, backwards: bool) -> Changes:
        if not is_collected(place.operation):
            return UNKNOWN
        before, after = (place.after, place.before) if backwards else (place.before, place.after)
        return total(self.planner.statements(place.identity.app, place.operation, before, after, backwards=backwards))

    def _flush(self) -> None:
        """Run everything that is queued."""
        queue, self.queue = self.queue, []
        if not queue:
            return
        units = self._assembled(queue)
        self._held = carry(units, self._held)
        steps = {(part.operation, part.number): part.step for unit in units for part in unit.parts}
        for one in queue:
            one.steps = [steps[one.identity, number] for number in range(len(one.steps))]
            if not one.rows:
                one.rows = self.journal.plan(one.identity, one.direction, one.steps, self.session.lease.hold)
        rows = {(one.identity, number): row for one in queue for number, row in enumerate(one.rows)}
        for unit in units:
            for part in unit.parts:
                part.row = rows[part.operation, part.number]
        self._run_units(units)

    def _assembled(self, queue: list[Planned]) -> list[Unit]:
        return Assembly(self.session.around, queue, self.planner.late).units()

    def _run_units(self, units: list[Unit]) -> None:
        if len(units) > 1:
            refuse_obstacles(self.session, units)
            ask_ahead(self.session, units)
        for unit in units:
            run_unit(self.session, unit)
        self.session.around.executed()

    def _run(self, place: Place, rows: list[Row], *, backwards: bool) -> None:
        """Run those of the rows that are not done. Python work is planned anew on resume: the journal keeps only SQL."""
        python = self._python(place, rows, backwards=backwards)
        steps = [python.pop(0) if _is_python(row.definition) else row.definition for row in rows]
        left = [(row, step) for row, step in zip(rows, steps, strict=True) if not row.done]
        planned = Planned(
            place.identity,
            place.operation,
            rows[0].direction,
            [step for _, step in left],
            self.session.around.overlay(self.planner.late),
            list,
            self._is_whole(place, rows[0].direction) and all(map(may_share, (step for _, step in left))),
            rows=[row for row, _ in left],
        )
        self._run_units(units_of(planned.parts()))

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


_ADDITIONS = (
    django_operations.CreateModel,
    django_operations.AddField,
    django_operations.AddIndex,
    django_operations.AddConstraint,
)
_PARTS = "# a migration file for each part, so that no part restores what an earlier one removes"
_RENAMED = (
    "Refused: operation {number} drops a table or a column whose rows the engine preserves, of a table that an earlier"
    " operation renames in the same transaction. These operations must share it, as one restores what another removes."
)


def _is_python(step: Step) -> bool:
    return step.lane == Lane.BATCH and not step.sql and step.transfer is None


def _acts(step: Step) -> bool:
    return bool(step.sql) or step.lane == Lane.BATCH


def _quoted(source: str) -> str:
    return "\n".join(f"    {line}" for line in source.strip().splitlines())
