"""From the planned operations of a migration to its units, with the checks that a split leaves no gap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile

from django.db.migrations import operations as django_operations
from django.db.migrations.operations.base import Operation

from livemigrations import conf
from livemigrations.catalog.relations import relation
from livemigrations.engine import journal as books
from livemigrations.engine.context import is_confined
from livemigrations.engine.deferred import LateNames
from livemigrations.engine.planner import is_collected
from livemigrations.engine.row_estimates import estimated_rows
from livemigrations.engine.steps import Lane, Step
from livemigrations.engine.straddling import Group, groups_of, total
from livemigrations.engine.surroundings import Overlay, Surroundings
from livemigrations.engine.units import Part, Sort, Unit, locks_out_traffic, sort_of, units_of
from livemigrations.errors import MigrationRefused
from livemigrations.operations import SeedRows
from livemigrations.statements.changes import Changes, changes_of, is_additive
from livemigrations.statements.names import parse_name
from livemigrations.statements.parse import Kind, Statement, parse
from livemigrations.statements.tokens import tokens

Planning = Callable[[], list[Step]]


@dataclass(slots=True)
class Planned:
    """An operation with its steps, planned but not run.

    ``again`` plans it once more; ``overlay`` is what the surroundings knew before it was planned. ``whole``: the steps
    must share one transaction, as its author wrote them.
    """

    identity: books.Operation
    operation: Operation
    direction: str
    steps: list[Step]
    overlay: Overlay
    again: Planning
    whole: bool = False
    together: bool = False
    rows: list[books.Row] = field(default_factory=list)

    @property
    def is_python(self) -> bool:
        return any(step.work is not None for step in self.steps)

    def changes(self) -> Changes:
        """What it removes and makes; of Python that is not known."""
        if self.is_python:
            return Changes(frozenset(), frozenset(), known=False)
        return total(self.statements())

    def parts(self) -> list[Part]:
        """Its steps as parts; those of a script that must stay whole form a group."""
        found = parts_of(self)
        if not self.whole or len(found) == 1:
            return found
        group, ahead = -1 - self.identity.index, self.ahead
        return [part if part.step.later or part.number < ahead else replace(part, group=group) for part in found]

    @property
    def ahead(self) -> int:
        """How many of the first steps only copy what later ones drop: they may commit before them."""
        found = 0
        for number, step in enumerate(self.steps):
            if step.copies:
                found = number + 1
            elif not any(later.copies for later in self.steps[number + 1 : number + 2]):
                break
        return found

    @property
    def rest(self) -> list[Step]:
        """The steps behind those that only copy."""
        return self.steps[self.ahead :]

    def statements(self) -> list[Statement]:
        return [statement for step in self.steps for statement in _statements(step)]


class Assembly:
    """Combines planned operations to units, or refuses them."""

    def __init__(self, around: Surroundings, planned: Sequence[Planned], late: LateNames) -> None:
        self.around, self.planned, self.late = around, list(planned), late

    def units(self) -> list[Unit]:
        """The units in the order in which they run. Raises ``MigrationRefused``, with nothing changed."""
        for one in self.planned:
            if not one.whole:
                continue
            alone = [step for step in one.rest if _is_alone(step)]
            if not all(_is_validation(step) for step in alone) or (alone and not self._may_end_later(one, [one])):
                self._plan_plainly([one], None)
            else:
                one.together = bool(alone)
                self._refuse_rows_under_lock([one], None)
        for group in groups_of([one.changes() for one in self.planned]):
            members = self.planned[group.first : group.last + 1]
            if len(units_of(part for one in members for part in one.parts())) > 1:
                self._join(members, group)
        return units_of(self._parts())

    # --- groups ------------------------------------------------------------------------------------------------

    def _join(self, members: list[Planned], group: Group) -> None:
        """Give the members one transaction: move what may run later behind it, or plan them as plain statements."""
        leaving = [one for one in members if any(map(_is_alone, one.rest))]
        if all(self._may_end_later(one, members) for one in leaving):
            self._refuse_rows_under_lock(members, group)
            for one in members:
                one.together = True
        else:
            self._plan_plainly(members, group)

    def _may_end_later(self, one: Planned, members: Sequence[Planned]) -> bool:
        """Whether its validations and index builds, and what follows them, may run after the other members."""
        first = next(number for number, step in enumerate(one.rest) if _is_alone(step))
        rest = [step for step in one.rest[first:] if not step.later]
        if not all(_is_online_addition(step) or _is_additive(step) for step in rest):
            return False
        tables = {statement.table for step in rest for statement in _statements(step)}
        behind = members[members.index(one) + 1 :]
        if any(
            statement.kind in _USE_INDEXES or tables & {*statement.references}
            for other in behind
            for statement in other.statements()
        ):
            return False
        for other in behind:
            gone = (thing for statement in other.statements() for thing in changes_of(statement).removed)
            if any(thing.relation in tables and thing.kind in _BUILT_ON for thing in gone):
                return False
        return True

    def _plan_plainly(self, members: list[Planned], group: Group | None) -> None:
        """Plan the members again as plain statements, as Django would run them, if their tables are small."""
        for step in (step for one in members for step in one.rest if _is_alone(step)):
            self._refuse(step, group)
        self._refuse_rows_under_lock(members, group)
        self.around.restore(members[0].overlay)
        self.around.plain = True
        try:
            for one in members:
                one.steps = one.again()
                one.together = group is not None
        finally:
            self.around.plain = False
        for step in (step for one in members for step in one.rest if _is_alone(step)):
            raise self._refusal(step, group)
        for later in self.planned[self.planned.index(members[-1]) + 1 :]:
            later.overlay = self.around.overlay(self.late)
            later.steps = later.again()

    def _refuse_rows_under_lock(self, members: Sequence[Planned], group: Group | None) -> None:
        """Raise ``MigrationRefused`` if many rows would be written while a large table is locked."""
        steps = [step for one in members for step in one.rest]
        if any(step.work is not None or (_is_rows(step) and self._writes_many(step)) for step in steps):
            for step in steps:
                if step.hot and locks_out_traffic(step):
                    self._refuse(step, group)

    def _writes_many(self, step: Step) -> bool:
        """Whether a step writes more rows than a strong lock may be held for; of a call the lock's timeout decides."""
        for sql in step.sql:
            for statement in parse(sql):
                if statement.kind == Kind.ROWS and not is_call(statement.sql):
                    rows = estimated_rows(self.around.connection, statement.sql)
                    if rows is None or rows > conf.locked_rows():
                        return True
        return False

    def _refuse(self, step: Step, group: Group | None) -> None:
        """Raise ``MigrationRefused`` if one of the step's tables is large."""
        for name in step.hot or tuple(step.locks):
            found = relation(self.around.connection, parse_name(name))  # before anything has run
            if found is None or self.around.long_locks_allowed:
                continue
            if self.around.extent(found)[1] <= conf.small_table_bytes():
                continue
            raise self._refusal(step, group)

    def _refusal(self, step: Step, group: Group | None) -> MigrationRefused:
        tables = ", ".join(parse_name(name).plain for name in step.hot or step.locks) or "that it names"
        if group is None:
            why = (
                "The statements of this operation run in one transaction, as they are written, because one of them does"
                " more than add something. This one would keep the table locked for as long as rows are read or written."
            )
            instead = "# one operation, in a migration file of its own, for each statement that may commit alone"
        else:
            first, last = self.planned[group.first].identity, self.planned[group.last].identity
            why = (
                f"Operation {last.index + 1} restores {_in_words(group)}, which operation {first.index + 1} removes:"
                " both must run in one transaction, so that nobody sees the moment between them. This statement, which"
                " belongs between them, would keep the table locked for as long as rows are read or written."
            )
            instead = "# a migration file for each part, so that no part restores what an earlier one removes"
        return MigrationRefused(
            f"Refused on the populated table {tables}:\n  {'; '.join(step.sql) or step.label}\n{why}", instead
        )

    # --- parts -------------------------------------------------------------------------------------------------

    def _parts(self) -> list[Part]:
        """The parts of all operations; those of a group between what copies and what ends later."""
        parts: list[Part] = []
        later: list[Part] = []
        for position, one in enumerate(self.planned):
            found = one.parts()
            if one.together:
                if not position or not self.planned[position - 1].together:
                    members = takewhile(lambda member: member.together, self.planned[position:])
                    parts += [part for member in members for part in member.parts()[: member.ahead]]
                found = found[one.ahead :]
                cut = next((number for number, part in enumerate(found) if part.sort == Sort.ALONE), len(found))
                parts += [replace(part, group=1) for part in found[:cut]]
                later += found[cut:]
            else:
                parts += found
            if position + 1 == len(self.planned) or not self.planned[position + 1].together:
                parts += later
                later = []
        return parts


