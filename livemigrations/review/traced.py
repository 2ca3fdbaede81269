"""What a trace answers: statements with what they really did, and what is dangerous in it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

DANGER, NOTE = "danger", "note"

MODES = (
    "ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE",
    "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE",
)  # fmt: skip
STRONG = frozenset(MODES[4:])  # those that stop writers, or everybody


@dataclass(slots=True)
class TracedStatement:
    """One statement, as it ran on the copy.

    ``locks`` maps tables to the strongest mode that this statement took or raised, ``held`` to the strongest mode
    that its transaction held when it ended; both name only tables that were there before the run. ``lock_timeout_ms``
    is 0 where the statement would have waited for ever. ``scanned`` maps tables to the rows read by full scans,
    ``written`` to the rows written; ``rewritten``, ``built`` (indexes, with their tables) and ``made`` are what it
    copied, built and created. ``transaction`` tells the transactions of the run apart. Times are in milliseconds.
    """

    migration: str
    operation: int | None
    step: str
    lane: str
    sql: str
    transaction: str
    duration_ms: float
    lock_timeout_ms: float
    locks: dict[str, str] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    scanned: dict[str, int] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=dict)
    rewritten: list[str] = field(default_factory=list)
    built: dict[str, str] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)
    times: int = 1

    @property
    def touches(self) -> bool:
        """Whether it met anything that was there before, or ran while somebody had to wait for its transaction."""
        met = self.locks or self.scanned or self.written or self.rewritten or self.built
        return bool(met) or any(mode in STRONG for mode in self.held.values())


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that would stop traffic (``danger``) or is worth knowing (``note``)."""

    kind: str
    severity: str
    migration: str
    step: str
    table: str
    text: str
    sql: str = ""


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table of the source: whether it has rows, how many about, its size in bytes."""

    populated: bool
    rows: int
    size: int


@dataclass(slots=True)
class TraceReport:
    """One trace. ``engine`` is "live" or "django"; ``stopped`` says why it ended before the last migration.

    ``untraced`` lists what could not be looked at; ``tables`` are those of the source that a statement met.
    """

    database: str
    engine: str
    server_version: int
    sample: int
    migrations: list[str] = field(default_factory=list)
    statements: list[TracedStatement] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    untraced: list[str] = field(default_factory=list)
    tables: dict[str, SourceTable] = field(default_factory=dict)
    stopped: str = ""

    @property
    def dangers(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == DANGER]

    @property
    def kinds(self) -> Counter[str]:
        """How often each kind of danger was found."""
        return Counter(finding.kind for finding in self.dangers)

    @property
    def exit_code(self) -> int:
        return 1 if self.dangers or self.stopped else 0

    def to_json(self) -> dict[str, Any]:
        """Everything, with the totals."""
        return {**asdict(self), "dangers": len(self.dangers), "exit_code": self.exit_code}
