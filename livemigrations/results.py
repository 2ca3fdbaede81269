"""What a run, a status and a plan answer: dataclasses that can be read like dictionaries as well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any


class Readable(Mapping[str, Any]):
    """A result whose fields and properties can also be read by name: ``result["applied_count"]``."""

    __slots__ = ()

    def __getitem__(self, name: str) -> Any:
        if name not in self.names():
            raise KeyError(name)
        return getattr(self, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self.names())

    @classmethod
    def names(cls) -> list[str]:
        """The names of the fields, followed by those of the properties."""
        own = [field.name for field in fields(cls)]  # type: ignore[arg-type]  # every subclass is a dataclass
        properties = (
            name for kind in reversed(cls.__mro__) for name, value in vars(kind).items() if isinstance(value, property)
        )
        return list(dict.fromkeys([*own, *properties]))


@dataclass(frozen=True, slots=True)
class StepReport(Readable):
    """One step that ran. Times are in milliseconds; ``stall_ms`` is the longest time for which traffic was stalled.

    A time that was not measured is None. Steps that share a transaction are measured together: the first one has the times.
    """

    migration: str
    operation: int
    description: str
    lane: str
    lock_wait_ms: float | None
    duration_ms: float | None
    stall_ms: float | None
    rows: int | None
    attempts: int


@dataclass(frozen=True, slots=True)
class PendingMigration(Readable):
    """A migration that is not applied, or only half."""

    revision: str
    description: str
    sprint: int | None = None
    half_applied: bool = False
    stage: str = "expand"


@dataclass(frozen=True, slots=True)
class AppliedMigration(Readable):
    """A migration that is applied, and when (ISO 8601)."""

    revision: str
    description: str
    applied_at: str
    sprint: int | None = None


@dataclass(frozen=True, slots=True)
class PutBack(Readable):
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
class RunReport(Readable):
    """What one run did. ``duration_s`` is in seconds, ``longest_stall_ms`` and ``lock_wait_ms`` in milliseconds.

    ``applied`` and ``unapplied`` are migrations as app.name, in the order in which they ran; ``waiting`` says what a
    stage leaves for later, a line each; ``backup`` names the one that was made before the first step, if any;
    ``verified`` is True after ``--verify``, and None without it.
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
    verified: bool | None = None

    @property
    def applied_count(self) -> int:
        return len(self.applied)

    @property
    def longest_stall_ms(self) -> float | None:
        """The longest stall that was measured; None if no step was."""
        return max((step.stall_ms for step in self.steps if step.stall_ms is not None), default=None)

    @property
    def lock_wait_ms(self) -> float:
        return sum(step.lock_wait_ms or 0.0 for step in self.steps)


@dataclass(slots=True)
class Status(Readable):
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
