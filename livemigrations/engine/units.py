"""Units: the transactions in which the steps of a migration run.

Plain Django runs an atomic migration in one transaction. Here a transaction ends only where a step must leave it: an
index that is built concurrently, a validation, a backfill, a copy of rows, or rows that are written while a strong lock
would be held. Everything else runs together, so that no other session sees a state that plain Django would hide.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from livemigrations.engine.steps import Lane, Mode, Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from livemigrations.engine.journal import Operation, Row


class Sort(StrEnum):
    """How a step may be combined with others."""

    CATALOG = "catalog"  # changes of the catalog, with all locks known
    ROWS = "rows"  # statements on rows or Python code: how long they take is not known
    ALONE = "alone"  # must run outside of any other step's transaction


@dataclass(slots=True)
class Part:
    """A step of an operation, with what decides where it may run.

    ``additive``: it removes and renames nothing. ``movable``: it needs no index, so that it may run before the index
    builds and validations of earlier operations. ``reads_rows``: it adds a constraint, which rows that are backfilled
    before it must satisfy. ``needs`` are the tables whose keys it refers to. ``group`` is the number of the group that
    must share one transaction, 0 without one. ``isolated``: what it sets for its transaction must not reach other
    operations. ``brief``: its statements write few rows, or call code that may be quick. ``held`` are statements that
    repeat what earlier operations set, for Python code to run behind.
    """

    operation: Operation
    direction: str
    number: int
    step: Step
    sort: Sort
    additive: bool = False
    movable: bool = False
    reads_rows: bool = False
    needs: frozenset[str] = frozenset()
    group: int = 0
    isolated: bool = False
    brief: bool = False
    held: tuple[str, ...] = ()
    work: Callable[[], None] | None = None
    row: Row | None = None


@dataclass(slots=True)
class Unit:
    """Parts that run in one transaction, or one part that runs on its own."""

    parts: list[Part] = field(default_factory=list)

    @property
    def alone(self) -> bool:
        return self.parts[0].sort == Sort.ALONE

    @property
    def steps(self) -> list[Step]:
        return [part.step for part in self.parts]

    @property
    def has_unknown_duration(self) -> bool:
        """Whether rows are written or Python code runs in it."""
        return any(part.sort == Sort.ROWS for part in self.parts)

    @property
    def is_tentative(self) -> bool:
        """Whether statements on rows share the transaction of catalog changes only as long as they take no time."""
        return any(part.brief and not part.group for part in self.parts) and any(map(locks_out_traffic, self.steps))

    @property
    def divisible(self) -> bool:
        """Whether its operations may commit one by one: each only adds something, and no lock is shared."""
        return len({part.operation for part in self.parts}) > 1 and all(
            part.additive and not part.group for part in self.parts
        )

    def parted(self) -> list[Unit]:
        """The catalog changes, and behind them the statements on rows; empty if it begins with these."""
        first = next(number for number, part in enumerate(self.parts) if part.brief)
        return [Unit(self.parts[:first]), Unit(self.parts[first:])] if first else []

    def divided(self) -> list[Unit]:
        """A unit for each operation."""
        found: dict[Operation, Unit] = {}
        for part in self.parts:
            found.setdefault(part.operation, Unit()).parts.append(part)
        return list(found.values())


def sort_of(step: Step, *, from_sql: bool) -> Sort:
    """How a step may be combined; ``from_sql``: its statements are those of a RunSQL or of Python code."""
    if step.later:
        return Sort.ALONE
    if step.work is not None and step.transactional:
        return Sort.ROWS
    if not step.transactional or step.transfer is not None or step.fill is not None or step.lane == Lane.ONLINE:
        return Sort.ALONE
    if step.lane == Lane.BATCH:
        return Sort.ROWS if from_sql else Sort.ALONE
    return Sort.CATALOG


def may_share(step: Step) -> bool:
    """Whether a step of a RunSQL may share a transaction."""
    return sort_of(step, from_sql=True) != Sort.ALONE


def units_of(parts: Iterable[Part]) -> list[Unit]:
    """Combine the parts of consecutive operations, given in their order.

    Parts that must run alone close a transaction, except that later parts which only add something run before them:
    that saves a wait for locks. Rows and Python code follow catalog changes in one transaction only if these lock no
    table that existed before, and close it.
    """
    units: list[Unit] = []
    current, late = Unit(), list[Part]()

    def close() -> None:
        nonlocal current, late
        units.extend([current] if current.parts else [])
        units.extend(Unit([part]) for part in late)
        current, late = Unit(), []

    for part in parts:
        assert not (part.group and part.sort == Sort.ALONE), part.step.label
        same_group = bool(part.group and current.parts and current.parts[-1].group == part.group)
        if same_group:
            current.parts.append(part)
            continue
        if part.sort == Sort.ALONE:
            late.append(part)
            continue
        behind = bool(late) and (bool(part.group) or not all(_may_precede(part, one) for one in late))
        if behind or (current.parts and not _may_follow(current, part)):
            close()
        current.parts.append(part)
    close()
    return units


def _may_precede(part: Part, late: Part) -> bool:
    """Whether a part may run before one of an earlier operation that runs alone."""
    if part.reads_rows and late.step.lane == Lane.BATCH:
        return False
    return part.movable and part.operation != late.operation and not part.needs & {*late.step.hot, *late.step.locks}


def _may_follow(unit: Unit, part: Part) -> bool:
    if part.isolated or any(one.isolated for one in unit.parts):
        return part.operation == unit.parts[-1].operation and part.sort != Sort.ROWS
    if part.sort == Sort.ROWS:
        return part.brief or not any(locks_out_traffic(step) for step in unit.steps)
    return not unit.has_unknown_duration


def locks_out_traffic(step: Step) -> bool:
    """Whether a step takes a lock, on a table that exists already, that stops its writers."""
    return any(mode.strength >= Mode.SHARE_ROW_EXCLUSIVE.strength for mode in step.locks.values())


def merged(parts: Sequence[Part], called: dict[str, str]) -> Step:
    """One step with the statements and locks of several; ``called`` maps each spelling of a table to one of them.

    A table that is locked twice, the second time in a stronger mode, can deadlock with somebody who does the same.
    """
    if len(parts) == 1:
        return parts[0].step
    steps = [part.step for part in _keys_last(parts)]
    locks: dict[str, Mode] = {}
    for step in steps:
        for table, mode in step.locks.items():
            name = called.get(table, table)
            locks[name] = max(mode, locks.get(name, mode), key=lambda one: one.strength)
    unlocked = next((number for number, step in enumerate(steps) if step.locks), len(steps))
    rest = steps[unlocked].unlocked if unlocked < len(steps) else 0
    return replace(
        steps[0],
        label=f"{steps[0].label} (and {len(steps) - 1} more)",
        sql=tuple(sql for step in steps for sql in step.sql),
        locks=locks,
        hot=tuple(dict.fromkeys(called.get(table, table) for step in steps for table in step.hot)),
        unlocked=sum(len(step.sql) for step in steps[:unlocked]) + rest,
        checks=tuple(check for step in steps for check in step.checks),
        work=None,
    )


def _keys_last(parts: Sequence[Part]) -> Sequence[Part]:
    """Foreign keys to tables in use behind everything else: nothing builds on them, and all else needs no such lock."""
    locking = [part for part in parts if part.step.locks]
    keys = all(" FOREIGN KEY " in sql and " ADD CONSTRAINT " in sql for part in locking for sql in part.step.sql)
    if keys and all(part.additive for part in parts):
        return [part for part in parts if not part.step.locks] + locking
    return parts
