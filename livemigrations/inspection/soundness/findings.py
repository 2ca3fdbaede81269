"""What a verification finds, and how it looks: reading only, one statement a transaction, nobody stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch
from livemigrations.engine.connections import sqlstate

_SETTINGS = {
    "transaction_read_only": "on",
    "statement_timeout": "0",
    "transaction_timeout": "0",
    "lock_timeout": "5s",
    "row_security": "off",
}
# Not every version knows all of them, and none may outlive the transaction: a pooler may give the session to others.
_SET = """
SELECT set_config(name, value, true) FROM unnest(%s::text[], %s::text[]) AS wanted (name, value)
WHERE current_setting(name, true) IS NOT NULL
"""


class Severity(StrEnum):
    """PROBLEM and UNKNOWN (it could not be looked at) make the exit code 1, a NOTE does not."""

    PROBLEM = "problem"
    UNKNOWN = "unknown"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: what it is about, what is wrong, and the remedy. ``count`` is a number of rows where it is one."""

    part: str
    severity: Severity
    object: str
    text: str
    remedy: str = ""
    count: int | None = None


@dataclass(slots=True)
class Verification:
    """All findings of one database. ``looked`` counts the objects of each part, ``skipped`` says why one was not done."""

    database: str
    findings: list[Finding] = field(default_factory=list)
    looked: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    duration_s: float = 0.0

    @property
    def exit_code(self) -> int:
        return 1 if any(finding.severity != Severity.NOTE for finding in self.findings) else 0

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "exit_code": self.exit_code}


@dataclass(slots=True)
class Look:
    """One verification under way: the connection, what it finds, and ``tell(text, fraction)`` for who watches."""

    connection: BaseDatabaseWrapper
    found: Verification
    tell: Callable[[str, float | None], None] = lambda text, fraction: None
    part: str = ""

    def each[T](self, things: list[T], name: Callable[[T], str]) -> Iterator[T]:
        """Go through the things of a part, telling each."""
        self.found.looked[self.part] = self.found.looked.get(self.part, 0) + len(things)
        for number, thing in enumerate(things):
            self.tell(f"{self.part}: {name(thing)}", number / len(things))
            yield thing

    def fetch(
        self, sql: str, parameters: list[Any] | None = None, *, settings: Mapping[str, str] | None = None
    ) -> list[tuple[Any, ...]]:
        """Ask one question in a read-only transaction of its own, however long it takes to answer.

        Rows that a policy would hide make it an error. ``settings`` are further ones for this transaction.
        """
        wanted = {**_SETTINGS, **(settings or {})}
        with transaction.atomic(using=self.connection.alias):
            fetch(self.connection, _SET, [list(wanted), list(wanted.values())])
            return fetch(self.connection, sql, parameters)

    def add(self, severity: Severity, object_: str, text: str, remedy: str = "", count: int | None = None) -> None:
        self.found.findings.append(Finding(self.part, severity, object_, text, remedy, count))

    @contextmanager
    def on(self, object_: str) -> Iterator[None]:
        """Turn what the database refuses inside the block into a finding: the object could not be looked at."""
        try:
            yield
        except DatabaseError as error:
            if sqlstate(error)[:2] not in ("40", "42", "55", "57"):
                raise
            remedy = {
                "40001": "a standby ends queries that hold up its replay: verify again, or with hot_standby_feedback",
                "42501": "connect as a role that may read all of it",
                "55P03": "see who locks it (migrations status), then verify again",
            }.get(sqlstate(error), "look into the message")
            self.add(Severity.UNKNOWN, object_, f"could not be looked at: {str(error).strip().splitlines()[0]}", remedy)
