"""What a rule is, and what it found."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How much a finding matters: an error stops traffic or loses rows, a warning may, a note is advice."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Engine(StrEnum):
    """Who will run the migrations: this package's ``migrate``, or Django's own."""

    LIVE = "live"
    DJANGO = "django"


BOTH = frozenset(Engine)
DJANGO_ONLY = frozenset({Engine.DJANGO})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule: ``id`` never changes its meaning, ``why`` is the reason, ``bad`` and ``good`` are code.

    ``default`` says whether it runs without being asked for. ``engines`` are those whose runs it judges.
    ``peers`` names the counterparts in other tools.
    """

    id: str
    name: str
    severity: Severity
    title: str
    why: str
    bad: str
    good: str
    engines: frozenset[Engine] = BOTH
    default: bool = True
    peers: dict[str, tuple[str, ...]] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Place:
    """Lines of a file, counted from 1; ``path`` is as it is shown. ``first`` to ``last`` are those of the operation."""

    path: str
    line: int
    end_line: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. ``operation`` counts from 1 and is 0 for the migration as a whole; ``subject`` names the object.

    ``allowed`` is the reason that stands in the file, for a finding that counts no more. ``instead`` is safe code with
    the operation's own names, where the translator has some; the rule's example serves elsewhere.
    """

    rule: Rule
    migration: str
    place: Place
    message: str
    subject: str = ""
    operation: int = 0
    description: str = ""
    allowed: str = ""
    instead: str = ""

    @property
    def counts(self) -> bool:
        """Whether it makes the exit code 1."""
        return not self.allowed and self.rule.severity != Severity.NOTE

    @property
    def fingerprint(self) -> str:
        """The same for the same finding after lines moved."""
        text = "\n".join([self.rule.id, self.migration, str(self.operation), self.subject])
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def with_reason(self, reason: str) -> Finding:
        """The same finding, allowed."""
        return replace(self, allowed=reason)

    def to_json(self) -> dict[str, Any]:
        """The shape that docs/commands/lint.md describes."""
        return {
            "rule": self.rule.id,
            "name": self.rule.name,
            "severity": self.rule.severity.value,
            "migration": self.migration,
            "operation": self.operation or None,
            "description": self.description,
            "path": self.place.path,
            "line": self.place.line,
            "end_line": self.place.end_line,
            "subject": self.subject,
            "message": self.message,
            "instead": self.instead or None,
            "allowed": self.allowed or None,
            "fingerprint": self.fingerprint,
        }


@dataclass(slots=True)
class Report:
    """What a run of the linter looked at and found, in the order of files and lines."""

    engine: Engine
    migrations: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def open(self) -> list[Finding]:
        """What no comment in a file allows."""
        return [finding for finding in self.findings if not finding.allowed]

    @property
    def exit_code(self) -> int:
        return 1 if any(finding.counts for finding in self.findings) else 0

    def count(self, severity: Severity) -> int:
        return sum(finding.rule.severity == severity for finding in self.open)

    def to_json(self) -> dict[str, Any]:
        return {
            "engine": self.engine.value,
            "migrations": self.migrations,
            "findings": [finding.to_json() for finding in self.findings],
            "errors": self.count(Severity.ERROR),
            "warnings": self.count(Severity.WARNING),
            "notes": self.count(Severity.NOTE),
            "allowed": len(self.findings) - len(self.open),
            "exit_code": self.exit_code,
        }
