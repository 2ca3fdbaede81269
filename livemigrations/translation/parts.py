"""What an operation is translated to: parts, each with its stage, its kind of work and the reason for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.db.migrations.operations.base import Operation


class Stage(StrEnum):
    """When a migration or a part may run: while the previous release is still at work, or only when it is gone."""

    EXPAND = "expand"
    CONTRACT = "contract"


class Work(StrEnum):
    """The kinds of work, in the order in which they are done; a migration holds one of them."""

    REMOVE = "remove"
    SCHEMA = "schema"
    TYPE = "type"
    INDEX = "index"
    KEY = "foreign key"
    CONSTRAINT = "constraint"
    ROWS = "rows"
    NOT_NULL = "not null"
    DEFAULT = "default"
    RENAME = "rename"
    DROP = "drop"

    @property
    def rank(self) -> int:
        return list(Work).index(self)


@dataclass(frozen=True, slots=True)
class Part:
    """Operations of one stage and one kind of work.

    ``why`` says what this way avoids; it is empty for an operation that stays as it was. ``exact`` is False for a
    proposal that does not lead to the schema that the operation asked for, only to one that serves the purpose.
    """

    stage: Stage
    work: Work
    operations: tuple[Operation, ...]
    why: str = ""
    exact: bool = True


Parts = tuple[Part, ...]


def expand(work: Work, *operations: Operation, why: str = "", exact: bool = True) -> Part:
    """A part that the previous release does not notice."""
    return Part(Stage.EXPAND, work, operations, why, exact)


def contract(work: Work, *operations: Operation, why: str = "", exact: bool = True) -> Part:
    """A part that the previous release would break on."""
    return Part(Stage.CONTRACT, work, operations, why, exact)