def parts_of(one: Planned) -> list[Part]:
    """The steps of an operation as parts; where it was planned into the journal, with their rows."""
    from_sql = _writes_rows_itself(one.operation)
    rows: Sequence[books.Row | None] = one.rows or [None] * len(one.steps)
    return [
        Part(
            one.identity,
            one.direction,
            number,
            step,
            sort_of(step, from_sql=from_sql),
            additive=_is_additive(step),
            movable=_is_movable(step),
            needs=frozenset(str(table) for statement in _statements(step) for table in statement.references),
            isolated=is_confined(step),
            work=step.work,
            row=row,
        )
        for number, (step, row) in enumerate(zip(one.steps, rows, strict=True))
    ]


_CALLS = {"DO", "CALL", "SELECT", "COPY", "VALUES"}


def is_call(sql: str) -> bool:
    """Whether a statement calls code, so that the server cannot estimate what it does."""
    first = next(tokens(sql), None)
    return first is not None and first.word in _CALLS


_BUILT_ON = ("column", "table", "view", "constraint", "index")


def _writes_rows_itself(operation: Operation) -> bool:
    kinds = (django_operations.RunSQL, django_operations.RunPython, SeedRows)
    return isinstance(operation, kinds) or not is_collected(operation)


def _is_alone(step: Step) -> bool:
    return not step.later and sort_of(step, from_sql=True) == Sort.ALONE


