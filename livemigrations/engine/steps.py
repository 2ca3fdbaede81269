"""A step: the smallest thing that is done, journalled and resumed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from livemigrations.operations.fills import Fill


class Lane(StrEnum):
    """How a step runs: see ``engine/lanes``."""

    INSTANT = "instant"
    ONLINE = "online"
    BATCH = "batch"
    BULK = "bulk"


class Mode(StrEnum):
    """The lock modes that a step may ask for, weakest first."""

    ACCESS_SHARE = "ACCESS SHARE"
    ROW_EXCLUSIVE = "ROW EXCLUSIVE"
    SHARE_UPDATE_EXCLUSIVE = "SHARE UPDATE EXCLUSIVE"
    SHARE_ROW_EXCLUSIVE = "SHARE ROW EXCLUSIVE"
    EXCLUSIVE = "EXCLUSIVE"
    ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE"

    @property
    def strength(self) -> int:
        return list(Mode).index(self)


@dataclass(frozen=True, slots=True)
class IndexTarget:
    """An index that a step builds or drops. ``rest`` is the text behind the table's name."""

    name: str
    schema: str
    table: str
    rest: str = ""
    unique: bool = False
    drop: bool = False


@dataclass(frozen=True, slots=True)
class RowCheck:
    """A question asked before a step: which rows would break it. ``count`` and ``sample`` are queries.

    ``helper`` is a statement that makes what they call, in the schema ``pg_temp``; it is taken back after them.
    """

    count: str
    sample: str
    problem: str
    remedy: str
    helper: str = ""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Rows carried between a table and what is kept of it, page by page; ``back`` from there into the table.

    ``only_untouched``: a value that differs from the one with which its column was added is newer, and stays.
    """

    kept_as: str
    back: bool = False
    only_untouched: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """Statements of one transaction, or one statement that cannot run in any.

    ``locks`` maps quoted tables that exist already to the mode that the step takes on them, ``hot`` names those with
    rows. The first ``unlocked`` statements touch only what is new. ``undo`` are the statements that take the step back.
    ``later``: the engine added it, and it may run after the transaction of its operation.
    """

    label: str
    lane: Lane
    sql: tuple[str, ...] = ()
    locks: dict[str, Mode] = field(default_factory=dict)
    hot: tuple[str, ...] = ()
    unlocked: int = 0
    undo: tuple[str, ...] = ()
    transactional: bool = True
    index: IndexTarget | None = None
    checks: tuple[RowCheck, ...] = ()
    adopted: bool = False
    transfer: Transfer | None = None
    fill: Fill | None = None
    later: bool = False
    work: Callable[[], None] | None = field(default=None, compare=False)

    @property
    def copies(self) -> bool:
        """Whether it copies a column that a later step drops."""
        return self.transfer is not None and not self.transfer.back

    def to_json(self) -> dict[str, Any]:
        """What the journal keeps; Python work is not part of it."""
        data = asdict(replace(self, work=None))  # a closure cannot be copied
        data.pop("work")
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Step:
        """The step that ``to_json`` wrote."""
        return cls(
            label=data["label"],
            lane=Lane(data["lane"]),
            sql=tuple(data["sql"]),
            locks={table: Mode(mode) for table, mode in data["locks"].items()},
            hot=tuple(data["hot"]),
            unlocked=data["unlocked"],
            undo=tuple(data["undo"]),
            transactional=data["transactional"],
            index=IndexTarget(**data["index"]) if data["index"] else None,
            checks=tuple(RowCheck(**check) for check in data["checks"]),
            adopted=data["adopted"],
            transfer=Transfer(**data["transfer"]) if data.get("transfer") else None,
            fill=Fill.from_json(data["fill"]) if data.get("fill") else None,
            later=data.get("later", False),
        )
