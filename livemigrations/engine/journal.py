"""The journal: one row a step, written in the step's own transaction; what a run resumes from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch
from livemigrations.engine.encodings import from_jsonb, storable, to_jsonb
from livemigrations.engine.steps import Step
from livemigrations.statements.names import literal

FORWARD, BACK = "forward", "back"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the journal."""

    id: int
    operation: int
    step: int
    direction: str
    state: str
    outcome: str
    digest: str
    source: str
    definition: Step

    @property
    def done(self) -> bool:
        return self.state == "done"


@dataclass(frozen=True, slots=True)
class Operation:
    """The identity of an operation: where it stands, and the digest and source of what it says."""

    app: str
    migration: str
    index: int
    digest: str
    source: str


@dataclass(slots=True)
class Measures:
    """What a step took: milliseconds, rows touched, tries. None is what was not measured."""

    lock_wait_ms: float | None = None
    duration_ms: float | None = None
    stall_ms: float | None = None
    rows: int | None = None
    attempts: int = 1


class Journal:
    """Reads and writes ``livemigrations_step`` and ``livemigrations_run``."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        self.run_id: int | None = None

    def _execute(self, sql: str, parameters: Sequence[Any] | None = None) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, parameters)

    def begin_run(self, command: str, holder: str) -> None:
        """Write the run's row. Call it under the lease."""
        if self.run_id is None:
            rows = fetch(
                self.connection,
                "INSERT INTO livemigrations_run (command, holder) VALUES (%s, %s) RETURNING id",
                [storable(self.connection, command), storable(self.connection, holder)],
            )
            self.run_id = int(rows[0][0])

    def is_cut_off(self) -> bool:
        """Whether a run has no end; outside the lease it may still be running."""
        return bool(fetch(self.connection, "SELECT 1 FROM livemigrations_run WHERE outcome = 'running' LIMIT 1"))

    def is_at_rest(self) -> bool:
        """Whether the newest run ended well and left nothing half done."""
        return bool(
            fetch(
                self.connection,
                "SELECT 1 WHERE (SELECT outcome FROM livemigrations_run ORDER BY id DESC LIMIT 1) = 'finished'"
                " AND NOT EXISTS (SELECT 1 FROM livemigrations_step WHERE open AND state <> 'planned')",
            )
        )

    def tidy(self) -> None:
        """Mark the runs that were cut off, and forget plans of which no step was begun. Call it under the lease."""
        self._execute(
            "UPDATE livemigrations_run SET outcome = 'cut off', finished_at = clock_timestamp() WHERE outcome = 'running'"
        )
        self._execute(
            "DELETE FROM livemigrations_step s WHERE open AND state = 'planned' AND NOT EXISTS (SELECT 1 FROM"
            " livemigrations_step b WHERE b.open AND b.state <> 'planned' AND b.direction = s.direction"
            " AND (b.app, b.migration, b.operation) = (s.app, s.migration, s.operation))"
        )

    def end_run(self, outcome: str, error: str = "") -> None:
        """Write how the run ended. Its commit is a synchronous one and takes every step's commit to disk with it."""
        if self.run_id is not None:
            self._execute(
                "UPDATE livemigrations_run SET outcome = %s, error = %s, finished_at = clock_timestamp() WHERE id = %s",
                [outcome, storable(self.connection, error), self.run_id],
            )

    def half_done(self) -> dict[tuple[str, str], str]:
        """Migrations with open steps that were begun: (app, name) → direction of the newest one."""
        rows = fetch(
            self.connection,
            "SELECT DISTINCT ON (app, migration) app, migration, direction FROM livemigrations_step"
            " WHERE open AND state <> 'planned' ORDER BY app, migration, id DESC",
        )
        return {(app, name): direction for app, name, direction in rows}

    def open_rows(self, app: str, migration: str) -> dict[int, list[Row]]:
        """The open rows of a migration by operation, oldest first."""
        rows = fetch(
            self.connection,
            "SELECT id, operation, step, direction, state, outcome, digest, source, definition::text"
            " FROM livemigrations_step WHERE app = %s AND migration = %s AND open ORDER BY id",
            [app, migration],
        )
        found: dict[int, list[Row]] = {}
        for row in rows:
            found.setdefault(row[1], []).append(_row(row))
        return found

    def last_forward(self, app: str, migration: str, operation: int) -> list[Row]:
        """The steps by which an operation was applied the last time; empty if the journal knows nothing of it."""
        rows = fetch(
            self.connection,
            "SELECT s.id, operation, step, direction, state, outcome, digest, source, definition::text"
            " FROM livemigrations_step s WHERE app = %s AND migration = %s AND operation = %s AND direction = 'forward'"
            " AND state = 'done' AND run_id >= (SELECT max(run_id) FROM livemigrations_step f WHERE f.app = s.app"
            " AND f.migration = s.migration AND f.operation = s.operation AND f.direction = 'forward' AND f.step = 0)"
            " ORDER BY id",
            [app, migration, operation],
        )
        return [_row(row) for row in rows]

    def plan(
        self, operation: Operation, direction: str, steps: Sequence[Step], hold: Callable[[Any], None] | None = None
    ) -> list[Row]:
        """Write the steps of an operation before the first of them runs; earlier open rows of it are closed.

        ``hold`` is called with a cursor inside the transaction and raises if the lease is lost.
        """
        place: list[str | int] = [operation.app, operation.migration, operation.index]
        these = "WHERE app = %s AND migration = %s AND operation = %s AND open"
        with transaction.atomic(using=self.connection.alias), self.connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")
            if hold is not None:
                hold(cursor)
            cursor.execute(f"DELETE FROM livemigrations_step {these} AND state = 'planned'", place)
            cursor.execute(f"UPDATE livemigrations_step SET open = FALSE {these}", place)
            cursor.execute(f"{self.insert_sql(operation, direction, steps, 'planned')} RETURNING id, step")
            rows = cursor.fetchall()
        ids = {step: row_id for row_id, step in rows}
        return [
            Row(
                ids[number],
                operation.index,
                number,
                direction,
                "planned",
                "",
                operation.digest,
                operation.source,
                step,
            )
            for number, step in enumerate(steps)
        ]

    def insert_sql(
        self,
        operation: Operation,
        direction: str,
        steps: Sequence[Step],
        state: str,
        *,
        run: str = "",
        open_: bool = True,
    ) -> str:
        """One INSERT for all the steps of an operation, as text."""
        run = run or str(self.run_id)
        head = f"{run}, {literal(operation.app)}, {literal(operation.migration)}, {operation.index}"
        tail = f"{literal(operation.digest)}, {literal(storable(self.connection, operation.source))}"
        values = ",\n".join(
            f"({head}, {number}, {literal(direction)}, {'TRUE' if open_ else 'FALSE'}, {literal(state)},"
            f" {literal(_outcome(step) if state == 'done' else '')}, {literal(step.lane.value)},"
            f" {literal(storable(self.connection, step.label))}, {tail},"
            f" {literal(to_jsonb(self.connection, step.to_json()))})"
            for number, step in enumerate(steps)
        )
        return (
            "INSERT INTO livemigrations_step (run_id, app, migration, operation, step, direction, open, state, outcome,"
            f" lane, description, digest, source, definition)\nVALUES {values}"
        )

    def done_sql(self, row: Row, *, adopted: bool = False) -> str:
        """The UPDATE that records a step as done, to be run in the step's own transaction."""
        outcome = "adopted" if adopted or row.definition.adopted else "done"
        return (
            f"UPDATE livemigrations_step SET state = 'done', outcome = '{outcome}', run_id = {self.run_id},"
            f" finished_at = clock_timestamp() WHERE id = {row.id} AND state <> 'done'"
        )

    def started(self, row: Row) -> None:
        """Record that a step which no transaction can hold is about to run."""
        self._execute(
            "UPDATE livemigrations_step SET state = 'started', run_id = %s, started_at = clock_timestamp() WHERE id = %s",
            [self.run_id, row.id],
        )

    def measured(self, row: Row, measures: Measures) -> None:
        """Add the figures to a step that is done."""
        self._execute("SET synchronous_commit = off")
        try:
            self._execute(
                "UPDATE livemigrations_step SET lock_wait_ms = %s, duration_ms = %s, stall_ms = %s, rows = %s,"
                " attempts = %s WHERE id = %s",
                [
                    measures.lock_wait_ms,
                    measures.duration_ms,
                    measures.stall_ms,
                    measures.rows,
                    measures.attempts,
                    row.id,
                ],
            )
        finally:
            self._execute("RESET synchronous_commit")

    def close(self, app: str, migration: str) -> None:
        """Close the rows of a migration that is complete; runs in the transaction that records it."""
        self._execute(close_sql(app, migration))


def _row(values: tuple[Any, ...]) -> Row:
    identifier, operation, step, direction, state, outcome, digest, source, definition = values
    return Row(
        identifier, operation, step, direction, state, outcome, digest, source, Step.from_json(from_jsonb(definition))
    )


def close_sql(app: str, migration: str) -> str:
    """The statement that closes the rows of a migration."""
    return (
        f"UPDATE livemigrations_step SET open = FALSE WHERE app = {literal(app)} AND migration = {literal(migration)}"
        " AND open"
    )


def _outcome(step: Step) -> str:
    return "adopted" if step.adopted else "done"