def _is_rows(step: Step) -> bool:
    return step.lane == Lane.BATCH


def _is_validation(step: Step) -> bool:
    return step.lane == Lane.ONLINE and step.transactional


def _is_online_addition(step: Step) -> bool:
    return _is_validation(step) or (step.index is not None and not step.index.drop)


_MOVABLE = (Kind.ADD_COLUMN, Kind.CREATE_TABLE, Kind.ADD_CONSTRAINT)
_USE_INDEXES = (Kind.COMMENT, Kind.RENAME_INDEX, Kind.DROP_INDEX, Kind.ALTER_TABLE)


def _statements(step: Step) -> list[Statement]:
    return [statement for sql in step.sql for statement in parse(sql)]


def _is_movable(step: Step) -> bool:
    """Whether a step needs nothing that an index build or a validation before it makes, but keys of other tables."""
    return _is_additive(step) and all(
        statement.kind in _MOVABLE and statement.body.split("(")[0].split()[:1] not in (["UNIQUE"], ["PRIMARY"])
        for statement in _statements(step)
    )


def _is_additive(step: Step) -> bool:
    return step.work is None and all(is_additive(statement) for sql in step.sql for statement in parse(sql))


def _in_words(group: Group) -> str:
    thing = group.thing
    on = f" of {thing.relation.plain}" if thing.relation and thing.name else ""
    name = thing.name or (thing.relation.plain if thing.relation else "")
    return f"the {thing.kind} {name}{on}".strip()
