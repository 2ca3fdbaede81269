"""What a plan answers: plain dataclasses, from the whole down to one lock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from livemigrations.results import PendingMigration


@dataclass(frozen=True, slots=True)
class TableFacts:
    """A table as it stands now.

    ``state`` is "new" (made by this plan), "empty" or "populated"; ``rows`` is the server's estimate, None where it
    has none; ``size`` and ``index_size`` are in bytes.
    """

    name: str
    state: str
    rows: int | None = None
    size: int = 0
    index_size: int = 0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A range in milliseconds and what it was made from; both ends are None where nobody can know."""

    low_ms: float | None
    high_ms: float | None
    basis: str


@dataclass(frozen=True, slots=True)
class PlannedCheck:
    """A question that is asked before a step. ``rows`` is the answer, None if it was not asked; ``note`` says why."""

    problem: str
    remedy: str
    query: str
    sample_query: str
    rows: int | None = None
    sample: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step: ``locks`` maps tables to the mode asked for, ``waits`` names who would be waited for right now."""

    description: str
    lane: str
    sql: tuple[str, ...]
    locks: dict[str, str]
    tables: tuple[TableFacts, ...]
    estimate: Estimate
    checks: tuple[PlannedCheck, ...] = ()
    waits: tuple[str, ...] = ()
    transactional: bool = True
    replication: tuple[str, ...] = ()
    obstacle: str = ""


@dataclass(frozen=True, slots=True)
class PlannedOperation:
    """One operation of a migration, counted from 1.

    ``refusal`` says why migrate would stop here, and what to write instead; the steps are then those that
    --allow-long-locks would run, if there are any. ``unknown`` says what could not be found out.
    """

    number: int
    description: str
    steps: tuple[PlannedStep, ...] = ()
    refusal: str = ""
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class PlannedMigration(PendingMigration):
    """A pending migration with what it will do; ``backwards`` if it would be taken back."""

    backwards: bool = False
    refusal: str = ""
    operations: tuple[PlannedOperation, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanReport:
    """Everything that a run would do. ``exit_code`` is 1 if it would be refused or stopped by rows.

    ``untried`` says why the steps could not be tried on a copy of the schema; empty if they were.
    """

    database: str
    migrations: list[PlannedMigration] = field(default_factory=list)
    untried: str = ""

    def steps(self) -> Iterator[PlannedStep]:
        """The steps of every operation, in order."""
        for migration in self.migrations:
            for operation in migration.operations:
                yield from operation.steps

    @property
    def refusals(self) -> list[str]:
        """Where migrate would refuse to go on."""
        found = [m.revision for m in self.migrations if m.refusal]
        operations = [
            (m, o) for m in self.migrations for o in m.operations if o.refusal or any(s.obstacle for s in o.steps)
        ]
        return [*found, *(f"{m.revision}, operation {o.number}" for m, o in operations)]

    @property
    def blocked(self) -> list[PlannedCheck]:
        """The checks that found rows in the way."""
        return [check for step in self.steps() for check in step.checks if check.rows]

    @property
    def estimate(self) -> Estimate:
        """All steps together; those that nobody can estimate are left out, and the basis says how many."""
        known = [step.estimate for step in self.steps() if step.estimate.low_ms is not None]
        left_out = sum(1 for step in self.steps() if step.estimate.low_ms is None)
        low, high = sum(e.low_ms or 0 for e in known), sum(e.high_ms or 0 for e in known)
        return Estimate(
            low,
            high,
            f"without {left_out} step{'s' * (left_out != 1)} that nobody can estimate" if left_out else "all steps",
        )

    @property
    def exit_code(self) -> int:
        return 1 if self.refusals or self.blocked else 0

    def to_json(self) -> dict[str, Any]:
        """Everything, with the totals."""
        return {
            **asdict(self),
            "estimate": asdict(self.estimate),
            "refusals": self.refusals,
            "blocked": len(self.blocked),
            "exit_code": self.exit_code,
        }
