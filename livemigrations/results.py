"""What a run, a status and a plan answer: plain dataclasses."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class StepReport:
    """One step that ran. Times are in milliseconds; ``stall_ms`` is the longest that the probe waited meanwhile."""

    migration: str
    operation: int
    description: str
    lane: str
    lock_wait_ms: float
    duration_ms: float
    stall_ms: float
    rows: int | None
    attempts: int


@dataclass(frozen=True, slots=True)
class PendingMigration:
    """A migration that is not applied, or only half."""

    revision: str
    description: str
    sprint: int | None = None
    half_applied: bool = False
    stage: str = "expand"


@dataclass(frozen=True, slots=True)
class AppliedMigration:
    """A migration that is applied, and when (ISO 8601)."""

    revision: str
    description: str
    applied_at: str
    sprint: int | None = None


@dataclass(frozen=True, slots=True)
class PutBack:
    """What became of kept rows that were tried again: how many returned, how many are left.

    ``reasons`` are (why, rows, the key of one of them), ``refusal`` is what the database said where it refused some.
    """

    kept_as: str
    what: str
    put_back: int
    left: int
    reasons: list[tuple[str, int, str]]
    refusal: str = ""


@dataclass(slots=True)
class RunReport:
    """What one run did. ``duration_s`` is in seconds, ``longest_stall_ms`` and ``lock_wait_ms`` in milliseconds.

    ``applied`` and ``unapplied`` are migrations as app.name, in the order in which they ran; ``waiting`` says what a
    stage leaves for later, a line each; ``backup`` names the one that was made before the first step, if any.
    """

    database: str
    applied: list[str] = field(default_factory=list)
    unapplied: list[str] = field(default_factory=list)
    steps: list[StepReport] = field(default_factory=list)
    duration_s: float = 0.0
    current_revision: str | None = None
    pending_migrations: list[PendingMigration] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    backup: str | None = None

    @property
    def applied_count(self) -> int:
        return len(self.applied)

    @property
    def longest_stall_ms(self) -> float:
        return max((step.stall_ms for step in self.steps), default=0.0)

    @property
    def lock_wait_ms(self) -> float:
        return sum(step.lock_wait_ms for step in self.steps)


@dataclass(slots=True)
class Status:
    """Where a database stands. ``exit_code`` is 0 up to date, 1 pending, 2 broken.

    ``history_problem`` says why migrate would refuse to begin: conflicting or inconsistent migrations.
    """

    database: str
    current_revision: str | None
    applied_count: int
    pending_migrations: list[PendingMigration]
    half_applied: list[str]
    invalid_indexes: list[str]
    unvalidated_constraints: list[str]
    unknown_applied: list[str]
    running: str
    sprints: dict[int, str]
    history_problem: str = ""

    @property
    def broken(self) -> bool:
        return bool(self.history_problem or ((self.half_applied or self.invalid_indexes) and not self.running))

    @property
    def exit_code(self) -> int:
        return 2 if self.broken else 1 if self.pending_migrations else 0

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "broken": self.broken, "exit_code": self.exit_code}
